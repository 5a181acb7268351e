// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay.h"

#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <queue>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/run/glog_file.h"
#include "engine/run/source_labels.h"
#include "engine/run/source_reader.h"
#include "engine/source/archive.h"

namespace tallybell {
// One source: the items of its parts, one after the other.
class Replay::Source {
 public:
  Source(Replay* replay, ReplaySource plan) : replay_(replay), plan_(std::move(plan)) {
    number_ = replay->evaluator_.AddSource(SourceStreams::Possible(LabelsOf(plan_.parts.front())),
                                           replay->options_.lateness);
  }

  // Opens the first part, so that others may begin with it.
  void Start() { OpenNext(); }

  // The next item, or null at the end. Reads as far as it takes to have one.
  SourceItem* Peek() {
    while (part_ != nullptr || OpenNext()) {
      if (part_ == nullptr) continue;
      if (SourceItem* const item = part_->Peek()) return item;
      Close();
    }
    return nullptr;
  }
  void Pop() { part_->Pop(); }

  uint32_t number() const { return number_; }
  const SourceCounts& counts() const { return counts_; }
  uint64_t bytes_read() const { return done_bytes_ + (part_ == nullptr ? 0 : part_->bytes_read()); }
  TimeNs latest = kNoTime;  // the greatest time of an item so far
  bool opened = false;      // any part of it
  TimeNs first_time = kNoTime;

 private:
  Labels LabelsOf(const std::string& path) const {
    return ReplayLabels(path, replay_->options_.labels, replay_->options_.labels_from_path);
  }

  struct Opened {
    std::string path;
    absl::StatusOr<std::unique_ptr<ReplayPart>> part;
  };

  // Opens the next part, and some behind it if others can read them meanwhile. False behind the
  // last; there is no part if it cannot be read.
  bool OpenNext() {
    while (next_part_ < plan_.parts.size() && opened_.size() < replay_->parts_at_a_time_) {
      const std::string& path = plan_.parts[next_part_++];
      opened_.push_back({path, Open(path)});
    }
    if (opened_.empty()) return false;
    Opened next = std::move(opened_.front());
    opened_.pop_front();
    if (!next.part.ok()) {
      ++replay_->unread_;
      replay_->notes_.push_back(
          absl::StrCat(next.path, ": not read: ", next.part.status().message()));
      return true;
    }
    opened = true;
    path_ = std::move(next.path);
    part_ = *std::move(next.part);
    return true;
  }

  absl::StatusOr<std::unique_ptr<ReplayPart>> Open(const std::string& path) {
    ASSIGN_OR_RETURN(std::unique_ptr<Archive> archive, OpenForReplay(path));
    SourceReader::Options options;
    options.name = path;
    options.labels = LabelsOf(path);
    options.format = replay_->options_.format;
    options.multiline = replay_->options_.multiline;
    options.zone = replay_->options_.zone;
    options.first_year = replay_->options_.first_year;
    options.block = replay_->block_;
    options.mark_every = replay_->options_.mark_every;
    const std::optional<GlogFile> glog = GlogFile::Identify(path);
    if (glog.has_value()) options.begins = glog->created;
    if (options.first_year != 0 && last_time_ != kNoTime) {
      // The year that the user states is that of the source; its later parts go on from there.
      options.first_year = 0;
      options.begins = Stamp::At(last_time_);
    }
    if (archive->facts().regular) options.ends = archive->facts().modified;
    options.lateness = replay_->options_.lateness;
    options.ahead = replay_->AheadOf(*archive);
    return std::make_unique<ReplayPart>(std::move(archive), replay_->evaluator_.AddFile(path),
                                        options, replay_->part_ahead_, &replay_->candidates_,
                                        &replay_->matcher_);
  }

  void Close() {
    const SourceReader& reader = part_->reader();
    if (!part_->status().ok()) {
      ++replay_->unread_;
      replay_->notes_.push_back(
          absl::StrCat(path_, ": not read to its end: ", part_->status().message()));
    }
    const SourceCounts counts = reader.counts();
    counts_.lines += counts.lines;
    counts_.bytes += counts.bytes;
    counts_.without_time += counts.without_time;
    counts_.malformed_envelopes += counts.malformed_envelopes;
    counts_.malformed_lines += counts.malformed_lines;
    counts_.lines_cut += counts.lines_cut;
    counts_.records_cut += counts.records_cut;
    counts_.clamped_times += counts.clamped_times;
    if (first_time == kNoTime) first_time = reader.first_time();
    if (reader.last_time() != kNoTime) last_time_ = reader.last_time();
    replay_->notes_.push_back(absl::StrCat(
        path_, ": ",
        reader.format() == nullptr ? std::string("empty") : reader.format()->Describe(), ", ",
        counts.lines, counts.lines == 1 ? " line" : " lines"));
    done_bytes_ = bytes_read();
    part_.reset();
  }

  Replay* const replay_;
  const ReplaySource plan_;
  uint32_t number_ = 0;
  size_t next_part_ = 0;
  std::deque<Opened> opened_;  // what comes next
  std::unique_ptr<ReplayPart> part_;
  std::string path_;  // of the part
  SourceCounts counts_;
  uint64_t done_bytes_ = 0;
  TimeNs last_time_ = kNoTime;  // of the parts before
};

Replay::Replay(const RuleSet* rules, const Redactor* redactor, Options options, Metrics* metrics)
    : options_(std::move(options)),
      metrics_(metrics),
      matcher_(rules, redactor, metrics),
      candidates_(rules, options_.scan),
      evaluator_(rules, {options_.external_labels, false}, metrics),
      output_(options_.since, &evaluator_),
      crew_(std::max(options_.threads, 1) - 1) {}

Replay::~Replay() = default;

absl::Status Replay::Run(const std::vector<std::string>& paths, OnTransition on_transition,
                         OnProgress on_progress) {
  ReplayPlan plan = PlanReplay(paths);
  notes_ = std::move(plan.notes);
  unread_ = plan.unread;
  uint64_t of = 0;
  for (ReplaySource& source : plan.sources) {
    for (const std::string& part : source.parts) {
      struct stat status;
      if (part != "-" && stat(part.c_str(), &status) == 0) of += status.st_size;
    }
    sources_.push_back(std::make_unique<Source>(this, std::move(source)));
  }
  ShareMemory();
  for (const auto& source : sources_) source->Start();

  // The sources are merged by the times of their next items, ties in the order named.
  using Next = std::pair<TimeNs, size_t>;
  std::priority_queue<Next, std::vector<Next>, std::greater<Next>> next;
  const auto queue = [&](size_t i, const SourceItem* item) {
    if (item != nullptr) {
      next.push({item->time, i});
    } else {
      evaluator_.Ended(sources_[i]->number());
    }
  };
  for (size_t i = 0; i < sources_.size(); ++i) queue(i, sources_[i]->Peek());
  uint64_t items = 0;
  while (!next.empty()) {
    const size_t i = next.top().second;
    next.pop();
    SourceItem* item = sources_[i]->Peek();
    // As long as it is the first of all, the others need not be asked.
    do {
      Take(sources_[i].get(), *item, on_transition);
      if (++items % 64 == 0) on_progress(BytesRead(), of);
      item = sources_[i]->Peek();
    } while (item != nullptr && (next.empty() || Next{item->time, i} < next.top()));
    queue(i, item);
  }
  const TimeNs end = options_.until == kNoTime ? end_ : options_.until;
  output_.Finish(end, options_.drain, on_transition);
  const bool any = std::any_of(sources_.begin(), sources_.end(),
                               [](const auto& source) { return source->opened; });
  return any ? absl::OkStatus() : absl::NotFoundError("nothing could be read");
}

uint64_t Replay::BytesRead() const {
  uint64_t read = 0;
  for (const auto& source : sources_) read += source->bytes_read();
  return read;
}

void Replay::Take(Source* source, const SourceItem& item, OnTransition on_transition) {
  if (options_.until == kNoTime || item.time <= options_.until) {
    // What comes late, or is the first of its source, finds all decided that is known.
    const bool first = source->latest == kNoTime;
    if (undecided_items_ > 0 && (first || item.time < evaluator_.known_to())) {
      Decide(on_transition);
    }
    if (first) evaluator_.Started(source->number(), item.time);
    evaluator_.Add(item.record);
    end_ = std::max(end_, item.time);
    if (item.time > source->latest) {
      source->latest = item.time;
      evaluator_.Progress(source->number(), item.time);
    }
    if (++undecided_items_ >= kItemsAtOnce) Decide(on_transition);
  }
  source->Pop();
}

void Replay::Decide(OnTransition on_transition) {
  undecided_items_ = 0;
  output_.Decide(on_transition);
}

// All sources are open at a time; what they hold together stays bounded.
void Replay::ShareMemory() {
  const size_t sources = std::max<size_t>(sources_.size(), 1);
  // Where a year goes on over the parts of a source, one must be read before the next.
  if (options_.threads > 1 && options_.first_year == 0) {
    parts_at_a_time_ =
        std::clamp<size_t>(kMaxAhead / sources, 1, static_cast<size_t>(options_.threads));
  }
  const size_t parts = sources * parts_at_a_time_;
  block_ = std::min(options_.block, std::max<size_t>(kMaxOpenBytes / parts, 1));
  if (options_.threads == 0) return;
  part_ahead_.crew = &crew_;
  ReadAhead::Options& bytes = part_ahead_.bytes;
  bytes.block = std::min(options_.chunk, std::clamp<size_t>(kMaxAheadBytes / (parts * bytes.blocks),
                                                            16 << 10, bytes.block));
  part_ahead_.batch_bytes = options_.found / (parts * part_ahead_.batches);
}

SourceBlocks::Ahead Replay::AheadOf(const Archive& archive) {
  SourceBlocks::Ahead ahead;
  if (options_.threads == 0 || sources_.size() > kMaxAhead) return ahead;
  ahead.fd = archive.plain_fd();
  ahead.crew = &crew_;
  ahead.chunk = options_.chunk;
  const int slots = 2 * options_.threads;
  ahead.chunks = std::max(slots / static_cast<int>(std::max<size_t>(sources_.size(), 1)), 1);
  return ahead;
}

ReplaySummary Replay::Summary() const {
  ReplaySummary summary;
  for (const auto& source : sources_) {
    const SourceCounts& counts = source->counts();
    summary.lines += counts.lines;
    summary.bytes += counts.bytes;
    summary.without_time += counts.without_time;
    summary.clamped_times += counts.clamped_times;
    summary.lines_cut += counts.lines_cut;
    summary.malformed_envelopes += counts.malformed_envelopes;
    summary.malformed_lines += counts.malformed_lines;
    summary.records_cut += counts.records_cut;
    if (source->first_time != kNoTime &&
        (summary.first == kNoTime || source->first_time < summary.first)) {
      summary.first = source->first_time;
    }
  }
  summary.last = end_;
  summary.unread = unread_;
  summary.late_matches = metrics_->Total("late_matches_total");
  summary.groups_refused = metrics_->Total("groups_refused_total");
  summary.by_missing = metrics_->Total("by_missing_total");
  summary.notes = notes_;
  return summary;
}

}  // namespace tallybell
