// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

constexpr size_t kShownLine = 160;  // bytes of a line in the table

// To the second: what people compare.
std::string Moment(TimeNs t) {
  std::string text = FormatRfc3339(t).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string Clock(TimeNs t) { return FormatRfc3339(t).substr(11, 8); }

// {host="mac1"} without what every alert of the rule has, as host=mac1.
std::string ShortLabels(const Labels& labels) {
  std::vector<std::string> pairs;
  for (const Labels::Pair& pair : labels.pairs()) {
    if (pair.first != "alertname") pairs.push_back(absl::StrCat(pair.first, "=", pair.second));
  }
  return absl::StrJoin(pairs, " ");
}

// A line of a log on a terminal: control characters shown, not obeyed.
std::string Printable(absl::string_view line) {
  std::string out;
  const absl::string_view shown = Utf8Truncate(line, kShownLine);
  for (size_t i = 0; i < shown.size(); ++i) {
    const auto byte = static_cast<unsigned char>(shown[i]);
    // C1 too: to some terminals U+009B is what ESC [ is to all.
    const bool c1 =
        byte == 0xc2 && i + 1 < shown.size() && static_cast<unsigned char>(shown[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || c1) {
      absl::StrAppendFormat(&out, "\\x%02x", c1 ? static_cast<unsigned char>(shown[++i]) : byte);
    } else {
      out.push_back(shown[i]);
    }
  }
  if (line.size() > kShownLine) absl::StrAppend(&out, "...");
  return out;
}

std::string Count(int64_t n, absl::string_view one, absl::string_view many) {
  return absl::StrCat(n, " ", n == 1 ? one : many);
}

// "peak 3 of 4, host=mac7, 02:13:07".
std::string Nearest(const RuleEvaluator& rule) {
  const auto& nearest = rule.tally().nearest;
  if (!nearest.has_value()) return "nothing counted";
  const Rule& watched = rule.rule();
  const int64_t threshold = watched.threshold();
  std::string text;
  switch (watched.op()) {
    case Comparison::kGreater:
      text = absl::StrCat("peak ", nearest->value, " of ", threshold + 1);
      break;
    case Comparison::kGreaterOrEqual:
      text = absl::StrCat("peak ", nearest->value, " of ", threshold);
      break;
    default:
      text = absl::StrCat(rule.rule().WatchesAbsence() ? "lowest count " : "peak ", nearest->value);
  }
  const std::string group = ShortLabels(nearest->group);
  if (!group.empty()) absl::StrAppend(&text, ", ", Printable(group));
  return absl::StrCat(text, ", ", Clock(nearest->time));
}

std::string Bytes(int64_t bytes) {
  if (bytes < 10'000) return absl::StrCat(bytes, " B");
  if (bytes < 10'000'000) return absl::StrFormat("%.1f KB", bytes / 1e3);
  if (bytes < 10'000'000'000) return absl::StrFormat("%.1f MB", bytes / 1e6);
  return absl::StrFormat("%.1f GB", bytes / 1e9);
}

}  // namespace

void ReplayTable::Add(const Transition& transition) {
  const auto open = open_.find(transition.alert.labels);
  if (transition.state == AlertState::kFiring) {
    open_.insert_or_assign(transition.alert.labels, spans_.size());
    spans_.push_back({transition.alert, transition.alert.starts_at, kNoTime, transition.value});
  } else if (transition.state == AlertState::kResolved && open != open_.end()) {
    spans_[open->second].ends_at = transition.time;
    Update(&spans_[open->second], transition);
    open_.erase(open);
  }
}

void ReplayTable::Update(Span* span, const Transition& newer) const {
  span->peak = std::max(span->peak, newer.peak);
  span->alert = newer.alert;
}

std::string ReplayTable::RenderAlerts(
    const std::vector<std::unique_ptr<RuleEvaluator>>& rules) const {
  if (spans_.empty()) return "No alert would have fired.\n";
  std::vector<Span> spans = spans_;
  // What still fires has gone on since it began to.
  for (const auto& rule : rules) {
    for (const Transition& firing : rule->FiringNow()) {
      const auto open = open_.find(firing.alert.labels);
      if (open != open_.end()) Update(&spans[open->second], firing);
    }
  }
  std::string text;
  for (const Span& span : spans) absl::StrAppend(&text, RenderAlert(span));
  return text;
}

std::string ReplayTable::RenderAlert(const Span& span) const {
  std::string text;
  const bool firing = span.ends_at == kNoTime;
  const std::string state = firing ? "FIRING  " : "resolved";
  absl::StrAppend(&text, color_ ? (firing ? "\x1b[1;31m" : "\x1b[32m") : "", state,
                  color_ ? "\x1b[0m" : "", "  ", span.alert.rule, "  ",
                  Printable(ShortLabels(span.alert.labels)), "\n");
  absl::StrAppend(&text, "  from ", Moment(span.starts_at), "Z ",
                  firing ? std::string("until now")
                         : absl::StrCat("to ", Moment(span.ends_at), "Z (",
                                        FormatDuration((span.ends_at - span.starts_at) /
                                                       kMillisecond * kMillisecond),
                                        ")"),
                  ", peak ", span.peak, "\n");
  for (const auto& [name, value] : span.alert.annotations) {
    if (name == "summary") absl::StrAppend(&text, "  ", Printable(value), "\n");
  }
  if (!span.alert.evidence.empty()) {
    absl::StrAppend(&text, "  > ", Printable(span.alert.evidence.back().line), "\n");
  }
  return text;
}

std::string ReplayTable::RenderRules(const std::vector<std::unique_ptr<RuleEvaluator>>& rules) {
  std::string text = "\nRules\n";
  for (const auto& rule : rules) {
    const RuleEvaluator::Tally& tally = rule->tally();
    absl::StrAppend(&text, "  ", rule->rule().alert, ": ", Count(tally.matches, "match", "matches"),
                    ", ", tally.more_groups ? "more than " : "",
                    Count(tally.groups, "group", "groups"), ", ", Nearest(*rule), "\n");
  }
  return text;
}

std::string ReplayTable::Render(const std::vector<std::unique_ptr<RuleEvaluator>>& rules,
                                const ReplaySummary& summary) const {
  return absl::StrCat(RenderAlerts(rules), RenderRules(rules), "\n", RenderSummary(summary));
}

std::string RenderSummary(const ReplaySummary& summary) {
  std::string text;
  for (const std::string& note : summary.notes) absl::StrAppend(&text, Printable(note), "\n");
  absl::StrAppend(&text, Count(summary.lines, "line", "lines"), ", ", Bytes(summary.bytes));
  if (summary.first != kNoTime) {
    absl::StrAppend(&text, ", ", Moment(summary.first), "Z to ", Moment(summary.last), "Z");
  }
  if (summary.took > 0) {
    absl::StrAppendFormat(&text, ", %.2f s, %.2f GB/s", summary.took / 1e9,
                          static_cast<double>(summary.bytes) / static_cast<double>(summary.took));
  }
  text.push_back('\n');
  const auto add = [&text](int64_t n, absl::string_view what) {
    if (n > 0) absl::StrAppend(&text, "  ", n, " ", what, "\n");
  };
  add(summary.without_time, "matching records without a time of their own or before them");
  add(summary.late_matches, "late matches");
  add(summary.clamped_times, "times too far in the future, held back");
  add(summary.lines_cut, "lines longer than 256 KiB, cut");
  add(summary.malformed_envelopes, "lines without the envelope of the others");
  add(summary.malformed_lines, "lines that begin as their format and are broken");
  add(summary.records_cut, "joined records that reached their limit");
  add(summary.by_missing, "missing values of by");
  add(summary.groups_refused, "matches of groups beyond the limit, refused");
  return text;
}

}  // namespace tallybell
