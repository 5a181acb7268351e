// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_parts.h"

#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::ElementsAreArray;

// What a list of rules gave: the names of those that are well, and what is wrong.
struct Given {
  std::vector<std::string> names;
  std::string faults;
  size_t errors = 0;
};

Given Read(size_t count, int threads, ReadSomeRules read) {
  Diagnostics diagnostics;
  diagnostics.Add({Diagnostic::Kind::kWarning, {"f", 1, 1}, "", "of before", ""});
  std::vector<Rule> rules(1);
  rules[0].alert = "of before";
  ReadRulesInParts(count, threads, read, &diagnostics, &rules);
  Given given;
  for (const Rule& rule : rules) given.names.push_back(rule.alert);
  given.faults = diagnostics.ToString();
  given.errors = diagnostics.error_count();
  return given;
}

TEST(RulePartsTest, GiveWhatOneThreadGives) {
  constexpr int kSeed = 20240504;
  std::mt19937 dice(kSeed);
  for (const size_t count : {0, 1, 2, 7, 64, 1000, 5000}) {
    // In a long list of faults most are only counted.
    std::vector<int> faults(count);
    for (int& fault : faults) fault = static_cast<int>(dice() % 4);
    const auto read = [&faults](size_t begin, size_t end, Diagnostics* diagnostics,
                                std::vector<Rule>* rules) {
      for (size_t i = begin; i < end; ++i) {
        const int line = static_cast<int>(i) + 1;
        for (int fault = 0; fault < faults[i]; ++fault) {
          diagnostics->Add({fault == 1 ? Diagnostic::Kind::kWarning : Diagnostic::Kind::kError,
                            {"f", line, fault},
                            "",
                            absl::StrCat("fault ", fault),
                            ""});
        }
        if (faults[i] > 0) continue;
        rules->emplace_back();
        rules->back().alert = absl::StrCat("alert ", i);
      }
    };
    const Given one = Read(count, 1, read);
    for (const int threads : {2, 3, 8}) {
      SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", ", count, " rules, ", threads, " threads"));
      const Given several = Read(count, threads, read);
      EXPECT_THAT(several.names, ElementsAreArray(one.names));
      EXPECT_EQ(several.faults, one.faults);
      EXPECT_EQ(several.errors, one.errors);
    }
  }
}

TEST(RulePartsTest, AreWorthTheirThreadsInALongListOnly) {
  EXPECT_EQ(ThreadsForRules(10), 1);
  EXPECT_GE(ThreadsForRules(1000), 1);
}

TEST(RulePartsTest, ALongFileIsLoadedInItsOrderWithAllItsFaults) {
  std::string text = "groups:\n  - name: long\n    rules:\n";
  std::vector<std::string> names, faults;
  for (int i = 0; i < 900; ++i) {
    const bool bad = i % 13 == 5;
    absl::StrAppend(&text, "      - alert: Long", i, "\n        match: '/unit", i, bad ? "(" : "",
                    ": .*(panic|fatal)/'\n        when: count > 3 in 20m\n");
    if (bad) {
      faults.push_back(absl::StrCat("long.yaml:", 5 + 3 * i, ":"));
    } else {
      names.push_back(absl::StrCat("Long", i));
    }
  }
  Diagnostics diagnostics;
  const RuleSet set = LoadRulesFromText("long.yaml", text, &diagnostics);
  std::vector<std::string> loaded;
  for (const Rule& rule : set.rules) loaded.push_back(rule.alert);
  EXPECT_THAT(loaded, ElementsAreArray(names));
  std::vector<std::string> told;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    told.push_back(absl::StrCat(diagnostic.place.file, ":", diagnostic.place.line, ":"));
  }
  EXPECT_THAT(told, ElementsAreArray(faults));
}

}  // namespace
}  // namespace tallybell
