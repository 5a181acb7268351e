// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/timeline_state.h"

#include <algorithm>

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

// [time, offset, file, line], or the time alone where the line is kept no more.
Json SaveMatch(const WindowMatch& match, bool with_line, const EvidenceRing& evidence,
               const std::vector<std::string>& file_names) {
  EvidenceEntry entry;
  if (!with_line || !evidence.Get(match, &entry)) return match.time();
  return Json::array({match.time(), entry.offset, file_names[entry.file], std::string(entry.line)});
}

absl::Status RestoreMatch(const Json& state, EvidenceRing* evidence,
                          absl::FunctionRef<uint32_t(const std::string&)> add_file,
                          WindowMatch* match) {
  if (state.is_number_integer()) {
    *match = WindowMatch(state.get<int64_t>());
    return absl::OkStatus();
  }
  if (!state.is_array() || state.size() != 4 || !state[0].is_number_integer() ||
      !state[1].is_number_integer() || !state[2].is_string() ||
      !(state[3].is_string() || state[3].is_null())) {
    return Bad();
  }
  const TimeNs time = state[0].get<int64_t>();
  if (state[3].is_null()) {
    *match = WindowMatch(time);
    return absl::OkStatus();
  }
  *match = WindowMatch(time, evidence->Add(time, {add_file(state[2].get_ref<const std::string&>()),
                                                  state[1].get<uint64_t>(),
                                                  state[3].get_ref<const std::string&>()}));
  return absl::OkStatus();
}

// Puts in what a new timeline has not.
void SaveTime(const char* key, TimeNs t, Json* state) {
  if (t != kNoTime) (*state)[key] = t;
}

Json SaveView(const TimelineView& view, const EvidenceRing& evidence,
              const std::vector<std::string>& file_names) {
  Json lines = Json::array();
  for (const WindowMatch& match : view.lines) {
    lines.push_back(SaveMatch(match, true, evidence, file_names));
  }
  return {{"value", view.value}, {"exact", view.exact}, {"lines", std::move(lines)}};
}

}  // namespace

Json TimelineState::Save(const GroupTimeline& timeline, const EvidenceRing& evidence,
                         const std::vector<std::string>& file_names) {
  const SlidingWindow& window = timeline.window_;
  Json matches = Json::array();
  for (size_t i = 0; i < window.size(); ++i) {
    // The first line is shown, and the newest, whatever comes.
    const bool with_line = i == 0 || i + kMaxLines >= window.size();
    matches.push_back(SaveMatch(window.At(i), with_line, evidence, file_names));
  }
  const GroupTimeline::Rare& rare = timeline.seen();
  Json state = {{"decided", timeline.last_instant_}, {"matches", std::move(matches)}};
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
    state["last_true"] = SaveView(*rare.last_true, evidence, file_names);
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

absl::Status TimelineState::Restore(const Json& state, EvidenceRing* evidence,
                                    absl::FunctionRef<uint32_t(const std::string&)> add_file,
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
  for (const Json& saved : members.Array("matches")) {
    WindowMatch match;
    RETURN_IF_ERROR(RestoreMatch(saved, evidence, add_file, &match));
    timeline->window_.Insert(match, timeline->last_instant_, evidence);
  }
  if (state.contains("last_true")) {
    Members last_true(state["last_true"]);
    TimelineView view;
    view.value = last_true.Integer("value", 0);
    view.exact = last_true.Bool("exact", true);
    for (const Json& saved : last_true.Array("lines")) {
      RETURN_IF_ERROR(RestoreMatch(saved, evidence, add_file, &view.lines.emplace_back()));
    }
    if (!last_true.ok()) return Bad();
    rare.last_true = std::move(view);
  }
  if (rare.IsBlank()) timeline->rare_.reset();
  return members.ok() ? absl::OkStatus() : Bad();
}

}  // namespace tallybell
