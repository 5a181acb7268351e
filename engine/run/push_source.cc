// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/crash_point.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

// How much is evaluated before what is certain is told.
constexpr size_t kBytesARead = 4 << 20;

// Nobody could push for so long: what is not there may be under way.
constexpr DurationNs kPause = kMinute;
constexpr DurationNs kSaveAlive = 10 * kSecond;

constexpr int kNoContent = 204;

PushIntake::Options IntakeOptions(const PushSourceConfig& config) {
  PushIntake::Options options;
  options.source = config.Key();
  options.require_tenant = config.require_tenant;
  options.limits = config.limits;
  return options;
}

StreamEvaluation::Options StreamOptions(const PushSourceConfig& config) {
  StreamEvaluation::Options options;
  options.source = config.Key();
  options.labels = &config.labels;
  options.records.zone = config.zone;
  options.records.max_future = config.max_future;
  options.lateness = config.lateness;
  return options;
}

PushError AnswerFor(const PushedBody& body) {
  PushError answer;
  answer.status = kNoContent;
  if (!body.refusal().empty()) answer = PushErrorOf(absl::InvalidArgumentError(body.refusal()));
  return answer;
}

}  // namespace

PushSource::PushSource(const PushSourceConfig* config, const std::vector<PositionRow>& stored,
                       LiveRules* rules, const Clock* clock, Metrics* metrics)
    : config_(config),
      clock_(clock),
      queue_(config->queue_bytes),
      intake_(IntakeOptions(*config), &queue_, clock, metrics),
      repeats_(config->Key(), stored),
      streams_(StreamOptions(*config), stored, rules, clock),
      health_(config->Key(), config->stall_after, stored),
      lines_total_(metrics->Get("source_lines_total", {{"source", config->Key()}})),
      bytes_total_(metrics->Get("source_bytes_total", {{"source", config->Key()}})),
      repeats_total_(metrics->Get("push_repeats_total", {{"source", config->Key()}})),
      clamped_total_(metrics->Get("push_clamped_times_total", {{"source", config->Key()}})),
      queue_bytes_(metrics->Get("push_queue_bytes", {{"source", config->Key()}})) {
  WatchAnewAfterPause(stored);
}

// Who could not push meanwhile tries again only after a while.
void PushSource::WatchAnewAfterPause(const std::vector<PositionRow>& stored) {
  const TimeNs now = clock_->Now();
  for (const PositionRow& row : stored) {
    if (row.source != AliveRow()) continue;
    const absl::StatusOr<Json> state = ParseJson(row.state);
    if (!state.ok() || !state->is_string()) continue;
    const absl::StatusOr<TimeNs> alive = ParseRfc3339(state->get_ref<const std::string&>());
    if (!alive.ok() || SubtractNs(now, *alive) < kPause) continue;
    streams_.WatchAnew();
  }
}

std::string PushSource::AliveRow() const { return absl::StrCat(config_->Key(), "\nalive"); }

// When clients could push last.
void PushSource::SaveAlive(Delta* delta) {
  const TimeNs monotonic = clock_->Monotonic();
  if (alive_saved_ != kNoTime && monotonic - alive_saved_ < kSaveAlive) return;
  alive_saved_ = monotonic;
  delta->positions.push_back({AliveRow(), DumpJson(Json(FormatRfc3339(clock_->Now())))});
}

PushSource::~PushSource() = default;

void PushSource::TakePush(Push push) {
  answers_.emplace_back(push.reply, AnswerFor(push.body));
  if (repeats_.Repeats(push.digest, clock_->Now())) {
    // It came before, and is answered when that is committed or, if it was, at once.
    repeats_total_.Add();
    return;
  }
  for (const PushedStream& pushed : push.body.streams()) {
    streams_.Take(push.body, pushed, push.tenant, push.arrival);
    lines_total_.Add(static_cast<int64_t>(pushed.entries.size()));
  }
  bytes_total_.Add(static_cast<int64_t>(push.body.bytes().size()));
}

bool PushSource::Read() {
  const TimeNs now = clock_->Now();
  size_t bytes = 0;
  Push push;
  while (bytes < kBytesARead && queue_.Take(&push)) {
    bytes += push.body.memory();
    TakePush(std::move(push));
  }
  if (!answers_.empty()) CrashPoint("push-waits");
  clamped_total_.Add(streams_.TakeClamped());
  queue_bytes_.Set(static_cast<int64_t>(queue_.bytes()));
  const TimeNs oldest = queue_.oldest();
  complete_to_ = oldest == kNoTime ? now : std::min(now, oldest);
  streams_.Progress(complete_to_);
  return oldest != kNoTime;
}

void PushSource::Poll(Delta*) {
  repeats_.Expire(clock_->Now());
  health_.NoteWell(clock_->Now());
}

void PushSource::Save(Delta* delta) {
  repeats_.Save(delta);
  streams_.Save(delta);
  SaveAlive(delta);
  if (answers_.empty()) return;
  delta->urgent = true;
  delta->committed.push_back([answers = std::exchange(answers_, {})] {
    for (const auto& [reply, answer] : answers) reply->Answer(answer);
  });
}

bool PushSource::Unsaved() const { return Urgent() || repeats_.Unsaved() || streams_.Unsaved(); }

SourceView PushSource::View() const {
  SourceView view;
  view.key = config_->Key();
  view.lateness = config_->lateness;
  view.complete_to = complete_to_;
  view.lines = lines_total_.Value();
  view.bytes = bytes_total_.Value();
  if (queue_.bytes() > 0) view.state = SourceView::State::kBehind;
  return view;
}

void PushSource::UseRules(LiveRules* rules) { streams_.UseRules(rules); }

}  // namespace tallybell
