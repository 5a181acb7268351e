// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What fires and what is pending.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/model/rule_id.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

constexpr size_t kMaxWhole = 100;
constexpr size_t kWholeBytes = 154'000;
constexpr size_t kMaxLink = 200;  // bytes
constexpr size_t kShortBytes = 20'000;
constexpr size_t kMaxLines = 10;
constexpr size_t kMaxLabels = 24;
constexpr size_t kMaxAnnotations = 8;

// More than find room.
constexpr size_t kMaxShown = 400;

// An alert on its way to the page.
struct Shown {
  const Alert* alert;
  AlertState state;
  bool asked;
  size_t number;
  bool named = false;  // it has an id: two rules may have alerts of the same labels
};

// The one that was asked for, then what fires, the newest first; no more than kMaxShown.
std::vector<Shown> Collect(const StatusView& view) {
  std::vector<Shown> all;
  const auto add = [&](const Alert& alert, AlertState state) {
    const bool asked = !view.alert.empty() && FormatFingerprint(alert.Fingerprint()) == view.alert;
    all.push_back({&alert, state, asked, all.size()});
  };
  for (const Alert& alert : view.snapshot->own_alerts) add(alert, AlertState::kFiring);
  for (const RuleView& rule : view.snapshot->rules) {
    for (const Transition& alert : rule.alerts) add(alert.alert, alert.state);
  }
  const auto rank = [](const Shown& shown) {
    return std::make_tuple(!shown.asked, shown.state != AlertState::kFiring,
                           ~shown.alert->starts_at, shown.number);
  };
  const size_t size = std::min(all.size(), kMaxShown);
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(size), all.end(),
                    [&](const Shown& a, const Shown& b) { return rank(a) < rank(b); });
  all.resize(size);
  absl::flat_hash_set<uint64_t> ids;
  for (Shown& shown : all) shown.named = ids.insert(shown.alert->Fingerprint()).second;
  return all;
}

void AddName(const Alert& alert, const ShownRules& rules, StatusHtml* html) {
  const std::string rule = absl::StrCat("rule-", RuleId(alert.rule_group, alert.rule));
  if (!rules.contains(rule)) {
    html->Line(alert.rule);
    return;
  }
  html->Tag("<a href=\"#").Line(rule).Tag("\">").Line(alert.rule).Tag("</a>");
}

void AddId(const Shown& shown, StatusHtml* html) {
  if (!shown.named) return;
  html->Tag(" id=\"alert-").Line(FormatFingerprint(shown.alert->Fingerprint())).Tag("\"");
}

void AddState(AlertState state, StatusHtml* html) {
  if (state == AlertState::kFiring) {
    html->Tag("<span class=\"badge bad\">▲ firing</span>");
  } else {
    html->Tag("<span class=\"badge warn\">◆ pending</span>");
  }
}

void AddLabels(const Alert& alert, StatusHtml* html) {
  html->Tag("<ul class=\"labels\">");
  size_t shown = 0;
  for (const auto& [name, value] : alert.labels.pairs()) {
    if (name == "alertname") continue;
    if (++shown > kMaxLabels) break;
    html->Tag("<li><span>").Line(name).Tag("</span>=<b>").Line(value).Tag("</b></li>");
  }
  html->Tag("</ul>");
}

// Whether to lead to what an annotation says: only where it is by its name a place that whoever
// wrote the rule wants people to go to, and nothing but a plain address of the web, shown whole.
bool IsLink(absl::string_view name, absl::string_view text) {
  constexpr absl::string_view kNames[] = {"runbook", "runbook_url", "dashboard", "dashboard_url"};
  constexpr absl::string_view kMarks = "-._~:/?#[]@!$&'()*+,;=%";
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) &&
         text.size() <= kMaxLink &&
         (absl::StartsWith(text, "https://") || absl::StartsWith(text, "http://")) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                  kMarks.find(c) != absl::string_view::npos;
         });
}

void AddAnnotations(const Alert& alert, StatusHtml* html) {
  size_t shown = 0;
  for (const auto& [name, text] : alert.annotations) {
    if (name != "summary" || text.empty()) continue;
    html->Tag("<p class=\"summary\">").Text(text).Tag("</p>");
  }
  for (const auto& [name, text] : alert.annotations) {
    if (name == "summary" || text.empty()) continue;
    if (++shown > kMaxAnnotations) break;
    html->Tag("<p class=\"note\"><span>").Line(name).Tag("</span> ");
    if (IsLink(name, text)) {
      html->Tag("<a rel=\"noreferrer\" href=\"").Line(text).Tag("\">").Line(text).Tag("</a></p>");
    } else {
      html->Text(text).Tag("</p>");
    }
  }
}

void AddEvidence(const Alert& alert, StatusHtml* html) {
  if (!alert.show_evidence || alert.evidence.empty()) return;
  html->Tag("<ol class=\"lines\">");
  for (size_t i = 0; i < std::min(alert.evidence.size(), kMaxLines); ++i) {
    const EvidenceLine& line = alert.evidence[i];
    html->Tag("<li title=\"").Line(line.source).Tag(", byte ");
    html->Number(static_cast<int64_t>(line.offset)).Tag("\">").Text(line.line).Tag("</li>");
  }
  html->Tag("</ol>");
}

void AddSince(const Shown& shown, TimeNs now, StatusHtml* html) {
  html->Tag(" since ").Time(shown.alert->starts_at, now).Tag(" (");
  html->Line(AgeText(SubtractNs(now, shown.alert->starts_at))).Tag(")");
}

StatusHtml Whole(const Shown& shown, TimeNs now, const ShownRules& rules) {
  const Alert& alert = *shown.alert;
  StatusHtml html;
  html.Tag("<article class=\"alert item\"");
  AddId(shown, &html);
  html.Tag("><h3>");
  AddState(shown.state, &html);
  html.Tag(" ");
  AddName(alert, rules, &html);
  html.Tag("</h3><p class=\"since\"><b>").Number(alert.value);
  html.Line(alert.exact ? "" : "+").Tag("</b>");
  AddSince(shown, now, &html);
  html.Tag("</p>");
  AddAnnotations(alert, &html);
  AddLabels(alert, &html);
  AddEvidence(alert, &html);
  return html.Tag("</article>");
}

StatusHtml Short(const Shown& shown, TimeNs now, const ShownRules& rules) {
  StatusHtml html;
  html.Tag("<li class=\"item\"");
  AddId(shown, &html);
  html.Tag(">");
  AddState(shown.state, &html);
  html.Tag(" ");
  AddName(*shown.alert, rules, &html);
  html.Tag(" <code>").Line(ShownLabels(shown.alert->labels), 160).Tag("</code>");
  AddSince(shown, now, &html);
  return html.Tag("</li>");
}

// A link to an alert that has ended must not lead nowhere.
void AddAsked(const StatusView& view, const std::vector<Shown>& all, const ShownRules& rules,
              StatusHtml* html) {
  if (view.alert.empty() || (!all.empty() && all.front().asked)) return;
  html->Tag("<p class=\"asked\" id=\"alert-").Line(view.alert);
  html->Tag("\">The alert of this link does not fire any more.");
  const std::string rule = absl::StrCat("rule-", view.rule);
  if (rules.contains(rule)) {
    html->Tag(" <a href=\"#").Line(rule).Tag("\">Its rule</a> tells what it counts now.");
  }
  html->Tag("</p>");
}

}  // namespace

StatusHtml StatusAlerts(const StatusView& view, const ShownRules& rules) {
  const TimeNs now = view.snapshot->at;
  const StatusCounts counts = CountAlerts(*view.snapshot);
  const std::vector<Shown> all = Collect(view);
  StatusHtml html;
  html.Tag("<section id=\"alerts\"><h2>Alerts <span class=\"count\">").Number(counts.firing);
  html.Tag(" firing");
  if (counts.pending > 0) html.Tag(", ").Number(counts.pending).Tag(" pending");
  html.Tag("</span></h2>");
  AddAsked(view, all, rules, &html);
  if (all.empty()) html.Tag("<p class=\"none\">Nothing fires.</p>");
  size_t next = 0;
  const size_t begin = html.size();
  for (; next < all.size() && next < kMaxWhole; ++next) {
    if (all[next].state != AlertState::kFiring && !all[next].asked) break;
    const StatusHtml one = Whole(all[next], now, rules);
    if (html.size() - begin + one.size() > kWholeBytes) break;
    html.Add(one);
  }
  StatusHtml rest;
  for (; next < all.size(); ++next) {
    const StatusHtml one = Short(all[next], now, rules);
    if (rest.size() + one.size() > kShortBytes) break;
    rest.Add(one);
  }
  if (rest.size() > 0) html.Tag("<ul class=\"short\">").Add(rest).Tag("</ul>");
  const int64_t left = counts.firing + counts.pending - static_cast<int64_t>(next);
  if (left > 0) {
    html.Tag("<p class=\"more\">").Number(left);
    html.Tag(" more are not shown here: <a href=\"api/v1/alerts\">all alerts as JSON</a>.</p>");
  }
  return html.Tag("</section>");
}

}  // namespace tallybell
