// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/crash_point.h"
#include "engine/base/json_text.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// How much is evaluated before what is certain is told.
constexpr size_t kBytesARead = 4 << 20;

// So many streams are named by their labels where lines are shown; the rest by the source.
constexpr size_t kMostNames = 10'000;
constexpr size_t kMaxNameBytes = 512;

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
      rules_(rules),
      clock_(clock),
      queue_(config->queue_bytes),
      intake_(IntakeOptions(*config), &queue_, clock, metrics),
      repeats_(config->Key(), stored),
      streams_(config->Key(), &config->labels, &rules->matcher, stored),
      health_(config->Key(), config->stall_after, stored),
      lines_total_(metrics->Get("source_lines_total", {{"source", config->Key()}})),
      bytes_total_(metrics->Get("source_bytes_total", {{"source", config->Key()}})),
      repeats_total_(metrics->Get("push_repeats_total", {{"source", config->Key()}})),
      clamped_total_(metrics->Get("push_clamped_times_total", {{"source", config->Key()}})),
      queue_bytes_(metrics->Get("push_queue_bytes", {{"source", config->Key()}})) {
  TakeUpRules();
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
    for (const Watched& watched : watched_) rules_->evaluator.WatchAnew(watched.source, now);
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

// What follows from the rules in force.
void PushSource::TakeUpRules() {
  PushRecords::Options options;
  options.zone = config_->zone;
  options.max_future = config_->max_future;
  const size_t rules = rules_->rules.rules.size();
  records_ = std::make_unique<PushRecords>(options, &rules_->candidates, &rules_->matcher, rules);
  clamped_ = 0;
  watched_.clear();
  files_.clear();
  watched_of_rule_.assign(rules, -1);
  for (PushStream& stream : streams_.all()) Watch(&stream);
}

// A rule's clock goes by the sources that it could select, and all streams of one place to push to
// are complete to the same time: one of them is enough for a rule.
void PushSource::Watch(PushStream* stream) {
  if (stream->watched) return;
  stream->watched = true;
  const bool all_watched =
      std::all_of(stream->rules.begin(), stream->rules.end(),
                  [this](uint32_t rule) { return watched_of_rule_[rule] >= 0; });
  if (all_watched) return;
  Watched watched;
  watched.source = rules_->evaluator.AddSource({stream->labels}, config_->lateness, clock_->Now());
  for (const uint32_t rule : stream->rules) {
    if (watched_of_rule_[rule] < 0) watched_of_rule_[rule] = static_cast<int>(watched_.size());
  }
  watched_.push_back(watched);
}

// Tells when each of the stream's rules began to be watched.
void PushSource::NoteTimes(PushStream* stream, TimeNs first, TimeNs last) {
  for (const uint32_t rule : stream->rules) {
    Watched& watched = watched_[watched_of_rule_[rule]];
    if (!watched.started) {
      watched.started = true;
      rules_->evaluator.Started(watched.source, first);
    }
    watched.latest = std::max(watched.latest, last);
  }
}

uint32_t PushSource::FileOf(const PushStream& stream) {
  const auto found = files_.find(stream.row);
  if (found != files_.end()) return found->second;
  std::string name = config_->Key();
  if (files_.size() < kMostNames) {
    name = rules_->redactor.Redact(FormatLabels(stream.labels));
    name = std::string(Utf8Truncate(name, kMaxNameBytes));
  }
  const uint32_t file = rules_->evaluator.AddFile(name);
  if (files_.size() < kMostNames) files_.emplace(stream.row, file);
  return file;
}

void PushSource::TakeStream(const Push& push, const PushedStream& pushed) {
  PushStream* const stream = streams_.Get(pushed.labels, push.tenant);
  Watch(stream);
  std::vector<MatchedRecord> records;
  records_->Read(push.body, pushed, push.arrival, stream, &records);
  const TimeNs first = records_->first_time();
  NoteTimes(stream, first, records.empty() ? first : records.back().time);
  const uint32_t file = records.empty() ? 0 : FileOf(*stream);
  for (MatchedRecord& record : records) {
    record.file = file;
    rules_->evaluator.Add(record);
  }
  lines_total_.Add(static_cast<int64_t>(pushed.entries.size()));
}

void PushSource::TakePush(Push push) {
  answers_.emplace_back(push.reply, AnswerFor(push.body));
  if (repeats_.Repeats(push.digest, clock_->Now())) {
    // It came before, and is answered when that is committed or, if it was, at once.
    repeats_total_.Add();
    return;
  }
  for (const PushedStream& pushed : push.body.streams()) TakeStream(push, pushed);
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
  clamped_total_.Add(records_->clamped() - std::exchange(clamped_, records_->clamped()));
  queue_bytes_.Set(static_cast<int64_t>(queue_.bytes()));
  const TimeNs oldest = queue_.oldest();
  complete_to_ = oldest == kNoTime ? now : std::min(now, oldest);
  for (const Watched& watched : watched_) {
    rules_->evaluator.Progress(watched.source, complete_to_);
  }
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

void PushSource::UseRules(LiveRules* rules) {
  rules_ = rules;
  const std::vector<Watched> watched_before = watched_;
  streams_.UseRules(&rules->matcher);
  TakeUpRules();
  TimeNs latest = kNoTime;
  for (const Watched& watched : watched_before) latest = std::max(latest, watched.latest);
  if (latest == kNoTime) return;
  for (Watched& watched : watched_) {
    watched.started = true;
    rules->evaluator.Started(watched.source, latest);
  }
}

}  // namespace tallybell
