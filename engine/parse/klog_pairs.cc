// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/klog_pairs.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/parse/go_quoted.h"

namespace tallybell {
namespace {

// How much of `text` a value takes that is not quoted: up to a space outside of brackets, such as
// map[x:1 y:2]. None where the brackets do not fit together.
std::optional<size_t> BareLength(absl::string_view text) {
  int depth = 0;
  bool quotes = true;
  size_t at = 0;
  for (; at < text.size() && (text[at] != ' ' || depth > 0); ++at) {
    const char c = text[at];
    if (absl::StrContains("[{(", c)) ++depth;
    if (absl::StrContains("]})", c)) --depth;
    if (c == '"' && quotes) {
      const size_t quoted = GoQuotedLength(text.substr(at));
      // Where one does not end, none after it does.
      if (quoted == 0) quotes = false;
      if (quoted > 0) at += quoted - 1;
    }
  }
  if (depth > 0) return std::nullopt;
  return std::min(at, text.size());
}

// Takes the lines of a joined record that stand between `<` and ` >`, each behind a tab.
absl::string_view TakeBlock(absl::string_view* rest, ParsedLine* line) {
  std::string value;
  absl::string_view left = rest->substr(2);
  while (absl::ConsumePrefix(&left, "\t")) {
    const size_t end = std::min(left.find('\n'), left.size());
    if (!value.empty()) value.push_back('\n');
    value.append(left.data(), end);
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  absl::ConsumePrefix(&left, " >");
  *rest = left;
  return line->Keep(std::move(value));
}

// Takes a value; false if none stands there.
bool TakeValue(absl::string_view* rest, bool wanted, ParsedLine* line, absl::string_view* value) {
  if (absl::StartsWith(*rest, "<\n")) {
    *value = TakeBlock(rest, line);
    return true;
  }
  if (absl::StartsWith(*rest, "\"")) {
    const size_t size = GoQuotedLength(*rest);
    if (size == 0) return false;
    if (wanted) *value = UnquoteGo(rest->substr(0, size), line);
    rest->remove_prefix(size);
    return true;
  }
  const std::optional<size_t> size = BareLength(*rest);
  if (!size.has_value()) return false;
  *value = rest->substr(0, *size);
  rest->remove_prefix(*size);
  return true;
}

// Takes " key=value", and adds it if it is wanted; false if it cannot be read.
bool TakePair(absl::string_view* rest, const WantedFields& wanted, ParsedLine* line) {
  if (!absl::ConsumePrefix(rest, " ")) return false;
  const size_t equals = rest->find_first_of("=\"\n");
  if (equals == absl::string_view::npos || equals == 0 || (*rest)[equals] != '=') return false;
  const absl::string_view name = WantedName(rest->substr(0, equals), wanted, line);
  rest->remove_prefix(equals + 1);
  absl::string_view value;
  if (!TakeValue(rest, !name.empty(), line, &value)) return false;
  if (!name.empty()) line->fields.Add(name, value);
  return true;
}

}  // namespace

bool AddKlogPairs(absl::string_view message, const WantedFields& wanted, ParsedLine* line) {
  const size_t quoted = GoQuotedLength(message);
  if (quoted == 0) return false;
  absl::string_view rest = message.substr(quoted);
  const Fields before = line->fields;
  if (wanted.Has("message")) {
    line->fields.Add("message", UnquoteGo(message.substr(0, quoted), line));
  }
  bool first = true;
  for (; !rest.empty(); first = false) {
    if (TakePair(&rest, wanted, line)) continue;
    // Words in quotes that open a sentence are no structured message.
    if (first) line->fields = before;
    return !first;
  }
  return true;
}

}  // namespace tallybell
