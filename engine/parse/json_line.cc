// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/json_line.h"

#include "engine/parse/json_scanner.h"

namespace tallybell {
namespace {

bool TakeValue(JsonScanner* scanner, JsonDepth wanted, size_t at, JsonMembers* members);

// Takes an object that stands within `depth` - 1 others.
bool TakeObject(JsonScanner* scanner, JsonDepth wanted, int depth, JsonMembers* members) {
  if (depth > JsonScanner::kMaxDepth || !scanner->Take('{')) return false;
  if (scanner->Take('}')) return true;
  do {
    const size_t at = members->size();
    JsonMember& member = members->emplace_back();
    member.depth = static_cast<int16_t>(depth);
    if (!scanner->TakeString(&member.key, &member.key_has_escapes) || !scanner->Take(':') ||
        !TakeValue(scanner, wanted, at, members)) {
      return false;
    }
  } while (scanner->Take(','));
  return scanner->Take('}');
}

// Takes the value of the member at that place. Members behind it may move it.
bool TakeValue(JsonScanner* scanner, JsonDepth wanted, size_t at, JsonMembers* members) {
  const int depth = (*members)[at].depth;
  const char first = scanner->Peek();
  const char* const begin = scanner->position();
  if (first == '"') {
    JsonMember& member = (*members)[at];
    absl::string_view raw;
    if (!scanner->TakeString(&raw, &member.value_has_escapes)) return false;
  } else if (first == '{' && wanted == JsonDepth::kNested) {
    if (!TakeObject(scanner, wanted, depth + 1, members)) return false;
  } else if (!scanner->SkipValue(depth)) {
    return false;
  }
  (*members)[at].value = absl::string_view(begin, scanner->position() - begin);
  return true;
}

}  // namespace

bool ScanJsonLine(absl::string_view text, JsonDepth depth, JsonMembers* members) {
  members->clear();
  JsonScanner scanner(text);
  return TakeObject(&scanner, depth, 1, members) && scanner.AtEnd();
}

}  // namespace tallybell
