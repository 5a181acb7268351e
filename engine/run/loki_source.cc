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
#include "engine/run/loki_bodies.h"

namespace tallybell {
namespace {

// How much is evaluated before what is certain is told.
constexpr size_t kBytesARead = 4 << 20;

// Of what may be read again so many lines are known; some 30 MiB. Beyond, what came late is looked
// for in a shorter past, and what is not settled is not read early.
constexpr size_t kMostSeen = 2'000'000;

// What may have come late unheard when a run ended.
constexpr DurationNs kBeforeRestart = kMinute;

constexpr absl::string_view kFoundNames[] = {"tail", "sweep", "late"};

std::string DoubtRow(absl::string_view key) { return absl::StrCat(key, "\nin doubt"); }

StreamEvaluation::Options StreamOptions(const LokiSourceConfig& config) {
  StreamEvaluation::Options options;
  options.source = config.Key();
  options.labels = &config.labels;
  options.records.zone = config.zone;
  options.records.max_future = config.max_future;
  options.lateness = config.lateness;
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LokiSource>> LokiSource::Create(
    const LokiSourceConfig* config, const LokiFormer& former,
    const std::vector<PositionRow>& stored, LiveRules* rules, const Clock* clock,
    Metrics* metrics) {
  absl::StatusOr<std::unique_ptr<LokiFeed>> feed = LokiFeed::Create(config, clock, metrics);
  if (!feed.ok()) {
    return absl::Status(feed.status().code(),
                        absl::StrCat(config->Key(), ": ", feed.status().message()));
  }
  std::unique_ptr<LokiSource> source(
      new LokiSource(config, former, stored, rules, clock, metrics, *std::move(feed)));
  source->feed_->Start(source->passes_, source->doubted_);
  return source;
}

LokiSource::LokiSource(const LokiSourceConfig* config, const LokiFormer& former,
                       const std::vector<PositionRow>& stored, LiveRules* rules, const Clock* clock,
                       Metrics* metrics, std::unique_ptr<LokiFeed> feed)
    : config_(config),
      clock_(clock),
      feed_(std::move(feed)),
      seen_(config->Key(), stored),
      passes_(config->Ages(), SubtractNs(clock->Now(), config->start)),
      streams_(StreamOptions(*config), stored, rules, clock),
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
  Inherit(former, stored);
}

LokiSource::~LokiSource() { feed_->Stop(); }

void LokiSource::RestorePasses(const std::vector<PositionRow>& stored) {
  passes_changed_ = true;
  for (const PositionRow& row : stored) {
    if (row.source == DoubtRow(config_->Key())) {
      const absl::StatusOr<Json> from = ParseJson(row.state);
      if (from.ok() && from->is_number_integer()) saved_doubt_ = from->get<int64_t>();
      doubted_ = std::min(doubted_, saved_doubt_);
    }
    std::vector<DurationNs> ages;
    std::vector<TimeNs> read_to;
    if (row.source != LokiPassesRow(config_->Key()) ||
        !ReadLokiPasses(row.state, &ages, &read_to)) {
      continue;
    }
    passes_.Restore(ages, read_to);
    // What came late while nobody looked is looked for.
    doubted_ = std::min(doubted_, SubtractNs(passes_.settled(), kBeforeRestart));
  }
}

// What another query gave and was counted is not counted again because this one gives it, too.
void LokiSource::Inherit(const LokiFormer& former, const std::vector<PositionRow>& stored) {
  if (former.keys.empty()) return;
  passes_ = LokiPasses(config_->Ages(), std::max(passes_.settled(), former.horizon));
  for (const std::string& key : former.keys) {
    seen_.Inherit(key, stored);
    for (const PositionRow& row : stored) {
      const bool ours = row.source == LokiPassesRow(key) || row.source == DoubtRow(key) ||
                        LokiSeen::IsRowOf(key, row);
      if (ours) former_rows_.push_back(row.source);
    }
  }
}

// What was not there before is counted.
void LokiSource::TakeBatch(LokiBatch batch) {
  const std::vector<uint64_t> ids = LokiSeen::Identify(batch.entries);
  std::vector<bool> is_new(ids.size());
  int64_t news = 0, given_up = 0;
  TimeNs first_news = kNever;
  const TimeNs horizon = passes_.horizon();
  for (size_t i = 0; i < ids.size(); ++i) {
    const TimeNs time = batch.entries.entries[i].time;
    // Of what is so old nobody knows any more whether it was counted.
    given_up += time < horizon;
    is_new[i] = time >= horizon && seen_.Add(time, ids[i]);
    news += is_new[i];
    if (is_new[i]) first_news = std::min(first_news, time);
    if (is_new[i] && batch.entries.entries[i].line.size() == kMaxLokiLine) cut_total_.Add();
  }
  if (news > 0) {
    const PushedBody body = LokiBody(std::move(batch.entries), is_new);
    for (const PushedStream& pushed : body.streams()) {
      streams_.Take(body, pushed, config_->target.tenant, batch.asked_at);
    }
    lines_total_.Add(news);
    bytes_total_.Add(static_cast<int64_t>(body.memory()));
    found_total_[static_cast<size_t>(batch.found)]->Add(news);
    // What was settled had been read before.
    if (first_news < passes_.settled()) feed_->NoteLate(first_news);
  }
  given_up_total_.Add(given_up);
  future_total_.Add(streams_.TakeClamped());
  passes_.NoteRead(batch.from, batch.to, batch.asked_at);
  passes_changed_ = true;
  seen_.Forget(passes_.horizon());
}

// Holds what is remembered within its bound.
void LokiSource::Restrict() {
  const TimeNs excess = seen_.Excess(kMostSeen);
  if (excess != kNoTime) {
    passes_.GiveUp(excess);
    passes_changed_ = true;
    seen_.Forget(passes_.horizon());
  }
  // Not back and forth: it stays so until there is much room again.
  const size_t ample = kMostSeen / 2;
  const bool restricted = excess != kNoTime || (restricted_ && seen_.size() > ample);
  const bool early = seen_.size() <= (early_ ? kMostSeen : ample);
  if (excess != kNoTime || early != early_) feed_->Restrict(passes_.horizon(), early);
  early_ = early;
  if (restricted == std::exchange(restricted_, restricted)) return;
  LogWarn(restricted
              ? "too many lines of a Loki to look for what came late as far back as configured"
              : "what came late to a Loki is looked for as configured again",
          {{"source", config_->Key()}});
}

bool LokiSource::Read() {
  // While more waits to be decided than may, what is ahead of its rules' clocks waits in its Loki
  // for the sources that hold them.
  if (streams_.MustWait(passes_.settled())) {
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
  streams_.Progress(passes_.settled());
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
  streams_.SetLive(!health_.down());
  remembered_.Set(static_cast<int64_t>(seen_.size()));
}

void LokiSource::Save(Delta* delta) {
  seen_.Save(delta);
  streams_.Save(delta);
  SaveDoubt(delta);
  for (std::string& row : former_rows_) delta->positions.push_back({std::move(row), "", true});
  former_rows_.clear();
  if (!std::exchange(passes_changed_, false)) return;
  Json state = Json::array();
  for (size_t i = 0; i < passes_.ages().size(); ++i) {
    state.push_back({passes_.ages()[i], passes_.read_to()[i]});
  }
  delta->positions.push_back({LokiPassesRow(config_->Key()), DumpJson(state)});
}

void LokiSource::SaveDoubt(Delta* delta) {
  const TimeNs doubted = feed_->doubted();
  if (std::exchange(saved_doubt_, doubted) == doubted) return;
  const std::string state = doubted == kNever ? "" : DumpJson(Json(doubted));
  delta->positions.push_back({DoubtRow(config_->Key()), state, doubted == kNever});
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

}  // namespace tallybell
