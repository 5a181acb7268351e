// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_loader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/packs.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

namespace fs = std::filesystem;

fs::path SourceDir() { return TALLYBELL_SOURCE_DIR; }

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<fs::path> YamlFiles(const fs::path& folder) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A folder of the test's own, gone at its end.
class RuleFilesTest : public ::testing::Test {
 protected:
  RuleFilesTest() {
    std::string name = (fs::temp_directory_path() / "rules.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~RuleFilesTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, absl::string_view text) {
    const fs::path path = folder_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  static std::string OneRule(absl::string_view group, absl::string_view alert) {
    return absl::StrCat("groups: [{name: ", group, ", rules: [{alert: ", alert,
                        ", match: x, when: count > 1 in 5m}]}]\n");
  }

  RuleSet Load(const std::vector<std::string>& names) { return LoadRules(names, &diagnostics_); }

  // Diagnostics without the name of the folder.
  std::string Said() const {
    return absl::StrReplaceAll(diagnostics_.ToString(), {{folder_.string() + "/", ""}});
  }

  fs::path folder_;
  Diagnostics diagnostics_;
};

TEST(RuleLoaderTest, SaysOfEveryBadFileExactlyWhatIsWrong) {
  const std::vector<fs::path> paths = YamlFiles(SourceDir() / "tests/rules/bad");
  EXPECT_THAT(paths, SizeIs(::testing::Ge(10)));
  for (const fs::path& path : paths) {
    Diagnostics diagnostics;
    LoadRulesFromText(path.filename().string(), ReadText(path), &diagnostics);
    EXPECT_TRUE(diagnostics.HasErrors()) << path;
    fs::path expected = path;
    EXPECT_EQ(diagnostics.ToString(), ReadText(expected.replace_extension(".expected"))) << path;
  }
}

TEST(RuleLoaderTest, LoadsEveryGoodFileWithoutAnError) {
  for (const fs::path& path : YamlFiles(SourceDir() / "tests/rules/good")) {
    Diagnostics diagnostics;
    const RuleSet set = LoadRulesFromText(path.filename().string(), ReadText(path), &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
    EXPECT_FALSE(set.rules.empty()) << path;
  }
}

TEST(RuleLoaderTest, CompilesEveryKeyOfARule) {
  Diagnostics diagnostics;
  const RuleSet set =
      LoadRules({(SourceDir() / "tests/rules/good/everything.yaml").string()}, &diagnostics);
  ASSERT_THAT(set.rules, SizeIs(2));
  const Rule& rule = set.rules[0];
  EXPECT_EQ(rule.group, "everything");
  EXPECT_EQ(rule.alert, "AnkaVmStartFailing");
  EXPECT_EQ(rule.place.line, 7);
  EXPECT_EQ(rule.hold, kMinute);
  EXPECT_EQ(rule.keep_firing_for, 10 * kMinute);
  EXPECT_EQ(rule.evidence_lines, 0);
  EXPECT_EQ(rule.op(), Comparison::kGreater);
  EXPECT_EQ(rule.threshold(), 3);
  EXPECT_FALSE(rule.WatchesAbsence());
  const Leaf& leaf = rule.leaf();
  EXPECT_EQ(leaf.window, 20 * kMinute);
  EXPECT_THAT(leaf.from.matchers(), SizeIs(2));
  ASSERT_THAT(leaf.stages, SizeIs(3));
  EXPECT_THAT(std::get<Stage::AnyOf>(leaf.stages[0].test).patterns, SizeIs(4));
  EXPECT_THAT(std::get<Stage::NoneOf>(leaf.stages[1].test).patterns, SizeIs(1));
  EXPECT_THAT(std::get<Where>(leaf.stages[2].test).fields(),
              ElementsAre("file", "severity", "took"));
  EXPECT_THAT(leaf.clear, SizeIs(1));
  ASSERT_THAT(leaf.by, SizeIs(2));
  EXPECT_EQ(leaf.by[0].name, "host");
  EXPECT_THAT(leaf.by[0].alternatives, ElementsAre("host", "job", "container"));
  ASSERT_THAT(rule.labels, SizeIs(2));
  EXPECT_EQ(rule.labels[1].first, "team");
  EXPECT_THAT(rule.annotations, SizeIs(2));

  const Rule& silent = set.rules[1];
  EXPECT_TRUE(silent.WatchesAbsence());
  EXPECT_EQ(silent.forget, 7 * kDay);
  EXPECT_EQ(silent.evidence_lines, 5);
}

TEST(RuleLoaderTest, WarnsOfALabelThatIsNearlyOneOfTheAlerts) {
  Diagnostics diagnostics;
  LoadRulesFromText("f",
                    "groups: [{name: g, rules: [{alert: A, by: [host], when: count > 1 in 5m, "
                    "annotations: {s: '{{ $labels.hots }} {{ $labels.cluster }}'}}]}]",
                    &diagnostics);
  EXPECT_EQ(diagnostics.ToString(),
            "f:1:91: warning: group g > alert A > annotations > s: neither by nor labels has a "
            "\"hots\" (did you mean $labels.host?)\n");
}

TEST(RuleLoaderTest, LeavesTheOtherRulesOfAFileWhole) {
  Diagnostics diagnostics;
  const RuleSet set = LoadRulesFromText(
      "f", "groups: [{name: g, rules: [{alert: A}, {alert: B, when: count > 1 in 5m}]}]",
      &diagnostics);
  EXPECT_TRUE(diagnostics.HasErrors());
  ASSERT_THAT(set.rules, SizeIs(1));
  EXPECT_EQ(set.rules[0].alert, "B");
}

TEST_F(RuleFilesTest, ReadsFilesInTheirOrderAndGlobsByName) {
  Write("b.yaml", OneRule("g", "B"));
  Write("a.yaml", OneRule("g", "A"));
  const std::string c = Write("c.yml", OneRule("g", "C"));
  const RuleSet set = Load({c, (folder_ / "*.yaml").string()});
  EXPECT_EQ(Said(), "");
  ASSERT_THAT(set.rules, SizeIs(3));
  EXPECT_EQ(set.rules[0].alert, "C");
  EXPECT_EQ(set.rules[1].alert, "A");
  EXPECT_EQ(set.rules[2].alert, "B");
}

TEST_F(RuleFilesTest, ReadsAFileOnceHoweverOftenItIsNamed) {
  const std::string a = Write("a.yaml", OneRule("g", "A"));
  fs::create_symlink(a, folder_ / "link.yaml");
  EXPECT_THAT(Load({a, (folder_ / "*.yaml").string(), "pack:anka-node", "pack:anka-node"}).rules,
              SizeIs(3));
  EXPECT_EQ(Said(), "");
}

TEST_F(RuleFilesTest, SaysWhichFilesItCannotRead) {
  Load({(folder_ / "none.yaml").string(), folder_.string() + "/", (folder_ / "*.yaml").string()});
  EXPECT_EQ(Said(),
            absl::StrCat("none.yaml: error: cannot read this file: No such file or directory\n",
                         ": error: this is a directory (write *.yaml)\n"
                         "*.yaml: warning: no file fits this pattern\n"));
}

TEST_F(RuleFilesTest, TakesANameWithABracketForAFileIfThereIsOne) {
  EXPECT_THAT(Load({Write("a[1].yaml", OneRule("g", "A"))}).rules, SizeIs(1));
}

TEST_F(RuleFilesTest, RefusesAFileThatIsTooLong) {
  Load({Write("a.yaml", std::string(5 << 20, ' '))});
  EXPECT_THAT(Said(), HasSubstr("longer than 4 MiB"));
}

TEST_F(RuleFilesTest, RefusesEqualRulesOfDifferentFiles) {
  Load({Write("a.yaml", OneRule("g", "A")), Write("b.yaml", OneRule("g", "A"))});
  EXPECT_EQ(Said(),
            "b.yaml:1:36: error: group g > alert A: a rule with this group, name and labels is at "
            "a.yaml:1 (give one of them another name or label)\n");
}

TEST_F(RuleFilesTest, NumbersRulesOfOneNameOverAllFiles) {
  const std::string text = absl::StrReplaceAll(OneRule("g", "A"), {{"match: x", "labels: {n: b}"}});
  const RuleSet set = Load({Write("a.yaml", OneRule("g", "A")), Write("b.yaml", text)});
  ASSERT_THAT(set.rules, SizeIs(2));
  EXPECT_EQ(set.rules[0].ordinal, 0);
  EXPECT_EQ(set.rules[1].ordinal, 1);
}

TEST(RuleLoaderTest, NamesThePacksThereAre) {
  Diagnostics diagnostics;
  LoadRules({"pack:anka"}, &diagnostics);
  EXPECT_EQ(diagnostics.ToString(),
            "pack:anka: error: there is no such pack (the packs are pack:anka-controller, "
            "pack:anka-node-failures, pack:anka-node-silent, pack:anka-node, pack:etcd-perf, "
            "pack:etcd-space, pack:go-panic, pack:noid)\n");
}

TEST(PacksTest, AreTheFilesOfTheirFolder) {
  const std::vector<fs::path> paths = YamlFiles(SourceDir() / "rules/packs");
  ASSERT_EQ(BuiltInPacks().size(), paths.size());
  for (size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(BuiltInPacks()[i].name, paths[i].stem().string());
    EXPECT_EQ(BuiltInPacks()[i].text, ReadText(paths[i]));
  }
}

TEST(PacksTest, LoadWithoutAWord) {
  for (const Pack& pack : BuiltInPacks()) {
    Diagnostics diagnostics;
    EXPECT_FALSE(LoadRules({absl::StrCat("pack:", pack.name)}, &diagnostics).rules.empty());
    EXPECT_EQ(diagnostics.ToString(), "");
  }
}

TEST(PacksTest, WatchTheTwoTroublesOfAnAnkaNode) {
  Diagnostics diagnostics;
  const RuleSet set = LoadRules({"pack:anka-node"}, &diagnostics);
  ASSERT_THAT(set.rules, SizeIs(2));
  EXPECT_EQ(set.rules[0].threshold(), 3);
  EXPECT_EQ(set.rules[0].leaf().window, 20 * kMinute);
  EXPECT_EQ(set.rules[1].leaf().window, kHour);
  EXPECT_EQ(std::get<Stage::AnyOf>(set.rules[1].leaf().stages[0].test).patterns[0].text(),
            "rejecting due to lack of disk space");
}

// The ```yaml blocks of docs/rules.md: rule files, or parts of one rule.
std::vector<std::string> PageExamples(const std::string& page) {
  constexpr absl::string_view kFence = "```yaml\n";
  std::vector<std::string> examples;
  for (size_t at = page.find(kFence.data()); at != std::string::npos;
       at = page.find(kFence.data(), at + 1)) {
    const size_t begin = at + kFence.size();
    examples.push_back(page.substr(begin, page.find("```", begin) - begin));
  }
  return examples;
}

std::string RulePage() { return ReadText(SourceDir() / "docs/rules.md"); }

TEST(RulesPageTest, HoldsOnlyExamplesThatLoad) {
  const std::vector<std::string> examples = PageExamples(RulePage());
  EXPECT_GE(examples.size(), 5u);
  for (std::string text : examples) {
    if (!absl::StartsWith(text, "groups:")) {
      text = absl::StrCat("groups:\n- name: page\n  rules:\n  - alert: Example\n    ",
                          absl::StrReplaceAll(text, {{"\n", "\n    "}}));
      if (!absl::StrContains(text, "when:"))
        absl::StrAppend(&text, "\n    when: count > 3 in 20m\n");
    }
    Diagnostics diagnostics;
    LoadRulesFromText("example", text, &diagnostics);
    EXPECT_EQ(diagnostics.ToString(), "") << text;
  }
}

TEST(RulesPageTest, ShowsDiagnosticsAsTheyAre) {
  const std::string page = RulePage();
  Diagnostics diagnostics;
  LoadRulesFromText(
      "rules.yaml",
      absl::StrReplaceAll(PageExamples(page)[0], {{"severity >= warning", "severity >= loud"},
                                                  {"keep_firing_for", "keep_fireing_for"}}),
      &diagnostics);
  EXPECT_THAT(page, HasSubstr(absl::StrCat("```\n", diagnostics.ToString(), "```\n")));
}

TEST(RuleLoaderTest, SurvivesMutationsOfItsGoodFiles) {
  constexpr uint32_t kSeed = 5;
  std::mt19937 random(kSeed);
  const std::string good = ReadText(SourceDir() / "tests/rules/good/everything.yaml");
  constexpr absl::string_view kParts[] = {"{{", "}}",    "'",    "\"", "/",  "\n", ":",
                                          "[",  "]",     "*",    "&",  "{",  "}",  "|",
                                          "\\", "count", "\xff", "(",  " - "};
  for (int i = 0; i < 2000; ++i) {
    std::string text = good;
    for (size_t n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text.erase(at, random() % 10);
      } else {
        const absl::string_view part = kParts[random() % std::size(kParts)];
        text.insert(at, part.data(), part.size());
      }
    }
    Diagnostics diagnostics;
    const RuleSet set = LoadRulesFromText("f", text, &diagnostics);
    EXPECT_TRUE(diagnostics.HasErrors() || set.rules.size() <= 2) << "seed " << kSeed;
    const size_t lines = std::count(text.begin(), text.end(), '\n') + 1;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      ASSERT_LE(diagnostic.place.line, static_cast<int>(lines)) << "seed " << kSeed << text;
    }
  }
}

TEST(RuleLoaderTest, KeepsAThousandFaultsAndCountsTheRest) {
  std::string text = "groups:\n";
  for (int i = 0; i < 3000; ++i) absl::StrAppend(&text, "- {}\n");
  Diagnostics diagnostics;
  LoadRulesFromText("f", text, &diagnostics);
  EXPECT_THAT(diagnostics.all(), SizeIs(1000));
  EXPECT_EQ(diagnostics.error_count(), 3000u);
  EXPECT_THAT(diagnostics.ToString(), ::testing::EndsWith("and 2000 more\n"));
}

}  // namespace
}  // namespace tallybell
