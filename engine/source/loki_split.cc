// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_split.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace tallybell {
namespace {

// Longer beginnings make filters that no server wants.
constexpr size_t kMaxPrefix = 1000;

// The bytes of the character that begins at `at`.
absl::string_view CharacterAt(absl::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  return text.substr(at, end - at);
}

// A beginning that some of `texts` have and some have not, near half of them; empty if there is
// none, because all are equal up to kMaxPrefix.
std::string DividingPrefix(const std::vector<absl::string_view>& texts) {
  std::string prefix;
  while (prefix.size() < kMaxPrefix) {
    std::map<absl::string_view, size_t> next;
    for (const absl::string_view text : texts) {
      if (text.size() > prefix.size() && absl::StartsWith(text, prefix)) {
        ++next[CharacterAt(text, prefix.size())];
      }
    }
    const auto most = std::max_element(
        next.begin(), next.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most == next.end()) return "";
    prefix.append(most->first.data(), most->first.size());
    if (most->second < texts.size()) return prefix;
  }
  return "";
}

// `text` as a regex that matches it alone, as the string of a query.
std::string QuotedRegex(absl::string_view text, absl::string_view before, absl::string_view after) {
  std::string out = absl::StrCat("\"", before);
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '_' || !absl::ascii_isascii(c)) {
      out.push_back(c);
    } else if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&out, "\\\\x%02x", static_cast<unsigned>(c));
    } else {
      absl::StrAppend(&out, "\\\\", c == '"' || c == '\\' ? "\\" : "", absl::string_view(&c, 1));
    }
  }
  return absl::StrCat(out, after, "\"");
}

}  // namespace

LokiSplit SplitLokiEntries(const LokiEntries& entries) {
  std::vector<absl::string_view> texts;
  for (const LokiEntry& entry : entries.entries) texts.push_back(entry.line);
  std::string prefix = DividingPrefix(texts);
  // On a line of its own: the query may end in a comment.
  if (!prefix.empty()) {
    const std::string regex = QuotedRegex(prefix, "^", "");
    return {absl::StrCat("\n|~ ", regex), absl::StrCat("\n!~ ", regex)};
  }
  std::map<std::string, bool> names;
  for (const Labels& labels : entries.streams) {
    for (const Labels::Pair& pair : labels.pairs()) names[pair.first] = true;
  }
  for (const auto& [name, unused] : names) {
    texts.clear();
    for (const LokiEntry& entry : entries.entries) {
      texts.push_back(entries.streams[entry.stream].Get(name));
    }
    prefix = DividingPrefix(texts);
    if (prefix.empty()) continue;
    const std::string regex = QuotedRegex(prefix, "(?s)", ".*");
    return {absl::StrCat("\n| ", name, "=~", regex), absl::StrCat("\n| ", name, "!~", regex)};
  }
  return {};
}

}  // namespace tallybell
