// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as a regex, the others, together and one by one, as what it is looked for in: a
// pattern finds what RE2 finds, and literals stand where a string's own search says.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "re2/re2.h"
#include "rules/pattern.h"
#include "rules/regex.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Captures;
using tallybell::Pattern;
using tallybell::Require;

bool IsAt(absl::string_view view, const re2::StringPiece& piece) {
  return view.data() == piece.data() && view.size() == piece.size();
}

void CheckRegex(const Pattern& pattern, const re2::RE2& re2, absl::string_view line) {
  if (line.size() > tallybell::RegexReach(re2)) return;
  std::vector<re2::StringPiece> expected(static_cast<size_t>(re2.NumberOfCapturingGroups()) + 1);
  const bool found = re2.Match({line.data(), line.size()}, 0, line.size(), re2::RE2::UNANCHORED,
                               expected.data(), static_cast<int>(expected.size()));
  absl::string_view match;
  Captures captures;
  Require(pattern.Find(line, nullptr) == found);
  Require(pattern.Find(line, &match) == found);
  if (found) Require(IsAt(match, expected[0]));
  Require(pattern.FindCaptures(line, &match, &captures) == found);
  if (!found) return;
  Require(IsAt(match, expected[0]));
  size_t taking_part = 0;
  for (const auto& named : re2.NamedCapturingGroups()) {
    const re2::StringPiece& group = expected[static_cast<size_t>(named.second)];
    const auto* const it =
        std::find_if(captures.begin(), captures.end(),
                     [&named](const auto& capture) { return capture.first == named.first; });
    Require((it == captures.end()) == (group.data() == nullptr));
    if (it == captures.end()) continue;
    ++taking_part;
    Require(IsAt(it->second, group));
  }
  Require(captures.size() == taking_part);
}

void CheckLiteral(absl::string_view literal, absl::string_view line) {
  absl::string_view match;
  const size_t at = line.find(literal);
  Require(Pattern::Literal(std::string(literal)).Find(line, &match) ==
          (at != absl::string_view::npos));
  if (at != absl::string_view::npos) Require(match == literal && match.data() == line.data() + at);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const std::string regex(input.Line());
  // Never null, so that a group that took part can be told from others.
  const std::string text(input.rest());
  CheckLiteral(regex, text);
  const absl::StatusOr<Pattern> pattern = Pattern::Regex(regex, false);
  const absl::StatusOr<tallybell::CompiledRegex> re2 =
      tallybell::CompileRegex(regex, tallybell::RegexUse::kSearch);
  Require(pattern.ok() == re2.ok());
  if (!pattern.ok()) return 0;
  CheckRegex(*pattern, **re2, text);
  tallybell::FuzzInput lines(text);
  for (int i = 0; i < 20 && !lines.empty(); ++i) CheckRegex(*pattern, **re2, lines.Line());
  return 0;
}
