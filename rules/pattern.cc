// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/pattern.h"

#include <algorithm>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "engine/base/status_macros.h"
#include "re2/re2.h"
#include "rules/literal_search.h"
#include "rules/plain_regex.h"
#include "rules/regex.h"

namespace tallybell {
namespace {

absl::string_view ToView(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

}  // namespace

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::Literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::make_shared<const LiteralSearch>(text);
  pattern.text_ = std::move(text);
  return pattern;
}

absl::StatusOr<Pattern> Pattern::Regex(std::string regex, bool ignore_case) {
  Pattern pattern;
  ASSIGN_OR_RETURN(pattern.regex_, CompileRegex(regex, ignore_case ? RegexUse::kSearchIgnoreCase
                                                                   : RegexUse::kSearch));
  if (std::optional<PlainRegex> plain; !ignore_case && (plain = PlainRegex::Compile(regex))) {
    pattern.plain_ = std::make_shared<const PlainRegex>(*std::move(plain));
    pattern.plain_reach_ = RegexReach(*pattern.regex_);
  }
  pattern.text_ = std::move(regex);
  pattern.ignore_case_ = ignore_case;
  std::vector<std::pair<int, std::string>> groups;
  for (const auto& [name, index] : pattern.regex_->NamedCapturingGroups()) {
    groups.emplace_back(index, name);
  }
  std::sort(groups.begin(), groups.end());
  for (auto& [index, name] : groups) {
    pattern.capture_indices_.push_back(index);
    pattern.capture_names_.push_back(std::move(name));
  }
  return pattern;
}

bool Pattern::Find(absl::string_view line, absl::string_view* match) const {
  if (is_literal()) {
    const size_t at = literal_->Find(line);
    if (at == absl::string_view::npos) return false;
    if (match != nullptr) *match = line.substr(at, text_.size());
    return true;
  }
  if (IsPlain(line)) return plain_->Find(line, match, nullptr);
  re2::StringPiece found;
  // RE2 is faster when nobody asks where the match lies.
  if (!regex_->Match({line.data(), line.size()}, 0, SearchEnd(*regex_, line.size()),
                     re2::RE2::UNANCHORED, &found, match == nullptr ? 0 : 1)) {
    return false;
  }
  if (match != nullptr) *match = ToView(found);
  return true;
}

bool Pattern::FindCaptures(absl::string_view line, absl::string_view* match,
                           Captures* captures) const {
  captures->clear();
  if (capture_indices_.empty()) return Find(line, match);
  if (IsPlain(line)) {
    PlainRegex::Groups groups;
    if (!plain_->Find(line, match, &groups)) return false;
    captures->resize(capture_indices_.size());
    auto* capture = captures->data();
    for (size_t i = 0; i < capture_indices_.size(); ++i, ++capture) {
      capture->first = capture_names_[i];
      capture->second = groups[capture_indices_[i]];
    }
    return true;
  }
  absl::InlinedVector<re2::StringPiece, 16> found(capture_indices_.back() + 1);
  if (!regex_->Match({line.data(), line.size()}, 0, SearchEnd(*regex_, line.size()),
                     re2::RE2::UNANCHORED, found.data(), static_cast<int>(found.size()))) {
    return false;
  }
  if (match != nullptr) *match = ToView(found[0]);
  for (size_t i = 0; i < capture_indices_.size(); ++i) {
    const re2::StringPiece& group = found[capture_indices_[i]];
    if (group.data() != nullptr) captures->emplace_back(capture_names_[i], ToView(group));
  }
  return true;
}

}  // namespace tallybell
