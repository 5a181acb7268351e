// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/crash_point.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"
#include "engine/run/loki_bodies.h"

namespace tallybell {
namespace {

// How much is evaluated before what is certain is told.
constexpr size_t kBytesARead = 4 << 20;

// Of what may be read again so many lines are known; some 30 MiB. Beyond, what came late is looked
// for in a shorter past, and what is not settled is not read early.
constexpr size_t kMostSeen = 2'000'000;

// So many streams are named by their labels where lines are shown; the rest by the source.
constexpr size_t kMostNames = 10'000;
constexpr size_t kMaxNameBytes = 512;

constexpr absl::string_view kFoundNames[] = {"tail", "sweep", "late"};

std::string PassesRow(const LokiSourceConfig& config) {
  return absl::StrCat(config.Key(), "\nread to");
}

}  // namespace

absl::StatusOr<std::unique_ptr<LokiSource>> LokiSource::Create(
    const LokiSourceConfig* config, const std::vector<PositionRow>& stored, LiveRules* rules,
    const Clock* clock, Metrics* metrics) {
  absl::StatusOr<std::unique_ptr<LokiFeed>> feed = LokiFeed::Create(config, clock, metrics);
  if (!feed.ok()) {
    return absl::Status(feed.status().code(),
                        absl::StrCat(config->Key(), ": ", feed.status().message()));
  }
  std::unique_ptr<LokiSource> source(
      new LokiSource(config, stored, rules, clock, metrics, *std::move(feed)));
  source->feed_->Start(source->passes_);
  return source;
}

LokiSource::LokiSource(const LokiSourceConfig* config, const std::vector<PositionRow>& stored,
                       LiveRules* rules, const Clock* clock, Metrics* metrics,
                       std::unique_ptr<LokiFeed> feed)
    : config_(config),
      rules_(rules),
      clock_(clock),
      feed_(std::move(feed)),
      seen_(config->Key(), stored),
      passes_(config->Ages(), SubtractNs(clock->Now(), config->start)),
      streams_(config->Key(), &config->labels, &rules->matcher, stored),
      health_(config->Key(), config->stall_after, stored),
      lines_total_(metrics->Get("source_lines_total", {{"source", config->Key()}})),
      bytes_total_(metrics->Get("source_bytes_total", {{"source", config->Key()}})),
      given_up_total_(metrics->Get("loki_given_up_lines_total", {{"source", config->Key()}})),
      cut_total_(metrics->Get("source_lines_cut_total", {{"source", config->Key()}})),
      pauses_total_(metrics->Get("source_pauses_total", {{"source", config->Key()}})),
      future_total_(metrics->Get("source_future_times_total", {{"source", config->Key()}})),
      queue_bytes_(metrics->Get("loki_queue_bytes", {{"source", config->Key()}})),
      remembered_(metrics->Get("loki_remembered_lines", {{"source", config->Key()}})) {
  for (size_t i = 0; i < 3; ++i) {
    found_total_[i] = &metrics->Get(
        "loki_lines_total", {{"source", config->Key()}, {"found", std::string(kFoundNames[i])}});
  }
  RestorePasses(stored);
  TakeUpRules();
}

LokiSource::~LokiSource() { feed_->Stop(); }

void LokiSource::RestorePasses(const std::vector<PositionRow>& stored) {
  passes_changed_ = true;
  for (const PositionRow& row : stored) {
    if (row.source != PassesRow(*config_)) continue;
    const absl::StatusOr<Json> state = ParseJson(row.state);
    if (!state.ok() || !state->is_array()) return;
    std::vector<DurationNs> ages;
    std::vector<TimeNs> read_to;
    for (const Json& pass : *state) {
      if (!pass.is_array() || pass.size() != 2 || !pass[0].is_number_integer() ||
          !pass[1].is_number_integer()) {
        return;
      }
      ages.push_back(pass[0].get<int64_t>());
      read_to.push_back(pass[1].get<int64_t>());
    }
    passes_.Restore(ages, read_to);
  }
}

// What follows from the rules in force.
void LokiSource::TakeUpRules() {
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

// All streams of one Loki are complete to the same time: for the clock of a rule one is enough.
void LokiSource::Watch(PushStream* stream) {
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
  if (!live_) rules_->evaluator.SetLive(watched.source, false, clock_->Now());
}

// Tells when each of the stream's rules began to be watched.
void LokiSource::NoteTimes(PushStream* stream, TimeNs first, TimeNs last) {
  for (const uint32_t rule : stream->rules) {
    Watched& watched = watched_[watched_of_rule_[rule]];
    if (!watched.started) {
      watched.started = true;
      rules_->evaluator.Started(watched.source, first);
    }
    watched.latest = std::max(watched.latest, last);
  }
}

uint32_t LokiSource::FileOf(const PushStream& stream) {
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

void LokiSource::TakeStream(const PushedBody& body, const PushedStream& pushed, TimeNs arrival) {
  PushStream* const stream = streams_.Get(pushed.labels, config_->target.tenant);
  Watch(stream);
  std::vector<MatchedRecord> records;
  records_->Read(body, pushed, arrival, stream, &records);
  const TimeNs first = records_->first_time();
  NoteTimes(stream, first, records.empty() ? first : records.back().time);
  const uint32_t file = records.empty() ? 0 : FileOf(*stream);
  for (MatchedRecord& record : records) {
    record.file = file;
    rules_->evaluator.Add(record);
  }
  lines_total_.Add(static_cast<int64_t>(pushed.entries.size()));
}

// What was not there before is counted.
void LokiSource::TakeBatch(LokiBatch batch) {
  const std::vector<uint64_t> ids = LokiSeen::Identify(batch.entries);
  std::vector<bool> is_new(ids.size());
  int64_t news = 0, given_up = 0;
  const TimeNs horizon = passes_.horizon();
  for (size_t i = 0; i < ids.size(); ++i) {
    const TimeNs time = batch.entries.entries[i].time;
    // Of what is so old nobody knows any more whether it was counted.
    given_up += time < horizon;
    is_new[i] = time >= horizon && seen_.Add(time, ids[i]);
    news += is_new[i];
    if (is_new[i] && batch.entries.entries[i].line.size() == kMaxLokiLine) cut_total_.Add();
  }
  if (news > 0) {
    const PushedBody body = LokiBody(batch.entries, is_new);
    for (const PushedStream& pushed : body.streams()) TakeStream(body, pushed, batch.asked_at);
    bytes_total_.Add(static_cast<int64_t>(body.memory()));
    found_total_[static_cast<size_t>(batch.found)]->Add(news);
  }
  given_up_total_.Add(given_up);
  future_total_.Add(records_->clamped() - std::exchange(clamped_, records_->clamped()));
  passes_.NoteRead(batch.from, batch.to, batch.asked_at);
  passes_changed_ = true;
  seen_.Forget(passes_.horizon());
}

// Holds what is remembered within its bound.
void LokiSource::Restrict() {
  const TimeNs excess = seen_.Excess(kMostSeen);
  const bool early = excess == kNoTime;
  if (!early) {
    passes_.GiveUp(excess);
    passes_changed_ = true;
    seen_.Forget(passes_.horizon());
  }
  if (early && early_) return;
  if (early != early_) {
    LogWarn(early ? "what came late to a Loki is looked for as configured again"
                  : "too many lines of a Loki to look for what came late as far back as configured",
            {{"source", config_->Key()}});
  }
  early_ = early;
  feed_->Restrict(passes_.horizon(), early);
}

// While more waits to be decided than may, what is ahead of its rules' clocks waits in its Loki for
// the sources that hold them.
bool LokiSource::MustWait() const {
  const Evaluator& evaluator = rules_->evaluator;
  if (!evaluator.Full()) return false;
  std::vector<uint32_t> rules;
  for (uint32_t rule = 0; rule < watched_of_rule_.size(); ++rule) {
    if (watched_of_rule_[rule] >= 0) rules.push_back(rule);
  }
  return evaluator.Ahead(rules, SubtractNs(passes_.settled(), config_->lateness));
}

bool LokiSource::Read() {
  if (MustWait()) {
    pauses_total_.Add();
    return false;
  }
  size_t bytes = 0;
  LokiBatch batch;
  while (bytes < kBytesARead && feed_->Take(&batch)) {
    bytes += batch.entries.memory;
    TakeBatch(std::move(batch));
    CrashPoint("loki-batch");
  }
  if (bytes > 0) Restrict();
  for (const Watched& watched : watched_) {
    rules_->evaluator.Progress(watched.source, passes_.settled());
  }
  const size_t waiting = feed_->bytes();
  queue_bytes_.Set(static_cast<int64_t>(waiting));
  return waiting > 0;
}

void LokiSource::Poll(Delta*) {
  const TimeNs now = clock_->Now();
  const absl::Status fault = feed_->fault();
  if (fault.ok()) {
    health_.NoteWell(now);
  } else {
    health_.NoteFault(fault.message(), clock_->Monotonic(), now);
  }
  if (live_ == health_.down()) {
    live_ = !health_.down();
    for (const Watched& watched : watched_) rules_->evaluator.SetLive(watched.source, live_, now);
  }
  remembered_.Set(static_cast<int64_t>(seen_.size()));
}

void LokiSource::Save(Delta* delta) {
  seen_.Save(delta);
  streams_.Save(delta);
  if (!std::exchange(passes_changed_, false)) return;
  Json state = Json::array();
  for (size_t i = 0; i < passes_.ages().size(); ++i) {
    state.push_back({passes_.ages()[i], passes_.read_to()[i]});
  }
  delta->positions.push_back({PassesRow(*config_), DumpJson(state)});
}

bool LokiSource::Unsaved() const {
  return passes_changed_ || seen_.Unsaved() || streams_.Unsaved();
}

SourceView LokiSource::View() const {
  SourceView view;
  view.key = config_->Key();
  view.lateness = config_->lateness;
  view.complete_to = passes_.settled();
  view.lines = lines_total_.Value();
  view.bytes = bytes_total_.Value();
  const DurationNs lag = SubtractNs(clock_->Now(), passes_.settled());
  if (lag > config_->settle + 4 * config_->sweep_every) view.state = SourceView::State::kBehind;
  if (health_.down()) {
    view.state = SourceView::State::kDown;
    view.why = health_.why();
  }
  return view;
}

void LokiSource::UseRules(LiveRules* rules) {
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
