// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// From a byte of a YAML scalar's value back to the byte of the file that it was written as.
#ifndef TALLYBELL_RULES_YAML_SCALAR_SOURCE_H_
#define TALLYBELL_RULES_YAML_SCALAR_SOURCE_H_

#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace tallybell {

// `source` is the whole file, `begin` the scalar's first byte (its quote, its | or >, or its anchor
// or tag), `value` what a YAML parser read there. The byte of `source` that gave byte `offset` of
// `value`; where `offset` is the value's length, the byte after the last. Nothing if the source
// does not read as the value, which it is checked against on the way.
std::optional<size_t> FindInScalarSource(absl::string_view source, size_t begin,
                                         absl::string_view value, size_t offset);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_YAML_SCALAR_SOURCE_H_
