// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/stream_evaluation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// So many streams are named by their labels where lines are shown; the rest by the source.
constexpr size_t kMostNames = 10'000;
constexpr size_t kMaxNameBytes = 512;

}  // namespace

StreamEvaluation::StreamEvaluation(const Options& options, const std::vector<PositionRow>& stored,
                                   LiveRules* rules, const Clock* clock)
    : options_(options),
      rules_(rules),
      clock_(clock),
      streams_(options.source, options.labels, &rules->matcher, stored) {
  TakeUpRules();
}

// What follows from the rules in force.
void StreamEvaluation::TakeUpRules() {
  const size_t rules = rules_->rules.rules.size();
  records_ =
      std::make_unique<PushRecords>(options_.records, &rules_->candidates, &rules_->matcher, rules);
  clamped_ = 0;
  watched_.clear();
  files_.clear();
  watched_of_rule_.assign(rules, -1);
  for (PushStream& stream : streams_.all()) Watch(&stream);
}

void StreamEvaluation::Watch(PushStream* stream) {
  if (stream->watched) return;
  stream->watched = true;
  const bool all_watched =
      std::all_of(stream->rules.begin(), stream->rules.end(),
                  [this](uint32_t rule) { return watched_of_rule_[rule] >= 0; });
  if (all_watched) return;
  const TimeNs now = clock_->Now();
  Watched watched;
  watched.source = rules_->evaluator.AddSource({stream->labels}, options_.lateness, now);
  for (const uint32_t rule : stream->rules) {
    if (watched_of_rule_[rule] < 0) watched_of_rule_[rule] = static_cast<int>(watched_.size());
  }
  watched_.push_back(watched);
  if (!live_) rules_->evaluator.SetLive(watched.source, false, now);
}

// Tells when each of the stream's rules began to be watched.
void StreamEvaluation::NoteTimes(PushStream* stream, TimeNs first, TimeNs last) {
  for (const uint32_t rule : stream->rules) {
    Watched& watched = watched_[watched_of_rule_[rule]];
    if (!watched.started) {
      watched.started = true;
      rules_->evaluator.Started(watched.source, first);
    }
    watched.latest = std::max(watched.latest, last);
  }
}

uint32_t StreamEvaluation::FileOf(const PushStream& stream) {
  const auto found = files_.find(stream.row);
  if (found != files_.end()) return found->second;
  std::string name = options_.source;
  if (files_.size() < kMostNames) {
    name = rules_->redactor.Redact(FormatLabels(stream.labels));
    name = std::string(Utf8Truncate(name, kMaxNameBytes));
  }
  const uint32_t file = rules_->evaluator.AddFile(name);
  if (files_.size() < kMostNames) files_.emplace(stream.row, file);
  return file;
}

void StreamEvaluation::Take(const PushedBody& body, const PushedStream& pushed,
                            absl::string_view tenant, TimeNs arrival) {
  PushStream* const stream = streams_.Get(pushed.labels, tenant);
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
}

void StreamEvaluation::Progress(TimeNs complete_to) {
  for (const Watched& watched : watched_) rules_->evaluator.Progress(watched.source, complete_to);
}

void StreamEvaluation::SetLive(bool live) {
  if (std::exchange(live_, live) == live) return;
  const TimeNs now = clock_->Now();
  for (const Watched& watched : watched_) rules_->evaluator.SetLive(watched.source, live, now);
}

void StreamEvaluation::WatchAnew() {
  const TimeNs now = clock_->Now();
  for (const Watched& watched : watched_) rules_->evaluator.WatchAnew(watched.source, now);
}

bool StreamEvaluation::MustWait(TimeNs complete_to) const {
  if (!rules_->evaluator.Full()) return false;
  std::vector<uint32_t> rules;
  for (uint32_t rule = 0; rule < watched_of_rule_.size(); ++rule) {
    if (watched_of_rule_[rule] >= 0) rules.push_back(rule);
  }
  return rules_->evaluator.Ahead(rules, SubtractNs(complete_to, options_.lateness));
}

int64_t StreamEvaluation::TakeClamped() {
  return records_->clamped() - std::exchange(clamped_, records_->clamped());
}

void StreamEvaluation::UseRules(LiveRules* rules) {
  rules_ = rules;
  TimeNs latest = kNoTime;
  for (const Watched& watched : watched_) latest = std::max(latest, watched.latest);
  streams_.UseRules(&rules->matcher);
  TakeUpRules();
  if (latest == kNoTime) return;
  for (Watched& watched : watched_) {
    watched.started = true;
    rules->evaluator.Started(watched.source, latest);
  }
}

}  // namespace tallybell
