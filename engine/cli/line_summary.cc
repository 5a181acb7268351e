// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/line_summary.h"

#include "absl/strings/str_cat.h"

namespace tallybell {

void LineSummary::Add(const LineExplanation& explanation) {
  switch (explanation.kind) {
    case ParsedLine::Kind::kContinuation:
      ++continuations_;
      return;
    case ParsedLine::Kind::kFileLine:
      ++file_lines_;
      return;
    case ParsedLine::Kind::kRecord:
      break;
  }
  if (explanation.malformed) ++malformed_;
  ++(explanation.states_time ? timed_ : untimed_);
  ++severities_[static_cast<size_t>(explanation.severity)];
}

std::string LineSummary::Head() {
  std::string head = "| file | read as | records with a time | without | malformed |";
  absl::StrAppend(&head, " continuations | lines of the file |");
  std::string rule = "| --- | --- | ---: | ---: | ---: | ---: | ---: |";
  for (size_t i = 0; i < 6; ++i) {
    absl::StrAppend(&head, " ", SeverityName(static_cast<Severity>(i)), " |");
    absl::StrAppend(&rule, " ---: |");
  }
  return absl::StrCat(head, "\n", rule, "\n");
}

std::string LineSummary::Row() const {
  std::string row = absl::StrCat("| ", file_, " | ", format_, " | ", timed_, " | ", untimed_, " | ",
                                 malformed_, " | ", continuations_, " | ", file_lines_, " |");
  for (const int64_t count : severities_) absl::StrAppend(&row, " ", count, " |");
  return absl::StrCat(row, "\n");
}

}  // namespace tallybell
