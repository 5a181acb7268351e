// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/history_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/cli/state_path.h"

namespace tallybell {
namespace {

// Of the order in which steps are shown where their times do not say.
int Rank(const std::string& state) {
  if (state == "pending") return 0;
  if (state == "firing") return 1;
  return 2;
}

std::string Seconds(DurationNs duration) {
  return absl::StrFormat("%.1f s", static_cast<double>(std::max<DurationNs>(duration, 0)) / 1e9);
}

// " (201 after 2 attempts, 1.2 s)".
std::string Answer(const HistoryEvent& event) {
  const DeliveryRecord& delivery = *event.delivery;
  std::string text = delivery.answer;
  if (delivery.attempts > 1) absl::StrAppend(&text, " after ", delivery.attempts, " attempts");
  if (delivery.offered_at != kNoTime) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", Seconds(event.time - delivery.offered_at));
  }
  return text.empty() ? "" : absl::StrCat(" (", text, ")");
}

// What became of a state, as one line.
std::string DeliveryLine(const HistoryEvent& event) {
  const DeliveryRecord& delivery = *event.delivery;
  const std::string to = delivery.receiver.empty() ? "" : absl::StrCat(" ", delivery.receiver);
  const std::string at = absl::StrCat(to, " ", FormatRfc3339Millis(event.time));
  const std::string& kind = event.kind;
  if (kind == "told") return absl::StrCat("told", at, Answer(event));
  if (kind == "failed") return absl::StrCat("not told yet", at, ": ", delivery.answer);
  if (kind == "deferred") return absl::StrCat("not kept", at, Answer(event));
  if (kind == "parked") return absl::StrCat("parked", at, Answer(event));
  if (kind == "retried") return absl::StrCat("offered anew", at, ", ", delivery.answer);
  if (kind == "held") {
    const std::string until = delivery.until == kNoTime
                                  ? ""
                                  : absl::StrCat(", until ", FormatRfc3339Millis(delivery.until));
    return absl::StrCat("held back", to, ": ", delivery.answer, until);
  }
  return absl::StrCat("not told", to, ": ", delivery.answer);
}

std::string UntoldLine(const Untold& untold) {
  std::string line = absl::StrCat("waits for ", untold.receiver);
  if (untold.attempts > 0) {
    absl::StrAppend(&line, ": ", untold.attempts, untold.attempts == 1 ? " attempt" : " attempts",
                    " since ", FormatRfc3339Millis(untold.offered_at), ", ", untold.answer);
  }
  if (untold.next_attempt != kNoTime) {
    absl::StrAppend(&line, ", next at ", FormatRfc3339Millis(untold.next_attempt));
  }
  return line;
}

bool IsStep(const HistoryEvent& event) { return !event.delivery.has_value(); }

std::string ShownLabels(const Labels& labels) {
  Labels shown = labels;
  shown.Set("alertname", "");
  return shown.empty() ? "" : absl::StrCat(" ", FormatLabels(shown));
}

std::string NearestText(const HistoryEvent& event) {
  return absl::StrCat(event.rule, Printable(ShownLabels(event.labels)), "\n  ",
                      FormatRfc3339Millis(event.time), " nearest miss, peak ", event.value,
                      event.enough != 0 ? absl::StrCat(" of ", event.enough) : "", "\n");
}

}  // namespace

void HistoryTable::Add(HistoryEvent event) {
  if (event.kind == "nearest") return AddNearest(std::move(event));
  Story& story = stories_[event.fingerprint];
  story.rule = event.rule;
  story.labels = event.labels;
  if (IsStep(event)) {
    AddStep(event, &story);
    return;
  }
  Episode& episode = EpisodeOf(event.starts_at, &story);
  episode.first = std::min(episode.first, event.time);
  episode.last = std::max(episode.last, event.time);
  StepOf(event.delivery->state, &episode).deliveries.push_back(DeliveryLine(event));
}

void HistoryTable::AddUntold(const Untold& untold) {
  // What is parked has a line of its own.
  const auto it = stories_.find(FormatFingerprint(untold.alert->Fingerprint()));
  if (untold.parked || it == stories_.end()) return;
  Episode& episode = EpisodeOf(untold.alert->starts_at, &it->second);
  std::vector<std::string>& lines = StepOf(untold.end ? "resolved" : "firing", &episode).deliveries;
  const std::string held = absl::StrCat("held back ", untold.receiver, ":");
  const bool said =
      untold.attempts == 0 && std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return absl::StartsWith(line, held);
      });
  if (!said) lines.push_back(UntoldLine(untold));
}

void HistoryTable::AddNearest(HistoryEvent event) {
  HistoryEvent& nearest = nearest_[{event.rule, event.time / kDay, event.enough}];
  if (event.value > nearest.value) nearest = std::move(event);
}

void HistoryTable::AddStep(const HistoryEvent& event, Story* story) {
  std::vector<Episode>& episodes = story->episodes;
  reached_.emplace(event.rule, event.time / kDay);
  const bool begins = event.kind == "pending";
  Episode* episode = nullptr;
  if (!begins && event.starts_at != kNoTime) {
    // What was told before it was decided is there already.
    for (auto it = episodes.rbegin(); it != episodes.rend() && episode == nullptr; ++it) {
      if (it->starts_at == event.starts_at) episode = &*it;
      if (it->closed && it->first < event.starts_at) break;
    }
  }
  if (episode == nullptr && !begins && !episodes.empty() && !episodes.back().closed &&
      (episodes.back().starts_at == kNoTime || event.kind != "firing")) {
    episode = &episodes.back();
  }
  if (episode == nullptr) episode = &episodes.emplace_back();
  if (event.kind == "firing") {
    episode->starts_at = event.starts_at;
  } else if (!begins) {
    episode->ends_at = event.time;
    episode->closed = true;
  }
  episode->first = std::min(episode->first, event.time);
  episode->last = std::max(episode->last, event.time);
  Step& step = StepOf(event.kind, episode);
  step.time = event.time;
  step.value = event.value;
  step.exact = event.exact;
}

// The one that began then; where the start has moved since it was told, the one that was going on.
HistoryTable::Episode& HistoryTable::EpisodeOf(TimeNs starts_at, Story* story) {
  // From the newest on: what happens, happens to one of the last.
  for (auto it = story->episodes.rbegin(); it != story->episodes.rend(); ++it) {
    const bool began = it->starts_at != kNoTime && it->starts_at <= starts_at;
    if (began && (it->starts_at == starts_at || !it->closed || it->ends_at >= starts_at)) {
      return *it;
    }
    if (it->closed && it->first < starts_at) break;
  }
  Episode& episode = story->episodes.emplace_back();
  episode.starts_at = starts_at;
  return episode;
}

HistoryTable::Step& HistoryTable::StepOf(const std::string& state, Episode* episode) {
  for (Step& step : episode->steps) {
    if (step.state == state) return step;
  }
  Step& step = episode->steps.emplace_back();
  step.state = state;
  return step;
}

void HistoryTable::RenderEpisode(const Story& story, const Episode& episode, std::string* out) {
  absl::StrAppend(out, story.rule, Printable(ShownLabels(story.labels)), "\n");
  std::vector<Step> steps = episode.steps;
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return Rank(a.state) < Rank(b.state); });
  for (const Step& step : steps) {
    const bool told_only = step.time == kNoTime;
    absl::StrAppend(out, "  ");
    if (told_only && step.state == "firing") {
      absl::StrAppend(out, FormatRfc3339Millis(episode.starts_at), " firing for certain");
    } else if (told_only) {
      absl::StrAppend(out, step.state);
    } else if (step.state == "resolved" && episode.starts_at != kNoTime) {
      absl::StrAppend(out, FormatRfc3339Millis(step.time), " resolved after ",
                      FormatDuration(std::max<DurationNs>(step.time - episode.starts_at, 0)));
    } else {
      absl::StrAppend(out, FormatRfc3339Millis(step.time), " ", step.state, ", value ", step.value,
                      step.exact ? "" : "+");
    }
    absl::StrAppend(out, "\n");
    for (const std::string& line : step.deliveries) {
      absl::StrAppend(out, "    ", Printable(line), "\n");
    }
    if (step.deliveries.empty() && (step.state == "firing" || step.state == "resolved")) {
      absl::StrAppend(out, "    told nobody: it ended before the first start, or no receiver was ",
                      "configured\n");
    }
  }
}

std::string HistoryTable::Render(TimeNs since, TimeNs until) {
  // In the order in which they began; at one instant, by fingerprint.
  std::vector<std::tuple<TimeNs, std::string, std::string>> shown;
  for (const auto& [fingerprint, story] : stories_) {
    for (const Episode& episode : story.episodes) {
      if (episode.last < since || episode.first > until) continue;
      std::string text;
      RenderEpisode(story, episode, &text);
      shown.emplace_back(episode.first, fingerprint, std::move(text));
    }
  }
  for (const auto& [key, event] : nearest_) {
    if (event.time < since || event.time > until) continue;
    if (reached_.contains({event.rule, event.time / kDay})) continue;
    shown.emplace_back(event.time, event.fingerprint, NearestText(event));
  }
  std::stable_sort(shown.begin(), shown.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  std::string out;
  for (const auto& [first, fingerprint, text] : shown) out += text;
  return out;
}

}  // namespace tallybell
