// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a line of JSON holds, found in one pass that copies nothing and decodes nothing.
#ifndef TALLYBELL_ENGINE_PARSE_JSON_LINE_H_
#define TALLYBELL_ENGINE_PARSE_JSON_LINE_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// One key and its value. The views are into the line.
struct JsonMember {
  absl::string_view key;    // as written between its quotes
  absl::string_view value;  // as written: of a string with its quotes, of an object with its braces
  bool key_has_escapes = false;
  bool value_has_escapes = false;  // of a string
  int16_t depth = 1;               // how many objects it stands in

  bool IsString() const { return value[0] == '"'; }
  bool IsObject() const { return value[0] == '{'; }
  bool IsArray() const { return value[0] == '['; }
  bool IsNull() const { return value[0] == 'n'; }
  // Of a string: what stands between its quotes.
  absl::string_view Unquoted() const { return value.substr(1, value.size() - 2); }
};

// In the order of the line; the members of an object come right behind it. 16 is more than nearly
// every line has.
using JsonMembers = absl::InlinedVector<JsonMember, 16>;

enum class JsonDepth { kTop, kNested };

// Whether all of `text` is one JSON object, with white space around it or not. Puts its members
// into
// `*members`, and with kNested also those of the objects in it, but not what stands in arrays.
// Whether it is one depends on nothing but `text`: see JsonScanner for what is tolerated. Takes
// time and memory in proportion to `text`. Thread-safe.
bool ScanJsonLine(absl::string_view text, JsonDepth depth, JsonMembers* members);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_JSON_LINE_H_
