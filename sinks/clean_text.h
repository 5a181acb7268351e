// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_CLEAN_TEXT_H_
#define TALLYBELL_SINKS_CLEAN_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// `text` as every receiver can store it: valid UTF-8, without NUL, at most `max_bytes` long (cut
// between characters). What stands in a log must not decide whether an alert can be told.
std::string CleanText(absl::string_view text, size_t max_bytes);

// The same for a text that is part of an identity: one that is too long keeps its beginning and
// gets a hash of the whole, so that two long ones stay two. `max_bytes` is at least 32.
std::string CleanIdentity(absl::string_view text, size_t max_bytes);

// `name` as Prometheus and Alertmanager take it: [a-zA-Z_][a-zA-Z0-9_]*, every other byte as "_".
std::string CleanLabelName(absl::string_view name);

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_CLEAN_TEXT_H_
