// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the reader of one format says of one line, as text to compare.
#ifndef TALLYBELL_TESTS_ENGINE_PARSE_DESCRIBED_LINE_H_
#define TALLYBELL_TESTS_ENGINE_PARSE_DESCRIBED_LINE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// "capnslog warning 2019-05-01 12:32:30.426698000 | logger=raft message=x", the fields in the order
// in which they were found; "no header" for a line without one. The line is read from memory of
// exactly its size, so that a sanitizer sees a read beyond its end.
std::string DescribedLine(absl::string_view format, absl::string_view text,
                          const WantedFields& wanted);

// With every field.
std::string DescribedLine(absl::string_view format, absl::string_view text);

// As a source would read it whose lines are mostly of `format`.
std::string DescribedMixedLine(absl::string_view format, absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_PARSE_DESCRIBED_LINE_H_
