// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_FORMAT_DETECTOR_H_
#define TALLYBELL_ENGINE_PARSE_FORMAT_DETECTOR_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// Finds out the format of a source from up to 100 of its first lines. Used by one thread at a time.
class FormatDetector {
 public:
  static constexpr int kMaxLines = 100;

  FormatDetector();

  // Looks at the next line, after its envelope is taken off and it is cleaned; passes over blank
  // ones. After kMaxLines it does nothing.
  void Add(absl::string_view text);

  // The format in which the most lines are headers, of records that state a time or of the file;
  // the first in the table of those with equally many. Few are enough: a stack trace can be all the
  // rest. Where no line is one, headers without a time count if a quarter of the lines have one:
  // plain text may hold a panic. Else the plain format. Its `name` is for people.
  const LineFormat& format() const;

  // Whether more lines would change nothing.
  bool settled() const { return lines_ >= kMaxLines; }

 private:
  const LineFormat* Reads(absl::string_view text, bool* timed) const;

  int lines_ = 0;
  // By the row of the format that reads them.
  std::vector<int> timed_;
  std::vector<int> timeless_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_FORMAT_DETECTOR_H_
