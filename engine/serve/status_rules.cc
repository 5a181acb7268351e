// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The rules, group by group.

#include <algorithm>
#include <numeric>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/model/rule_id.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

// Rules are shown whole while there is room, then by name, then counted. The heads of their groups
// take of the same room.
constexpr size_t kWholeBytes = 56'000;
constexpr size_t kShortBytes = 24'000;

std::string ElementId(const RuleView& rule) {
  const std::string id = absl::StrCat("rule-", RuleId(rule.group, rule.alert));
  return rule.ordinal == 0 ? id : absl::StrCat(id, "-", rule.ordinal + 1);
}

void AddState(const RuleView& rule, StatusHtml* html) {
  if (rule.state == AlertState::kFiring) {
    html->Tag("<span class=\"badge bad\">▲ firing</span>");
  } else if (rule.state == AlertState::kPending) {
    html->Tag("<span class=\"badge warn\">◆ pending</span>");
  } else if (rule.decided == kNoTime) {
    html->Tag("<span class=\"badge\" title=\"no source that it could select has told anything\">");
    html->Tag("○ no data</span>");
  } else {
    html->Tag("<span class=\"badge\">● quiet</span>");
  }
}

void AddNearest(const RuleView& rule, TimeNs now, StatusHtml* html) {
  if (!rule.nearest.has_value()) {
    html->Tag("<span class=\"none\">–</span>");
    return;
  }
  html->Tag("<b>").Line(NearestText(rule)).Tag("</b>");
  const std::string group = ShownLabels(rule.nearest->group);
  if (!group.empty()) html->Tag(" <code>").Line(group, 120).Tag("</code>");
  html->Tag(" ").Time(rule.nearest->time, now);
}

void AddDetails(const RuleView& rule, const std::string& id, StatusHtml* html) {
  html->Tag("<details id=\"more-").Line(id).Tag("\"><summary>").Line(ConditionText(rule));
  html->Tag("</summary><code class=\"query\">").Text(rule.query).Tag("</code><p class=\"note\">");
  for (const auto& [name, text] : rule.labels) {
    html->Tag("<span>").Line(name).Tag("</span> ").Line(text, 120).Tag(" ");
  }
  html->Tag("<span>at</span> ").Line(rule.file, 160).Tag(":").Line(absl::StrCat(rule.line));
  html->Tag("</p></details>");
}

StatusHtml Whole(const RuleView& rule, TimeNs now) {
  const std::string id = ElementId(rule);
  StatusHtml html;
  html.Tag("<tr class=\"item\" id=\"").Line(id).Tag("\"><td>");
  AddState(rule, &html);
  html.Tag("</td><th scope=\"row\">").Line(rule.alert);
  AddDetails(rule, id, &html);
  html.Tag("</th><td class=\"num\">").Number(static_cast<int64_t>(rule.groups));
  html.Tag("</td><td class=\"num\">").Number(rule.matches).Tag("</td><td>");
  AddNearest(rule, now, &html);
  return html.Tag("</td><td>").Add(StatusSparkline(rule.recent)).Tag("</td></tr>");
}

StatusHtml Short(const RuleView& rule) {
  StatusHtml html;
  html.Tag("<tr class=\"item brief\" id=\"").Line(ElementId(rule)).Tag("\"><td>");
  AddState(rule, &html);
  html.Tag("</td><th scope=\"row\">").Line(rule.alert, 80);
  return html.Tag("</th></tr>");
}

bool OfOneGroup(const RuleView& a, const RuleView& b) {
  return a.group == b.group && a.file == b.file;
}

void BeginGroup(const RuleView& rule, StatusHtml* html) {
  html->Tag("<tbody><tr class=\"group\"><th colspan=\"6\" scope=\"rowgroup\">").Line(rule.group);
  html->Tag(" <span>").Line(rule.file, 160).Tag("</span></th></tr>");
}

// What is asked for, then what is loudest, then as the files have it.
std::vector<size_t> OrderOf(const StatusView& view) {
  const std::vector<RuleView>& rules = view.snapshot->rules;
  std::vector<size_t> order(rules.size());
  std::iota(order.begin(), order.end(), 0);
  const auto rank = [&](size_t i) {
    const bool asked = !view.rule.empty() && RuleId(rules[i].group, rules[i].alert) == view.rule;
    return std::make_tuple(!asked, -static_cast<int>(rules[i].state), rules[i].recent.empty());
  };
  std::vector<decltype(rank(0))> ranks;
  for (size_t i = 0; i < rules.size(); ++i) ranks.push_back(rank(i));
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return ranks[a] < ranks[b]; });
  return order;
}

// One row for each rule that finds room, at its place among the rules.
std::vector<StatusHtml> MakeRows(const StatusView& view) {
  const std::vector<RuleView>& rules = view.snapshot->rules;
  std::vector<StatusHtml> rows(rules.size());
  absl::flat_hash_set<std::string> heads;
  size_t whole = 0;
  size_t brief = 0;
  for (const size_t i : OrderOf(view)) {
    if (brief >= kShortBytes) break;
    StatusHtml head;
    BeginGroup(rules[i], &head);
    size_t& room = whole < kWholeBytes ? whole : brief;
    rows[i] = whole < kWholeBytes ? Whole(rules[i], view.snapshot->at) : Short(rules[i]);
    room += rows[i].size();
    if (heads.insert(head.text()).second) room += head.size();
  }
  return rows;
}

}  // namespace

StatusHtml StatusSparkline(const std::vector<uint32_t>& recent) {
  constexpr size_t kBars = 48;
  constexpr uint64_t kHeight = 20;
  StatusHtml html;
  if (recent.size() < kBars) return html;
  const size_t bins = recent.size() / kBars;
  std::vector<uint64_t> bars(kBars, 0);
  for (size_t i = 0; i < kBars * bins; ++i) bars[i / bins] += recent[i];
  const uint64_t most = *std::max_element(bars.begin(), bars.end());
  if (most == 0) return html;
  const std::string words = absl::StrCat("Matches in the last 24 h, at most ",
                                         CountText(static_cast<int64_t>(most)), " in half an hour");
  html.Tag("<svg class=\"spark\" viewBox=\"0 0 144 21\" role=\"img\"><title>").Line(words);
  html.Tag("</title><path class=\"base\" d=\"M0 20.5h144\"/><path d=\"");
  std::string path;
  for (size_t i = 0; i < kBars; ++i) {
    if (bars[i] == 0) continue;
    // A single match can be seen beside a thousand.
    const uint64_t height = std::max<uint64_t>(2, bars[i] * kHeight / most);
    absl::StrAppend(&path, "M", 3 * i + 1, " 20v-", height);
  }
  return html.Line(path, 1'000).Tag("\"/></svg>");
}

StatusHtml StatusRules(const StatusView& view, ShownRules* shown) {
  const std::vector<RuleView>& rules = view.snapshot->rules;
  const std::vector<StatusHtml> rows = MakeRows(view);
  StatusHtml html;
  html.Tag("<section id=\"rules\"><h2>Rules <span class=\"count\">");
  html.Number(static_cast<int64_t>(rules.size()));
  html.Tag("</span></h2><table class=\"rules\"><thead><tr><th scope=\"col\">State</th>");
  html.Tag("<th scope=\"col\">Rule</th><th scope=\"col\" class=\"num\">Groups</th>");
  html.Tag("<th scope=\"col\" class=\"num\">Matches</th><th scope=\"col\">Nearest</th>");
  html.Tag("<th scope=\"col\">Last 24 h</th></tr></thead>");
  int64_t left = 0;
  const RuleView* last = nullptr;
  for (size_t i = 0; i < rules.size(); ++i) {
    if (rows[i].size() == 0) {
      ++left;
      continue;
    }
    if (last == nullptr || !OfOneGroup(*last, rules[i])) {
      if (last != nullptr) html.Tag("</tbody>");
      BeginGroup(rules[i], &html);
    }
    last = &rules[i];
    html.Add(rows[i]);
    shown->insert(ElementId(rules[i]));
  }
  if (last == nullptr) html.Tag("<tbody><tr><td colspan=\"6\">No rules.</td></tr>");
  html.Tag("</tbody></table>");
  if (left > 0) {
    html.Tag("<p class=\"more\">").Number(left);
    html.Tag(" more are not shown here: <a href=\"api/v1/rules\">all rules as JSON</a>.</p>");
  }
  return html.Tag("</section>");
}

}  // namespace tallybell
