// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/timeline_state.h"

#include <algorithm>

#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

absl::Status Bad() { return absl::InvalidArgumentError("not the state of a timeline"); }

// Reads members of one JSON object; one that is missing or of another type makes ok() false.
class Members {
 public:
  explicit Members(const Json& object) : object_(object), ok_(object.is_object()) {}

  int64_t Integer(const char* key) {
    const Json* const value = Find(key);
    if (value == nullptr || !value->is_number_integer()) return Fail();
    return value->get<int64_t>();
  }
  bool Bool(const char* key) {
    const Json* const value = Find(key);
    if (value == nullptr || !value->is_boolean()) return Fail() != 0;
    return value->get<bool>();
  }
  // An empty array where it is missing.
  const Json& Array(const char* key) {
    static const Json* const kEmpty = new Json(Json::array());
    const Json* const value = Find(key);
    if (value == nullptr || !value->is_array()) {
      Fail();
      return *kEmpty;
    }
    return *value;
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

// [time, offset, file, line]; the line is null where it is kept no more.
Json SaveMatch(const WindowMatch& match, bool with_line, const EvidenceRing& evidence,
               const std::vector<std::string>& file_names) {
  absl::string_view line;
  const bool known = with_line && evidence.Get(match.evidence, &line);
  return Json::array({match.time, match.offset, file_names[match.file],
                      known ? Json(std::string(line)) : Json(nullptr)});
}

absl::Status RestoreMatch(const Json& state, EvidenceRing* evidence,
                          absl::FunctionRef<uint32_t(const std::string&)> add_file,
                          WindowMatch* match) {
  if (!state.is_array() || state.size() != 4 || !state[0].is_number_integer() ||
      !state[1].is_number_integer() || !state[2].is_string() ||
      !(state[3].is_string() || state[3].is_null())) {
    return Bad();
  }
  match->time = state[0].get<int64_t>();
  match->offset = state[1].get<uint64_t>();
  match->file = add_file(state[2].get_ref<const std::string&>());
  match->evidence = state[3].is_string() ? evidence->Add(state[3].get_ref<const std::string&>())
                                         : EvidenceRing::kNone;
  return absl::OkStatus();
}

}  // namespace

Json TimelineState::Save(const GroupTimeline& timeline, const EvidenceRing& evidence,
                         const std::vector<std::string>& file_names) {
  Json matches = Json::array();
  const absl::Span<const WindowMatch> all = timeline.window_.all();
  for (size_t i = 0; i < all.size(); ++i) {
    matches.push_back(SaveMatch(all[i], i + kMaxLines >= all.size(), evidence, file_names));
  }
  Json state = {
      {"state", static_cast<int>(timeline.status_.state)},
      {"since", timeline.status_.since},
      {"false_since", timeline.status_.false_since},
      {"decided", timeline.last_instant_},
      {"clears", timeline.clears_},
      {"last_clear", timeline.last_clear_},
      {"look_again", timeline.look_again_},
      {"ended_late", timeline.ended_late_},
      {"holds", timeline.holds_},
      {"count", timeline.count_},
      {"absence_start", timeline.absence_start_},
      {"last_match", timeline.last_match_},
      {"hold_until", timeline.hold_until_},
      {"trimmed", timeline.window_.trimmed_through()},
      {"matches", std::move(matches)},
  };
  if (timeline.last_true_.has_value()) {
    Json lines = Json::array();
    for (const WindowMatch& match : timeline.last_true_->lines) {
      lines.push_back(SaveMatch(match, true, evidence, file_names));
    }
    state["last_true"] = {{"value", timeline.last_true_->value},
                          {"exact", timeline.last_true_->exact},
                          {"lines", std::move(lines)}};
  }
  return state;
}

absl::Status TimelineState::RestoreAlert(const Json& state, GroupTimeline* timeline) {
  Members members(state);
  const int64_t alert = members.Integer("state");
  timeline->status_.since = members.Integer("since");
  timeline->status_.false_since = members.Integer("false_since");
  timeline->last_instant_ = members.Integer("decided");
  if (!members.ok() || alert < 0 || alert > static_cast<int>(AlertState::kFiring)) return Bad();
  timeline->status_.state = static_cast<AlertState>(alert);
  return absl::OkStatus();
}

void TimelineState::HoldFiring(TimeNs since, TimeNs until, GroupTimeline* timeline) {
  if (timeline->status_.state != AlertState::kFiring) {
    timeline->status_.state = AlertState::kFiring;
    timeline->status_.since = since;
  }
  timeline->status_.false_since = kNoTime;
  timeline->HoldUntil(until);
}

absl::Status TimelineState::Restore(const Json& state, EvidenceRing* evidence,
                                    absl::FunctionRef<uint32_t(const std::string&)> add_file,
                                    GroupTimeline* timeline) {
  RETURN_IF_ERROR(RestoreAlert(state, timeline));
  Members members(state);
  for (const Json& clear : members.Array("clears")) {
    if (!clear.is_number_integer()) return Bad();
    timeline->clears_.push_back(clear.get<int64_t>());
  }
  if (!std::is_sorted(timeline->clears_.begin(), timeline->clears_.end())) return Bad();
  timeline->last_clear_ = members.Integer("last_clear");
  timeline->look_again_ = members.Integer("look_again");
  timeline->ended_late_ = members.Bool("ended_late");
  timeline->holds_ = members.Bool("holds");
  timeline->count_ = members.Integer("count");
  timeline->absence_start_ = members.Integer("absence_start");
  timeline->last_match_ = members.Integer("last_match");
  timeline->hold_until_ = members.Integer("hold_until");
  timeline->window_.set_trimmed_through(members.Integer("trimmed"));
  for (const Json& saved : members.Array("matches")) {
    WindowMatch match;
    RETURN_IF_ERROR(RestoreMatch(saved, evidence, add_file, &match));
    timeline->window_.Insert(match);
  }
  if (!members.ok()) return Bad();
  if (!state.contains("last_true")) return absl::OkStatus();

  Members last_true(state["last_true"]);
  TimelineView view;
  view.value = last_true.Integer("value");
  view.exact = last_true.Bool("exact");
  for (const Json& saved : last_true.Array("lines")) {
    RETURN_IF_ERROR(RestoreMatch(saved, evidence, add_file, &view.lines.emplace_back()));
  }
  if (!last_true.ok()) return Bad();
  timeline->last_true_ = std::move(view);
  return absl::OkStatus();
}

}  // namespace tallybell
