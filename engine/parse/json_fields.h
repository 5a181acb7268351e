// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_PARSE_JSON_FIELDS_H_
#define TALLYBELL_ENGINE_PARSE_JSON_FIELDS_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "engine/model/field_name.h"
#include "engine/parse/json_line.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// A name longer than that is no field: names are made of the keys of all objects around a value,
// and many values could share one long key.
inline constexpr size_t kMaxJsonFieldName = 256;

// Puts the wanted fields of a line into `*line`: strings decoded, numbers, true and false as they
// are written, arrays and objects as their JSON text; null is as if the key were not there. A value
// within objects is found under all their names joined with `_`. Of keys of one name the first
// counts. Where they have no key of their own, `message` is msg or a string log, and `file` and
// `line` are the parts of caller. Where everything is wanted, an object that is not empty is there
// by its members alone. `members` are those of ScanJsonLine with kNested. (docs/formats.md)
void AddJsonFields(const JsonMembers& members, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_JSON_FIELDS_H_
