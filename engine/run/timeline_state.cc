// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/timeline_state.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

absl::Status Bad() { return absl::InvalidArgumentError("not the state of a timeline"); }

// Reads members of one JSON object; one of another type makes ok() false. One that is missing has
// the value that a new timeline has.
class Members {
 public:
  explicit Members(const Json& object) : object_(object), ok_(object.is_object()) {}

  int64_t Integer(const char* key, int64_t missing) {
    const Json* const value = Find(key);
    if (value == nullptr) return missing;
    return value->is_number_integer() ? value->get<int64_t>() : Fail();
  }
  TimeNs Time(const char* key) { return Integer(key, kNoTime); }
  bool Bool(const char* key, bool missing) {
    const Json* const value = Find(key);
    if (value == nullptr) return missing;
    return value->is_boolean() ? value->get<bool>() : Fail() != 0;
  }
  // An empty array where it is missing.
  const Json& Array(const char* key) {
    static const Json* const kEmpty = new Json(Json::array());
    const Json* const value = Find(key);
    if (value == nullptr) return *kEmpty;
    if (value->is_array()) return *value;
    Fail();
    return *kEmpty;
  }
  // Null where it is missing.
  const Json& Value(const char* key) const {
    static const Json* const kNull = new Json();
    const Json* const value = Find(key);
    return value == nullptr ? *kNull : *value;
  }
  bool ok() const { return ok_; }

 private:
  const Json* Find(const char* key) const {
    if (!object_.is_object()) return nullptr;
    const auto it = object_.find(key);
    return it == object_.end() ? nullptr : &*it;
  }
  int64_t Fail() {
    ok_ = false;
    return 0;
  }

  const Json& object_;
  bool ok_;
};

// Matches as text, since there may be millions: "TIME" or "TIME:HANDLE" each, with a space between,
// and all numbers less those of the match before. Without a handle the line is kept no more.
class MatchesText {
 public:
  explicit MatchesText(const EvidenceRing& evidence) : evidence_(evidence) {}

  void Append(const WindowMatch& match) {
    EvidenceEntry entry;
    const auto time = static_cast<uint64_t>(match.time());
    absl::StrAppend(&text_, text_.empty() ? "" : " ", static_cast<int64_t>(time - time_));
    time_ = time;
    if (!evidence_.Get(match, &entry)) return;
    absl::StrAppend(&text_, ":", static_cast<int32_t>(match.evidence() - handle_));
    handle_ = match.evidence();
  }
  std::string Take() { return std::move(text_); }

 private:
  const EvidenceRing& evidence_;
  std::string text_;
  uint64_t time_ = 0;
  uint32_t handle_ = 0;
};

absl::Status ReadMatches(const Json& text, absl::FunctionRef<void(const WindowMatch&)> add) {
  if (text.is_null()) return absl::OkStatus();
  if (!text.is_string()) return Bad();
  uint64_t time = 0;
  uint32_t handle = 0;
  for (const absl::string_view word :
       absl::StrSplit(text.get_ref<const std::string&>(), ' ', absl::SkipEmpty())) {
    const size_t colon = std::min(word.find(':'), word.size());
    int64_t later = 0;
    int32_t further = 0;
    if (!absl::SimpleAtoi(word.substr(0, colon), &later)) return Bad();
    time += static_cast<uint64_t>(later);
    if (colon == word.size()) {
      add(WindowMatch(static_cast<TimeNs>(time)));
      continue;
    }
    if (!absl::SimpleAtoi(word.substr(colon + 1), &further)) return Bad();
    handle += static_cast<uint32_t>(further);
    add(WindowMatch(static_cast<TimeNs>(time), handle));
  }
  return absl::OkStatus();
}

// Puts in what a new timeline has not.
void SaveTime(const char* key, TimeNs t, Json* state) {
  if (t != kNoTime) (*state)[key] = t;
}

Json SaveView(const TimelineView& view, const EvidenceRing& evidence) {
  MatchesText lines(evidence);
  for (const WindowMatch& match : view.lines) lines.Append(match);
  return {{"value", view.value}, {"exact", view.exact}, {"lines", lines.Take()}};
}

}  // namespace

Json TimelineState::Save(const GroupTimeline& timeline, const EvidenceRing& evidence) {
  const SlidingWindow& window = timeline.window_;
  MatchesText matches(evidence);
  window.ForEach([&](const WindowMatch& match) { matches.Append(match); });
  const GroupTimeline::Rare& rare = timeline.seen();
  Json state = {{"decided", timeline.last_instant_}, {"matches", matches.Take()}};
  if (timeline.state_ != 0) state["state"] = timeline.state_;
  if (timeline.holds_) state["holds"] = true;
  if (timeline.count_ != 0) state["count"] = timeline.count_;
  SaveTime("since", rare.since, &state);
  SaveTime("false_since", rare.false_since, &state);
  SaveTime("last_clear", rare.last_clear, &state);
  SaveTime("look_again", rare.look_again, &state);
  SaveTime("absence_start", rare.absence_start, &state);
  SaveTime("last_match", rare.last_match, &state);
  SaveTime("hold_until", rare.hold_until, &state);
  SaveTime("trimmed", window.trimmed_through(), &state);
  if (rare.ended_late) state["ended_late"] = true;
  if (!rare.clears.empty()) {
    state["clears"] = std::vector<TimeNs>(rare.clears.begin(), rare.clears.end());
  }
  if (rare.last_true.has_value()) {
    state["last_true"] = SaveView(*rare.last_true, evidence);
  }
  return state;
}

absl::Status TimelineState::RestoreAlert(const Json& state, GroupTimeline* timeline) {
  if (!state.is_object()) return Bad();
  Members members(state);
  const int64_t alert = members.Integer("state", 0);
  AlertStatus status;
  status.since = members.Time("since");
  status.false_since = members.Time("false_since");
  timeline->last_instant_ = members.Time("decided");
  if (!members.ok() || alert < 0 || alert > static_cast<int>(AlertState::kFiring)) return Bad();
  status.state = static_cast<AlertState>(alert);
  timeline->SetStatus(status);
  return absl::OkStatus();
}

void TimelineState::HoldFiring(TimeNs since, TimeNs until, GroupTimeline* timeline) {
  AlertStatus status = timeline->status();
  if (status.state != AlertState::kFiring) status = {AlertState::kFiring, since, kNoTime};
  status.false_since = kNoTime;
  timeline->SetStatus(status);
  timeline->HoldUntil(until);
}

absl::Status TimelineState::Restore(const Json& state, const EvidenceRing& evidence,
                                    GroupTimeline* timeline) {
  RETURN_IF_ERROR(RestoreAlert(state, timeline));
  Members members(state);
  GroupTimeline::Rare& rare = timeline->rare();
  for (const Json& clear : members.Array("clears")) {
    if (!clear.is_number_integer()) return Bad();
    rare.clears.insert(clear.get<int64_t>());
  }
  rare.last_clear = members.Time("last_clear");
  rare.look_again = members.Time("look_again");
  rare.ended_late = members.Bool("ended_late", false);
  timeline->holds_ = members.Bool("holds", false);
  timeline->count_ = static_cast<int32_t>(members.Integer("count", 0));
  rare.absence_start = members.Time("absence_start");
  rare.last_match = members.Time("last_match");
  rare.hold_until = members.Time("hold_until");
  timeline->window_.set_trimmed_through(members.Time("trimmed"));
  RETURN_IF_ERROR(ReadMatches(members.Value("matches"), [&](const WindowMatch& match) {
    timeline->window_.Insert(match, timeline->last_instant_, &evidence);
  }));
  if (state.contains("last_true")) {
    Members last_true(state["last_true"]);
    TimelineView view;
    view.value = last_true.Integer("value", 0);
    view.exact = last_true.Bool("exact", true);
    RETURN_IF_ERROR(ReadMatches(last_true.Value("lines"),
                                [&](const WindowMatch& match) { view.lines.push_back(match); }));
    if (!last_true.ok()) return Bad();
    rare.last_true = std::move(view);
  }
  if (rare.IsBlank()) timeline->rare_.reset();
  return members.ok() ? absl::OkStatus() : Bad();
}

}  // namespace tallybell
