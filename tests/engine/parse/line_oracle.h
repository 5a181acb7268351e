// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What one line says, by regular expressions: slow, and written without a look at the readers.
#ifndef TALLYBELL_TESTS_ENGINE_PARSE_LINE_ORACLE_H_
#define TALLYBELL_TESTS_ENGINE_PARSE_LINE_ORACLE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// "glog warning 0000-05-01 12:32:30.426698000", "capnslog file line", or "" for a continuation. The
// date is followed by the offset from UTC in minutes where the line states that; a time since 1970
// is written in microseconds.
std::string LineByRegex(const std::string& line);

// The same of what a reader said.
std::string LineAsParsed(const ParsedLine& parsed);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_PARSE_LINE_ORACLE_H_
