// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Reading a file of rule tests.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/base/status_macros.h"
#include "engine/run/rule_test.h"
#include "engine/run/source_format.h"
#include "rules/rule_loader.h"
#include "rules/yaml_document.h"
#include "rules/yaml_fields.h"

namespace tallybell {
namespace {

constexpr int kMaxRepeats = 100'000;
constexpr size_t kMaxLines = 1'000'000;  // of all tests of a file

absl::StatusOr<TimeNs> ParseMoment(absl::string_view text) {
  const absl::StatusOr<DurationNs> since = ParseDuration(text);
  if (since.ok()) return AddNs(kTestBegins, *since);
  const absl::StatusOr<TimeNs> moment = ParseRfc3339(text);
  if (moment.ok()) return moment;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a time like 5m, counted from the beginning of the test, ",
                   "or 2024-05-01T12:00:00Z"));
}

// "5m", or "5m, 4 times every 1m".
absl::StatusOr<std::vector<TimeNs>> ParseMoments(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(',', 1));
  ASSIGN_OR_RETURN(TimeNs at, ParseMoment(absl::StripAsciiWhitespace(parts.first)));
  if (!absl::StrContains(text, ',')) return std::vector<TimeNs>{at};
  const std::vector<absl::string_view> words = absl::StrSplit(parts.second, ' ', absl::SkipEmpty());
  int times = 0;
  if (words.size() != 4 || !absl::SimpleAtoi(words[0], &times) || words[1] != "times" ||
      words[2] != "every" || times < 1 || times > kMaxRepeats) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not like 5m, 4 times every 1m"));
  }
  ASSIGN_OR_RETURN(const DurationNs every, ParseDuration(words[3]));
  std::vector<TimeNs> moments;
  for (int i = 0; i < times; ++i) {
    moments.push_back(at);
    at = AddNs(at, every);
  }
  return moments;
}

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
        document_(YamlDocument::Parse(file, text, diagnostics)) {}

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
    test.external_labels = ReadLabels(scope, fields.Find("external_labels"));
    const DurationNs lateness = fields.Duration("lateness", 45 * kSecond);
    if (const YamlNode* const streams = fields.Find("streams")) {
      for (const YamlNode* const stream : ItemsOf(scope, *streams)) {
        test.streams.push_back(ReadStream(scope, *stream, lateness));
      }
    }
    if (const YamlNode* const until = fields.Find("until")) test.until = ReadMoment(scope, *until);
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
      for (const YamlNode* const item : ItemsOf(scope, *expect)) {
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
      expected.at = ReadMoment(scope, *at);
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
    expected.labels = ReadLabels(scope, fields.Find("labels"));
    const YamlNode* const annotations = fields.Find("annotations");
    for (auto& pair : ReadTexts(scope, annotations))
      expected.annotations.push_back(std::move(pair));
    if (fields.Find("lines") != nullptr) expected.lines = fields.Strings("lines");
    fields.Finish();
    return expected;
  }

  TestStream ReadStream(const YamlScope& outer, const YamlNode& node, DurationNs lateness) {
    TestStream stream;
    YamlFields fields(outer, node);
    stream.labels = ReadLabels(outer, fields.Find("labels"));
    const YamlScope scope = outer.Within(absl::StrCat("stream ", FormatLabels(stream.labels)));
    stream.lateness = fields.Duration("lateness", lateness);
    stream.format = fields.String("format", "auto");
    if (!IsFormatName(stream.format)) {
      scope.Error(*fields.Find("format"),
                  absl::StrCat("there is no such format; formats are ", FormatNames()));
      stream.format = "auto";
    }
    if (const YamlNode* const lines = fields.Find("lines")) {
      for (const YamlNode* const item : ItemsOf(scope, *lines)) {
        if (item->kind != YamlNode::Kind::kMap) {
          scope.Error(*item, "a line needs its time", "write 5m: the line");
        }
        for (const YamlNode::Entry& entry : item->entries) ReadLines(scope, entry, &stream);
      }
    }
    fields.Finish();
    return stream;
  }

  // 5m: the line
  // 5m, 4 times every 1m: [one, another]
  // 5m: {line: the line, arrives: 7m}
  void ReadLines(const YamlScope& scope, const YamlNode::Entry& entry, TestStream* stream) {
    const absl::StatusOr<std::vector<TimeNs>> moments = ParseMoments(entry.key->text);
    if (!moments.ok()) return scope.Error(*entry.key, moments.status().message());
    std::vector<std::string> texts;
    DurationNs behind = 0;
    if (entry.value->kind == YamlNode::Kind::kMap) {
      YamlFields fields(scope, *entry.value);
      texts = fields.Strings("line");
      if (const YamlNode* const arrives = fields.Find("arrives")) {
        behind = ReadMoment(scope, *arrives) - moments->front();
      }
      fields.Finish();
    } else if (entry.value->kind == YamlNode::Kind::kSequence) {
      for (const YamlNode* const item : entry.value->items) texts.push_back(item->text);
    } else {
      texts.push_back(entry.value->text);
    }
    for (const TimeNs at : *moments) {
      for (const std::string& text : texts) {
        if (++lines_ > kMaxLines) return scope.Error(*entry.key, "these are too many lines");
        stream->lines.push_back({at, AddNs(at, behind), text});
      }
    }
  }

  TimeNs ReadMoment(const YamlScope& scope, const YamlNode& node) {
    const absl::StatusOr<TimeNs> moment = ParseMoment(node.text);
    if (moment.ok()) return *moment;
    scope.Error(node, moment.status().message());
    return kTestBegins;
  }

  static const std::vector<const YamlNode*>& ItemsOf(const YamlScope& scope, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kSequence) {
      scope.Error(node, absl::StrCat("expected a list, found ", YamlKindName(node.kind)));
    }
    return node.items;
  }

  static std::vector<std::pair<std::string, std::string>> ReadTexts(const YamlScope& scope,
                                                                    const YamlNode* node) {
    std::vector<std::pair<std::string, std::string>> texts;
    if (node == nullptr) return texts;
    if (node->kind != YamlNode::Kind::kMap) scope.Error(*node, "expected a map of texts");
    for (const YamlNode::Entry& entry : node->entries) {
      if (entry.value->kind != YamlNode::Kind::kScalar) {
        scope.Error(*entry.key, "expected a text");
      }
      texts.emplace_back(entry.key->text, entry.value->text);
    }
    return texts;
  }

  static Labels ReadLabels(const YamlScope& scope, const YamlNode* node) {
    Labels labels;
    for (const auto& [name, value] : ReadTexts(scope, node)) {
      if (!IsLabelName(name)) scope.Error(*node, absl::StrCat("\"", name, "\" is no label name"));
      labels.Set(name, value);
    }
    return labels;
  }

  static bool HasAlert(const RuleSet& rules, absl::string_view name) {
    return std::any_of(rules.rules.begin(), rules.rules.end(),
                       [name](const Rule& rule) { return rule.alert == name; });
  }

  const absl::string_view file_;
  const absl::string_view text_;
  Diagnostics* const diagnostics_;
  const YamlDocument document_;
  size_t lines_ = 0;
};

}  // namespace

std::vector<RuleTest> LoadRuleTests(absl::string_view file, absl::string_view text,
                                    Diagnostics* diagnostics) {
  return TestFileReader(file, text, diagnostics).Read();
}

}  // namespace tallybell
