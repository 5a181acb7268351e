// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_LINE_SUMMARY_H_
#define TALLYBELL_ENGINE_CLI_LINE_SUMMARY_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "engine/run/line_explainer.h"

namespace tallybell {

// What the lines of one file are, as a row of a Markdown table: the columns are explained in
// docs/formats.md.
class LineSummary {
 public:
  LineSummary(std::string file, const SourceFormat& format)
      : file_(std::move(file)), format_(format.Describe()) {}

  void Add(const LineExplanation& explanation);

  // The table's two first lines.
  static std::string Head();
  std::string Row() const;

 private:
  const std::string file_;
  const std::string format_;
  int64_t timed_ = 0;          // records that state a time, or whose envelope does
  int64_t untimed_ = 0;        // records that do not
  int64_t continuations_ = 0;  // lines that inherit
  int64_t file_lines_ = 0;     // headers and footers of the file
  int64_t malformed_ = 0;
  // Of records, by Severity.
  std::array<int64_t, 6> severities_{};
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_LINE_SUMMARY_H_
