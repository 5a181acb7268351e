// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/pattern_list.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

constexpr size_t kMaxPatterns = 1000;

// The next slash at or after `from` that no backslash stands before, or npos.
size_t FindSlash(absl::string_view text, size_t from) {
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '/') {
      return i;
    }
  }
  return absl::string_view::npos;
}

absl::StatusOr<Pattern> MakeLiteral(absl::string_view text) {
  if (text.empty()) {
    return TextFault(0, "an empty pattern is in every line", "leave the key out");
  }
  if (absl::EndsWith(text, "\n")) {
    return TextFault(0, "no line ends in a newline, so this pattern never matches",
                     "a block text without one begins with |- or >-");
  }
  return Pattern::Literal(std::string(text));
}

absl::StatusOr<Pattern> MakeRegex(absl::string_view text, bool ignore_case) {
  if (text.empty()) {
    return TextFault(0, "an empty regex matches every line", "leave the key out");
  }
  return Pattern::Regex(std::string(text), ignore_case);
}

// Whether `flags` is what other tools write behind the closing slash of a regex.
bool LooksLikeFlags(absl::string_view flags) {
  return !flags.empty() && flags.size() <= 3 &&
         flags.find_first_not_of("gimsuxU") == absl::string_view::npos;
}

// Reads {literal: ...} or {regex: ..., ignore_case: true}.
void ReadPatternMap(const YamlScope& scope, const YamlNode& node, std::vector<Pattern>* patterns) {
  YamlFields fields(scope, node);
  const YamlNode* const literal = fields.Find("literal");
  const YamlNode* const regex = fields.Find("regex");
  const YamlNode* const ignore_case_node = fields.Find("ignore_case");
  const bool ignore_case = fields.Bool("ignore_case", false);
  const std::string literal_text = fields.String("literal", "");
  const std::string regex_text = fields.String("regex", "");
  fields.Finish();
  if ((literal == nullptr) == (regex == nullptr)) {
    scope.Error(node, "a pattern is either a literal or a regex",
                "write {literal: ...} or {regex: ...}");
    return;
  }
  if (literal != nullptr && ignore_case_node != nullptr) {
    scope.Error(*ignore_case_node, "ignore_case goes with regex",
                "write {regex: ..., ignore_case: true}");
    return;
  }
  const YamlNode& scalar = literal != nullptr ? *literal : *regex;
  if (scalar.kind != YamlNode::Kind::kScalar) return;  // reported above
  absl::StatusOr<Pattern> pattern =
      literal != nullptr ? MakeLiteral(literal_text) : MakeRegex(regex_text, ignore_case);
  if (pattern.ok()) {
    patterns->push_back(*std::move(pattern));
  } else {
    scope.Error(scalar, pattern.status());
  }
}

void ReadPattern(const YamlScope& scope, const YamlNode& node, std::vector<Pattern>* patterns) {
  switch (node.kind) {
    case YamlNode::Kind::kMap:
      ReadPatternMap(scope, node, patterns);
      return;
    case YamlNode::Kind::kScalar:
      if (absl::StatusOr<Pattern> pattern = ParsePattern(node.text); pattern.ok()) {
        patterns->push_back(*std::move(pattern));
      } else {
        scope.Error(node, pattern.status());
      }
      return;
    case YamlNode::Kind::kNull:
    case YamlNode::Kind::kSequence:
      scope.Error(node, absl::StrCat("expected a pattern, found ", YamlKindName(node.kind)));
      return;
  }
}

}  // namespace

absl::StatusOr<Pattern> ParsePattern(absl::string_view text) {
  if (!absl::StartsWith(text, "/")) return MakeLiteral(text);
  const size_t slash = FindSlash(text, 1);
  if (slash == absl::string_view::npos) return MakeLiteral(text);
  const absl::string_view flags = text.substr(slash + 1);
  if (flags.empty() || flags == "i") {
    absl::StatusOr<Pattern> pattern = MakeRegex(text.substr(1, slash - 1), flags == "i");
    if (!pattern.ok()) return MoveTextFault(pattern.status(), 1);
    return pattern;
  }
  if (LooksLikeFlags(flags)) {
    return TextFault(slash + 1, absl::StrCat("\"", flags, "\" is not a flag of a regex"),
                     "i ignores case, others go inside: (?s); for a text write {literal: ...}");
  }
  if (absl::EndsWith(flags, "/") || absl::EndsWith(flags, "/i")) {
    return TextFault(slash, "a slash inside a /regex/",
                     "write it as \\/, or write {regex: ...} or {literal: ...}");
  }
  return MakeLiteral(text);
}

std::vector<Pattern> ReadPatternList(const YamlScope& scope, const YamlNode& node) {
  std::vector<Pattern> patterns;
  if (node.kind != YamlNode::Kind::kSequence) {
    ReadPattern(scope, node, &patterns);
    return patterns;
  }
  if (node.items.empty()) scope.Error(node, "an empty list of patterns", "leave the key out");
  if (node.items.size() > kMaxPatterns) {
    scope.Error(node, "more than 1000 patterns in one list", "write several rules");
    return patterns;
  }
  for (const YamlNode* item : node.items) ReadPattern(scope, *item, &patterns);
  return patterns;
}

}  // namespace tallybell
