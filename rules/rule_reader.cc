// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_reader.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/condition.h"
#include "rules/group_by.h"
#include "rules/pattern_list.h"
#include "rules/rule_keys.h"
#include "rules/rule_labels.h"
#include "rules/rule_parts.h"
#include "rules/yaml_fields.h"

namespace tallybell {
namespace {

constexpr DurationNs kMaxHold = 365 * kDay;
constexpr int64_t kMaxEvidenceLines = 100;

// Reads one rule: its fields first, then what they must be to one another.
class RuleReader {
 public:
  RuleReader(const YamlScope& scope, const YamlNode& node, Diagnostics* diagnostics)
      : scope_(scope), node_(node), diagnostics_(diagnostics), fields_(scope, node) {}

  // Whether the rule has no error.
  bool Read(absl::string_view group, absl::string_view alert, Rule* rule) {
    const size_t errors_before = diagnostics_->error_count();
    rule->group = std::string(group);
    rule->alert = std::string(alert);
    if (alert.empty()) scope_.Error(node_, "a rule needs a name", "write alert: NAME");
    const YamlNode* const name = fields_.Find("alert");
    rule->place = scope_.PlaceOf(name == nullptr ? node_ : *name);
    RefuseEmptyValues();
    RefuseForeignKeys();
    ReadWatch();
    ReadTimes(rule);
    rule->labels = ReadRuleLabels(scope_, fields_.Find("labels"), leaf_.by, &label_texts_);
    rule->annotations =
        ReadAnnotations(scope_, fields_.Find("annotations"), leaf_.by, rule->labels);
    fields_.Finish();
    CheckForget(*rule);
    if (diagnostics_->error_count() > errors_before) return false;
    Finish(rule);
    return true;
  }

 private:
  // `match:` with nothing behind it would otherwise mean "every line".
  void RefuseEmptyValues() {
    for (const YamlNode::Entry& entry : node_.entries) {
      const std::string& key = entry.key->text;
      if (entry.value->kind != YamlNode::Kind::kNull || key == "labels" || key == "annotations") {
        continue;
      }
      const bool needed = key == "alert" || key == "when";
      scope_.Error(*entry.key, absl::StrCat("\"", key, "\" has no value"),
                   needed ? "" : "leave the key out");
    }
  }

  void RefuseForeignKeys() {
    if (const YamlNode* expr = fields_.Find("expr"); expr != nullptr) {
      scope_.Within("expr").Error(*expr, "queries are not read here",
                                  "write match: and when: count > 3 in 20m");
    }
    if (const YamlNode* record = fields_.Find("record"); record != nullptr) {
      scope_.Within("record").Error(*record, "there are no recording rules here");
    }
  }

  void ReadWatch() {
    ReadFrom();
    if (const YamlNode* match = fields_.Find("match"); match != nullptr) {
      leaf_.stages.push_back({Stage::AnyOf{ReadPatternList(scope_.Within("match"), *match)}});
    }
    if (const YamlNode* exclude = fields_.Find("exclude"); exclude != nullptr) {
      leaf_.stages.push_back({Stage::NoneOf{ReadPatternList(scope_.Within("exclude"), *exclude)}});
    }
    ReadWhere();
    if (const YamlNode* clear = fields_.Find("clear"); clear != nullptr) {
      leaf_.clear = ReadPatternList(scope_.Within("clear"), *clear);
    }
    ReadWhen();
    if (const YamlNode* by = fields_.Find("by"); by != nullptr) {
      leaf_.by = ReadGroupBy(scope_.Within("by"), *by);
    }
  }

  void ReadFrom() {
    const YamlNode* const node = fields_.Find("from");
    if (node == nullptr) return;
    const std::string text = fields_.String("from", "{}");
    absl::StatusOr<Selector> selector = Selector::Parse(text);
    if (selector.ok()) {
      leaf_.from = *std::move(selector);
    } else {
      scope_.Within("from").Error(*node, selector.status());
    }
  }

  void ReadWhere() {
    const YamlNode* const node = fields_.Find("where");
    if (node == nullptr || node->kind != YamlNode::Kind::kScalar) {
      fields_.String("where", "");  // reports what is no text
      return;
    }
    absl::StatusOr<Where> where = Where::Parse(node->text);
    if (where.ok()) {
      leaf_.stages.push_back({*std::move(where)});
    } else {
      scope_.Within("where").Error(*node, where.status());
    }
  }

  void ReadWhen() {
    const YamlNode* const node = fields_.Find("when");
    if (node == nullptr || node->kind != YamlNode::Kind::kScalar) {
      fields_.String("when", "");  // reports what is no text
      if (node == nullptr && !HasKey("when")) {
        scope_.Error(node_, "a rule needs a condition", "write when: count > 3 in 20m");
      }
      return;
    }
    const absl::StatusOr<Condition> condition = ParseCondition(node->text);
    if (!condition.ok()) {
      scope_.Within("when").Error(*node, condition.status());
      return;
    }
    op_ = condition->op;
    threshold_ = condition->threshold;
    leaf_.window = condition->window;
  }

  void ReadTimes(Rule* rule) {
    rule->hold = fields_.Duration("for", 0, kMaxHold);
    rule->keep_firing_for = fields_.Duration("keep_firing_for", 0, kMaxHold);
    rule->forget = fields_.Duration("forget", rule->forget, 2 * kMaxHold);
    rule->evidence_lines =
        static_cast<int>(fields_.Integer("evidence", rule->evidence_lines, 0, kMaxEvidenceLines));
  }

  // Only the groups of a rule that watches absence need forgetting; others end by themselves.
  void CheckForget(const Rule& rule) {
    if (leaf_.window == 0) return;  // `when` is at fault
    const YamlNode* const forget = fields_.Find("forget");
    if (!Compare(0, op_, threshold_) || leaf_.by.empty()) {
      if (forget != nullptr) {
        scope_.Within("forget").Warning(
            *forget, "this means nothing here",
            "it is for conditions that a count of zero satisfies, with by");
      }
      return;
    }
    const DurationNs least = leaf_.window + rule.hold;
    if (rule.forget > least) return;
    const std::string advice =
        absl::StrCat("more than ", FormatDuration(least), ", the window and for together");
    if (forget != nullptr) {
      scope_.Within("forget").Error(*forget, "the group would be forgotten before it can fire",
                                    advice);
    } else {
      scope_.Error(node_, "without forget a group is forgotten after 24h, before it can fire",
                   absl::StrCat("write forget: ", advice));
    }
  }

  bool HasKey(absl::string_view key) const {
    return std::any_of(node_.entries.begin(), node_.entries.end(),
                       [key](const YamlNode::Entry& entry) { return entry.key->text == key; });
  }

  void Finish(Rule* rule) {
    rule->watch_key = WatchKey(leaf_, op_, threshold_);
    rule->labels_key = LabelsKey(std::move(label_texts_));
    CompareNode compare;
    compare.left = std::make_unique<Expression>();
    compare.left->node = std::move(leaf_);
    compare.op = op_;
    compare.right = std::make_unique<Expression>();
    compare.right->node = threshold_;
    rule->expression.node = std::move(compare);
  }

  YamlScope scope_;
  const YamlNode& node_;
  Diagnostics* diagnostics_;
  YamlFields fields_;
  Leaf leaf_;
  Comparison op_ = Comparison::kGreater;
  int64_t threshold_ = 0;
  std::vector<std::pair<std::string, std::string>> label_texts_;
};

// The text of `key` in a map, or "": for naming a thing before it is read.
absl::string_view NameOf(const YamlNode& node, absl::string_view key) {
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.key->text == key) return entry.value->text;
  }
  return "";
}

std::string Step(absl::string_view kind, absl::string_view name, absl::string_view unnamed,
                 size_t index) {
  return name.empty() ? absl::StrCat(unnamed, " ", index + 1) : absl::StrCat(kind, " ", name);
}

// Reads the groups of one file.
class GroupReader {
 public:
  GroupReader(Diagnostics* diagnostics, std::vector<Rule>* rules)
      : diagnostics_(diagnostics), rules_(rules) {}

  void Read(const YamlScope& file_scope, const YamlNode& node, size_t index) {
    const absl::string_view name = NameOf(node, "name");
    const YamlScope scope = file_scope.Within(Step("group", name, "group", index));
    if (node.kind == YamlNode::Kind::kNull) {
      scope.Error(node, "an empty group");
      return;
    }
    YamlFields fields(scope, node);
    if (node.kind != YamlNode::Kind::kMap) return;
    fields.String("name", "");
    if (name.empty()) {
      scope.Error(node, "a group needs a name", "write name: NAME");
    } else if (!names_.insert(std::string(name)).second) {
      scope.Error(*fields.Find("name"), "this file has a group of this name already");
    }
    for (const absl::string_view key : {"interval", "limit"}) {
      if (const YamlNode* value = fields.Find(key); value != nullptr) {
        scope.Within(key).Warning(*value, "this means nothing here",
                                  "rules are looked at whenever a count changes");
      }
    }
    if (const YamlNode* rules = fields.Find("rules"); rules != nullptr) {
      ReadRules(scope, name, *rules);
    }
    fields.Finish();
  }

 private:
  void ReadRules(const YamlScope& scope, absl::string_view group, const YamlNode& list) {
    if (list.kind != YamlNode::Kind::kSequence) {
      scope.Within("rules").Error(list,
                                  absl::StrCat("expected a list, found ", YamlKindName(list.kind)));
      return;
    }
    const auto read = [&](size_t begin, size_t end, Diagnostics* diagnostics,
                          std::vector<Rule>* rules) {
      const YamlScope told = scope.Telling(diagnostics);
      for (size_t i = begin; i < end; ++i) {
        ReadRule(told, group, *list.items[i], i, diagnostics, rules);
      }
    };
    ReadRulesInParts(list.items.size(), ThreadsForRules(list.items.size()), read, diagnostics_,
                     rules_);
  }

  // The same on every thread.
  static void ReadRule(const YamlScope& scope, absl::string_view group, const YamlNode& item,
                       size_t index, Diagnostics* diagnostics, std::vector<Rule>* rules) {
    const absl::string_view alert = NameOf(item, "alert");
    const YamlScope rule_scope = scope.Within(Step("alert", alert, "rule", index));
    if (item.kind == YamlNode::Kind::kNull) {
      rule_scope.Error(item, "an empty rule");
      return;
    }
    Rule rule;
    RuleReader reader(rule_scope, item, diagnostics);
    if (item.kind == YamlNode::Kind::kMap && reader.Read(group, alert, &rule)) {
      rules->push_back(std::move(rule));
    }
  }

  Diagnostics* diagnostics_;
  std::vector<Rule>* rules_;
  std::set<std::string> names_;
};

}  // namespace

void ReadRuleFile(const YamlDocument& document, Diagnostics* diagnostics,
                  std::vector<Rule>* rules) {
  if (!document.ok()) return;
  const YamlScope scope(&document, diagnostics);
  YamlFields fields(scope, document.root());
  const YamlNode* const groups = fields.Find("groups");
  fields.Finish();
  if (groups == nullptr) {
    if (document.root().kind == YamlNode::Kind::kSequence) return;  // reported by YamlFields
    scope.Error(document.root(), "a rule file needs groups", "groups: [{name: ..., rules: [...]}]");
    return;
  }
  if (groups->kind != YamlNode::Kind::kSequence) {
    scope.Within("groups").Error(
        *groups, absl::StrCat("expected a list, found ", YamlKindName(groups->kind)));
    return;
  }
  GroupReader reader(diagnostics, rules);
  for (size_t i = 0; i < groups->items.size(); ++i) reader.Read(scope, *groups->items[i], i);
}

}  // namespace tallybell
