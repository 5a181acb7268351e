// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Text in double quotes, as Go writes it and klog, logrus and slog print it.
#ifndef TALLYBELL_ENGINE_PARSE_GO_QUOTED_H_
#define TALLYBELL_ENGINE_PARSE_GO_QUOTED_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "engine/model/field_name.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// How many bytes the quoted text at the front of `text` takes, both quotes included; 0 if none
// stands there or it does not end. Thread-safe.
size_t GoQuotedLength(absl::string_view text);

// What `quoted`, of GoQuotedLength, says: a view into it where nothing is escaped, else kept by
// `line`. An escape that is not one of Go's stays as it is written; what decodes to bytes that are
// not UTF-8 becomes U+FFFD.
absl::string_view UnquoteGo(absl::string_view quoted, ParsedLine* line);

// The name by which `wanted` knows the field `key`, in the one spelling of FieldName: a view of
// `key` or kept by `line`. Empty if nobody wants it.
absl::string_view WantedName(absl::string_view key, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GO_QUOTED_H_
