// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_replay.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/run/loki_bodies.h"
#include "engine/run/loki_history.h"
#include "engine/run/push_records.h"

namespace tallybell {
namespace {

// What is evaluated at a time is cut by this and by instants alone, so that nothing depends on how
// large the server's pages are.
constexpr size_t kChunk = 1000;
constexpr TimeNs kBeforeSince = kHour;  // where nobody says since when

}  // namespace

// One query of one tenant: its lines in order, in chunks.
class LokiReplay::Part {
 public:
  Part(LokiReplay* replay, const LokiTarget& whom, std::unique_ptr<LokiHistory> pages,
       const PushRecords::Options& options)
      : target(whom),
        history(std::move(pages)),
        streams(absl::StrCat(whom.tenant, " ", whom.query), &replay->options_.labels,
                &replay->matcher_, {}),
        records(options, &replay->candidates_, &replay->matcher_, replay->rule_set_->rules.size()) {
  }

  // The next chunk, empty at the end only.
  absl::StatusOr<LokiEntries> Next() {
    for (;;) {
      const size_t cut = Cut();
      if (cut > 0 || at_end_) return TakeFirst(cut > 0 ? cut : pending_.entries.size());
      LokiPage page;
      ASSIGN_OR_RETURN(const bool more, history->Next(&page));
      at_end_ = !more;
      if (more) {
        AppendLokiEntries(std::move(page.entries), &pending_);
        read_to_ = page.complete_to;
        // Where there is nothing, time goes by all the same.
        if (pending_.entries.empty()) complete_to = read_to_;
      }
    }
  }
  bool ended() const { return at_end_ && pending_.entries.empty(); }

  const LokiTarget target;
  const std::unique_ptr<LokiHistory> history;
  PushStreams streams;
  PushRecords records;
  TimeNs complete_to = kNoTime;
  int64_t lines = 0;

 private:
  // How many entries the next chunk has; 0: more must be read to know.
  size_t Cut() const {
    for (size_t i = kChunk; i < pending_.entries.size(); ++i) {
      if (pending_.entries[i].time != pending_.entries[i - 1].time) return i;
    }
    return 0;
  }

  LokiEntries TakeFirst(size_t count) {
    LokiEntries chunk = TakeLokiEntries(count, &pending_);
    complete_to = ended() ? kNever : chunk.entries.back().time;
    return chunk;
  }

  LokiEntries pending_;
  TimeNs read_to_ = kNoTime;
  bool at_end_ = false;
};

LokiReplay::LokiReplay(const RuleSet* rules, const Redactor* redactor, Options options,
                       const Clock* clock, Metrics* metrics)
    : options_(std::move(options)),
      redactor_(redactor),
      clock_(clock),
      metrics_(metrics),
      rule_set_(rules),
      matcher_(rules, redactor, metrics),
      candidates_(rules, CandidateRules::Scan::kOn),
      evaluator_(rules, {options_.external_labels, false}, metrics),
      output_(options_.since, &evaluator_),
      rule_watched_(rules->rules.size()) {}

LokiReplay::~LokiReplay() = default;

// So far before `since` as any window reaches.
TimeNs LokiReplay::Begin() const {
  DurationNs longest = 0;
  for (const Rule& rule : rule_set_->rules) {
    longest = std::max(longest, AddNs(rule.leaf().window, rule.hold));
  }
  const TimeNs since =
      options_.since != kNoTime ? options_.since : SubtractNs(clock_->Now(), kBeforeSince);
  return SubtractNs(SubtractNs(since, longest), options_.lateness);
}

absl::Status LokiReplay::Open() {
  const TimeNs now = clock_->Now();
  PushRecords::Options records;
  records.zone = options_.zone;
  records.max_future = kDay;
  for (const LokiTarget& target : options_.targets) {
    LokiHistory::Options history;
    history.query.target = target;
    history.query.page = options_.page;
    history.from = Begin();
    // A line may be stored that much later than it says.
    history.to = options_.until == kNoTime ? now : AddNs(options_.until, options_.lateness + 1);
    if (history.to <= history.from) return absl::InvalidArgumentError("until is before since");
    ASSIGN_OR_RETURN(std::unique_ptr<LokiHistory> pages, LokiHistory::Create(history, clock_));
    parts_.push_back(std::make_unique<Part>(this, target, std::move(pages), records));
    parts_.back()->complete_to = history.from;
  }
  return absl::OkStatus();
}

absl::Status LokiReplay::Run(Replay::OnTransition on_transition, Replay::OnProgress on_progress) {
  absl::Status status = Open();
  if (status.ok()) status = ReadAll(on_transition, on_progress);
  // The threads end before what they read is judged.
  for (const auto& part : parts_) {
    for (std::string& why : part->history->unreadable()) {
      ++unread_;
      notes_.push_back(std::move(why));
    }
    notes_.push_back(absl::StrCat(part->target.tenant, part->target.tenant.empty() ? "" : " ",
                                  part->target.query, ": ", part->lines,
                                  part->lines == 1 ? " line" : " lines"));
  }
  output_.Finish(options_.until == kNoTime ? end_ : options_.until, options_.drain, on_transition);
  return status;
}

absl::Status LokiReplay::ReadAll(Replay::OnTransition on_transition,
                                 Replay::OnProgress on_progress) {
  const TimeNs begin = Begin();
  const TimeNs end = options_.until == kNoTime ? clock_->Now() : options_.until;
  for (;;) {
    Part* behind = nullptr;
    for (const auto& part : parts_) {
      if (!part->ended() && (behind == nullptr || part->complete_to < behind->complete_to)) {
        behind = part.get();
      }
    }
    if (behind == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(LokiEntries chunk, behind->Next());
    if (!chunk.entries.empty()) TakeChunk(behind, std::move(chunk));
    Progress();
    output_.Decide(on_transition);
    const double share = static_cast<double>(std::min(behind->complete_to, end) - begin) /
                         static_cast<double>(std::max<DurationNs>(end - begin, 1));
    const auto read = static_cast<double>(bytes_);
    on_progress(static_cast<uint64_t>(bytes_),
                share > 0 ? static_cast<uint64_t>(read / share) : uint64_t{0});
  }
}

void LokiReplay::TakeChunk(Part* part, LokiEntries chunk) {
  const size_t count = chunk.entries.size();
  if (first_ == kNoTime) first_ = chunk.entries.front().time;
  end_ = std::max(end_, chunk.entries.back().time);
  for (const LokiEntry& entry : chunk.entries) bytes_ += static_cast<int64_t>(entry.line.size());
  const PushedBody body = LokiBody(std::move(chunk), std::vector<bool>(count, true));
  std::vector<const PushedStream*> streams;
  for (const PushedStream& pushed : body.streams()) streams.push_back(&pushed);
  std::sort(streams.begin(), streams.end(),
            [](const PushedStream* a, const PushedStream* b) { return a->labels < b->labels; });
  std::vector<MatchedRecord> records;
  for (const PushedStream* const pushed : streams) {
    PushStream* const stream = part->streams.Get(pushed->labels, part->target.tenant);
    const size_t before = records.size();
    part->records.Read(body, *pushed, pushed->entries.back().time, stream, &records);
    Watch(stream, part->records.first_time());
    if (records.size() == before) continue;
    const uint32_t file = evaluator_.AddFile(redactor_->Redact(FormatLabels(stream->labels)));
    for (size_t i = before; i < records.size(); ++i) records[i].file = file;
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const MatchedRecord& a, const MatchedRecord& b) { return a.time < b.time; });
  for (const MatchedRecord& record : records) {
    if (options_.until != kNoTime && record.time > options_.until) continue;
    evaluator_.Add(record);
    end_ = std::max(end_, record.time);
  }
  part->lines += static_cast<int64_t>(count);
  lines_ += static_cast<int64_t>(count);
}

// For the clock of a rule one stream is enough: all are read to the same time.
void LokiReplay::Watch(PushStream* stream, TimeNs first) {
  if (stream->watched) return;
  stream->watched = true;
  bool any = false;
  for (const uint32_t rule : stream->rules) {
    any = any || !rule_watched_[rule];
    rule_watched_[rule] = true;
  }
  if (!any) return;
  watched_.push_back(evaluator_.AddSource({stream->labels}, options_.lateness));
  evaluator_.Started(watched_.back(), first);
}

// All is read up to where the least part has been.
void LokiReplay::Progress() {
  TimeNs complete_to = kNever;
  for (const auto& part : parts_) {
    if (!part->ended()) complete_to = std::min(complete_to, part->complete_to);
  }
  if (complete_to == kNever) return;
  for (const uint32_t source : watched_) evaluator_.Progress(source, complete_to);
}

ReplaySummary LokiReplay::Summary() const {
  ReplaySummary summary;
  summary.lines = lines_;
  summary.bytes = bytes_;
  summary.first = first_;
  summary.last = end_;
  summary.unread = unread_;
  for (const auto& part : parts_) summary.clamped_times += part->records.clamped();
  summary.late_matches = metrics_->Total("late_matches_total");
  summary.groups_refused = metrics_->Total("groups_refused_total");
  summary.by_missing = metrics_->Total("by_missing_total");
  summary.notes = notes_;
  return summary;
}

}  // namespace tallybell
