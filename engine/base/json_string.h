// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_BASE_JSON_STRING_H_
#define TALLYBELL_ENGINE_BASE_JSON_STRING_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Puts into `*out` what a JSON string says, of which `raw` is what stands between the quotes. Two
// escaped surrogates that belong together become one character; one that is alone, and an escape
// that JSON does not know, becomes U+FFFD. All else is passed on as it is, whatever it is. Linear.
// Thread-safe.
void DecodeJsonString(absl::string_view raw, std::string* out);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_JSON_STRING_H_
