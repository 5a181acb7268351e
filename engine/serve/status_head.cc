// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The line that says how all is.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/serve/status_parts.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

// Busy is no trouble: a commit may take a second.
constexpr DurationNs kWaitsLong = 3 * kSecond;
// Nor is an attempt that fails once.
constexpr DurationNs kUntoldLong = kMinute;

// A problem: `kind` is "bad" or "warn".
template <size_t kSize>
void AddNote(const char (&kind)[kSize], const std::string& text, StatusHtml* notes) {
  notes->Tag("<li class=\"").Tag(kind).Tag("\">").Text(text).Tag("</li>");
}

void AddStateNotes(const StatusView& view, StatusHtml* notes) {
  const EngineSnapshot& snapshot = *view.snapshot;
  if (snapshot.state_lost) {
    AddNote("bad", "The state file is lost: nothing is counted or told before a restart", notes);
  } else if (snapshot.waits_for_disk >= kWaitsLong) {
    AddNote("bad", "State cannot be written: nothing is read until it can", notes);
  }
  if (view.reload_failed) {
    AddNote("bad", "The last reload failed: the rules before it are in force", notes);
  }
}

void AddSourceNotes(const EngineSnapshot& snapshot, StatusHtml* notes) {
  const auto down = std::count_if(
      snapshot.sources.begin(), snapshot.sources.end(),
      [](const SourceView& source) { return source.state == SourceView::State::kDown; });
  if (down > 0) {
    AddNote("bad", absl::StrCat(CountOf(down, "source"), down == 1 ? " is down" : " are down"),
            notes);
  }
}

void AddReceiverNotes(const StatusView& view, StatusHtml* notes) {
  if (!view.receivers.has_value()) {
    AddNote("warn", "tallybell is ending", notes);
    return;
  }
  int64_t silent = 0;
  int64_t parked = 0;
  for (const ReceiverStanding& receiver : *view.receivers) {
    const bool waits = receiver.waiting > 0 && receiver.offered_at != kNoTime;
    if (waits && SubtractNs(view.snapshot->at, receiver.offered_at) >= kUntoldLong) ++silent;
    parked += receiver.parked;
  }
  if (silent > 0) {
    AddNote("bad",
            absl::StrCat(CountOf(silent, "receiver"), silent == 1 ? " takes" : " take",
                         " nothing of what waits"),
            notes);
  }
  if (parked > 0) {
    AddNote("warn", absl::StrCat(CountOf(parked, "alert"), " parked: refused for good"), notes);
  }
}

}  // namespace

StatusCounts CountAlerts(const EngineSnapshot& snapshot) {
  StatusCounts counts;
  counts.firing = static_cast<int64_t>(snapshot.own_alerts.size());
  for (const RuleView& rule : snapshot.rules) {
    for (const Transition& alert : rule.alerts) {
      ++(alert.state == AlertState::kFiring ? counts.firing : counts.pending);
    }
    // Those beyond EngineSnapshot::kMaxAlerts are like most of the rest.
    if (rule.active > rule.alerts.size() && rule.state == AlertState::kFiring) {
      counts.firing += static_cast<int64_t>(rule.active - rule.alerts.size());
    }
  }
  return counts;
}

StatusHtml StatusHead(const StatusView& view) {
  const StatusCounts counts = CountAlerts(*view.snapshot);
  StatusHtml notes;
  AddStateNotes(view, &notes);
  AddSourceNotes(*view.snapshot, &notes);
  AddReceiverNotes(view, &notes);
  StatusHtml html;
  // What is read aloud when it changes; nothing in it changes by itself.
  html.Tag("<div id=\"state\" role=\"status\" aria-live=\"polite\">");
  if (counts.firing > 0) {
    html.Tag("<p class=\"state bad\"><span class=\"mark\" aria-hidden=\"true\">▲</span> ");
    html.Line(absl::StrCat(CountOf(counts.firing, "alert"), " firing"));
  } else if (notes.size() > 0) {
    html.Tag("<p class=\"state warn\"><span class=\"mark\" aria-hidden=\"true\">◆</span> ");
    html.Tag("Needs a look");
  } else {
    html.Tag("<p class=\"state well\"><span class=\"mark\" aria-hidden=\"true\">●</span> ");
    html.Tag("All well");
  }
  html.Tag("</p>");
  if (notes.size() > 0) html.Tag("<ul class=\"notes\">").Add(notes).Tag("</ul>");
  html.Tag("</div><p class=\"meta\">tallybell ").Line(view.version).Tag(" · up since ");
  html.Time(view.started_at, view.snapshot->at).Tag(" · as of ");
  return html.Time(view.snapshot->at, view.snapshot->at).Tag(" UTC</p>");
}

}  // namespace tallybell
