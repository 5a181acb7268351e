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

  // The format in which the most lines are headers, of records or of the file; the plain one where
  // no line is. Few headers are enough: a stack trace can be all the rest. Its `name` is for
  // people.
  const LineFormat& format() const;

  // Whether more lines would change nothing.
  bool settled() const { return lines_ >= kMaxLines; }

 private:
  int lines_ = 0;
  std::vector<int> headers_;  // for each format but the plain one
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_FORMAT_DETECTOR_H_
