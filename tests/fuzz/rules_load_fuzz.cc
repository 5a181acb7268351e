// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a rule file: faults have places that are in it, what is whole is the same a second
// time, and every rule of it can be shown and asked.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>

#include "rules/diagnostics.h"
#include "rules/rule_loader.h"
#include "rules/rule_query.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Require;

void CheckPlaces(const tallybell::Diagnostics& diagnostics, absl::string_view text) {
  // Carriage returns end lines too.
  const auto lines =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; });
  for (const tallybell::Diagnostic& diagnostic : diagnostics.all()) {
    Require(diagnostic.place.file == "rules.yaml" && !diagnostic.message.empty());
    Require(diagnostic.place.line >= 0 && diagnostic.place.line <= lines + 1);
    Require(diagnostic.place.column >= 0 &&
            static_cast<size_t>(diagnostic.place.column) <= text.size() + 1);
  }
  Require(diagnostics.ToString().empty() == diagnostics.all().empty());
}

void CheckRule(const tallybell::Rule& rule, const tallybell::Rule& again) {
  Require(!rule.alert.empty() && rule.watch_key == again.watch_key &&
          rule.labels_key == again.labels_key && rule.ordinal == again.ordinal);
  Require(rule.leaf().window > 0 && rule.threshold() >= 0);
  Require(!tallybell::RuleQuery(rule).empty());
  const tallybell::Labels stream{{"job", "a"}, {"host", "b"}};
  Require(rule.leaf().from.Matches(stream) == again.leaf().from.Matches(stream));
  tallybell::TemplateInput input;
  input.labels = &stream;
  for (size_t i = 0; i < rule.annotations.size(); ++i) {
    Require(rule.annotations[i].second.Render(input) == again.annotations[i].second.Render(input));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tallybell::Diagnostics diagnostics;
  const tallybell::RuleSet set = tallybell::LoadRulesFromText("rules.yaml", text, &diagnostics);
  CheckPlaces(diagnostics, text);
  if (diagnostics.HasErrors()) return 0;
  tallybell::Diagnostics unused;
  const tallybell::RuleSet again = tallybell::LoadRulesFromText("rules.yaml", text, &unused);
  Require(again.rules.size() == set.rules.size());
  std::set<std::tuple<std::string, std::string, int>> identities;
  for (size_t i = 0; i < set.rules.size(); ++i) {
    const tallybell::Rule& rule = set.rules[i];
    CheckRule(rule, again.rules[i]);
    Require(identities.emplace(rule.group, rule.alert, rule.ordinal).second);
  }
  return 0;
}
