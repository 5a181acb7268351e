// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Reading a file of rule tests.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/run/rule_test.h"
#include "engine/run/rule_test_stream_reader.h"
#include "engine/run/rule_test_values.h"
#include "rules/rule_loader.h"
#include "rules/yaml_document.h"
#include "rules/yaml_fields.h"

namespace tallybell {
namespace {

// The text of a rule file that holds what stands under the key `rules`, every line and column
// where the test file has it.
std::string RulesAsFile(absl::string_view text, const YamlNode& key) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  const size_t first = key.line - 1;
  const size_t column = key.column - 1;
  std::string out(first, '\n');
  absl::StrAppend(&out, std::string(column, ' '), "groups",
                  lines[first].substr(std::min(lines[first].size(), column + key.text.size())),
                  "\n");
  for (size_t i = first + 1; i < lines.size(); ++i) {
    const size_t indent = lines[i].find_first_not_of(" \r");
    const bool blank = indent == absl::string_view::npos || lines[i][indent] == '#';
    const bool item = !blank && indent == column && absl::StartsWith(lines[i].substr(indent), "- ");
    if (!blank && indent <= column && !item) break;
    absl::StrAppend(&out, lines[i], "\n");
  }
  return out;
}

class TestFileReader {
 public:
  TestFileReader(absl::string_view file, absl::string_view text, Diagnostics* diagnostics)
      : file_(file),
        text_(text),
        diagnostics_(diagnostics),
        document_(YamlDocument::Parse(file, text, diagnostics)),
        streams_(file) {}

  std::vector<RuleTest> Read() {
    std::vector<RuleTest> tests;
    if (!document_.ok()) return tests;
    const YamlScope scope(&document_, diagnostics_);
    YamlFields fields(scope, document_.root());
    const std::shared_ptr<const RuleSet> rules = ReadRules(scope, &fields, document_.root());
    const YamlNode* const list = fields.Find("tests");
    if (list == nullptr || list->kind != YamlNode::Kind::kSequence) {
      scope.Error(list == nullptr ? document_.root() : *list, "a file of tests has a list of tests",
                  "write tests: and below it - name: ...");
    } else {
      for (const YamlNode* const node : list->items) tests.push_back(ReadTest(*node, rules));
    }
    fields.Finish();
    return tests;
  }

 private:
  // Groups as a rule file has them, or names of rule files and packs. Null if there is none.
  std::shared_ptr<const RuleSet> ReadRules(const YamlScope& scope, YamlFields* fields,
                                           const YamlNode& map) {
    const YamlNode* const value = fields->Find("rules");
    if (value == nullptr) return nullptr;
    const bool names = value->kind == YamlNode::Kind::kScalar ||
                       (!value->items.empty() && value->items[0]->kind == YamlNode::Kind::kScalar);
    if (names) {
      std::vector<std::string> paths = fields->Strings("rules");
      for (std::string& path : paths) {
        if (absl::StartsWith(path, "pack:")) continue;
        path = (std::filesystem::path(std::string(file_)).parent_path() / path).string();
      }
      return std::make_shared<RuleSet>(LoadRules(paths, diagnostics_));
    }
    for (const YamlNode::Entry& entry : map.entries) {
      if (entry.key->text != "rules") continue;
      if (!entry.key->plain || value->kind != YamlNode::Kind::kSequence) break;
      return std::make_shared<RuleSet>(
          LoadRulesFromText(file_, RulesAsFile(text_, *entry.key), diagnostics_));
    }
    scope.Error(*value, "rules are a list: groups as a rule file has them, or names of rule files");
    return nullptr;
  }

  RuleTest ReadTest(const YamlNode& node, std::shared_ptr<const RuleSet> rules) {
    RuleTest test;
    const YamlScope outer(&document_, diagnostics_);
    YamlFields fields(outer, node);
    test.name = fields.String("name", "");
    test.place = document_.PlaceOf(node);
    const YamlScope scope = outer.Within(absl::StrCat("test ", test.name));
    if (test.name.empty()) scope.Error(node, "a test needs a name", "write name: what it shows");
    test.rules = ReadRules(scope, &fields, node);
    if (test.rules == nullptr) test.rules = std::move(rules);
    if (test.rules == nullptr) {
      scope.Error(node, "there are no rules to test", "write rules: here or above tests:");
      test.rules = std::make_shared<RuleSet>();
    }
    test.external_labels = ReadTestLabels(scope, fields.Find("external_labels"));
    const DurationNs lateness = fields.Duration("lateness", 45 * kSecond);
    if (const YamlNode* const streams = fields.Find("streams")) {
      for (const YamlNode* const stream : ReadItems(scope, *streams)) {
        test.streams.push_back(streams_.Read(scope, *stream, lateness));
      }
    }
    if (const YamlNode* const until = fields.Find("until"))
      test.until = ReadTestMoment(scope, *until);
    test.drain = fields.Bool("drain", false);
    ReadExpectations(scope, &fields, node, &test);
    fields.Finish();
    return test;
  }

  void ReadExpectations(const YamlScope& scope, YamlFields* fields, const YamlNode& node,
                        RuleTest* test) {
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.key->text == "expect") test->expect.emplace();
    }
    if (const YamlNode* const expect = fields->Find("expect")) {
      for (const YamlNode* const item : ReadItems(scope, *expect)) {
        test->expect->push_back(ReadExpected(scope, *item, *test->rules));
      }
    }
    test->never = fields->Strings("never");
    for (const std::string& name : test->never) {
      if (!HasAlert(*test->rules, name)) {
        scope.Error(*fields->Find("never"), absl::StrCat("there is no alert ", name));
      }
    }
    if (!test->expect.has_value() && test->never.empty()) {
      scope.Error(node, "a test expects something", "write expect: [] if nothing may fire");
    }
  }

  ExpectedTransition ReadExpected(const YamlScope& scope, const YamlNode& node,
                                  const RuleSet& rules) {
    ExpectedTransition expected;
    expected.place = document_.PlaceOf(node);
    YamlFields fields(scope, node);
    if (const YamlNode* const at = fields.Find("at")) {
      expected.at = ReadTestMoment(scope, *at);
    } else {
      scope.Error(node, "what is expected needs a time", "write at: 5m");
    }
    expected.alert = fields.String("alert", rules.rules.size() == 1 ? rules.rules[0].alert : "");
    if (!HasAlert(rules, expected.alert)) {
      scope.Error(node, absl::StrCat("there is no alert \"", expected.alert, "\""));
    }
    const std::string state = fields.String("state", "firing");
    for (const AlertState known : {AlertState::kInactive, AlertState::kPending, AlertState::kFiring,
                                   AlertState::kResolved}) {
      if (state != AlertStateName(known)) continue;
      expected.state = known;
    }
    if (state != AlertStateName(expected.state)) {
      scope.Error(*fields.Find("state"), "a state is pending, firing, resolved or inactive");
    }
    if (fields.Find("value") != nullptr) expected.value = fields.Integer("value", 0, 0, INT64_MAX);
    expected.labels = ReadTestLabels(scope, fields.Find("labels"));
    const YamlNode* const annotations = fields.Find("annotations");
    for (auto& pair : ReadTexts(scope, annotations))
      expected.annotations.push_back(std::move(pair));
    if (fields.Find("lines") != nullptr) expected.lines = fields.Strings("lines");
    fields.Finish();
    return expected;
  }

  static bool HasAlert(const RuleSet& rules, absl::string_view name) {
    return std::any_of(rules.rules.begin(), rules.rules.end(),
                       [name](const Rule& rule) { return rule.alert == name; });
  }

  const absl::string_view file_;
  const absl::string_view text_;
  Diagnostics* const diagnostics_;
  const YamlDocument document_;
  RuleTestStreamReader streams_;
};

}  // namespace

std::vector<RuleTest> LoadRuleTests(absl::string_view file, absl::string_view text,
                                    Diagnostics* diagnostics) {
  return TestFileReader(file, text, diagnostics).Read();
}

}  // namespace tallybell
