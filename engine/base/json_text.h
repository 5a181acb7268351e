// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// JSON text out of values that may hold any bytes. Log lines are not always UTF-8, and the
// library's own default throws on the first bad byte.
#ifndef TALLYBELL_ENGINE_BASE_JSON_TEXT_H_
#define TALLYBELL_ENGINE_BASE_JSON_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tallybell {

// Keys keep the order in which they were put in.
using Json = nlohmann::ordered_json;

// One line of JSON; bytes that are not UTF-8 become U+FFFD.
std::string DumpJson(const Json& value);

// InvalidArgument if `text` is not JSON, holds more than `max_depth` arrays and objects inside each
// other, or an object of more than some 6,000 keys. Never throws.
absl::StatusOr<Json> ParseJson(absl::string_view text, int max_depth = 32);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_JSON_TEXT_H_
