// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay.h"

#include <sys/stat.h>

#include <algorithm>
#include <queue>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

  // The next item, or null at the end. Reads as far as it takes to have one.
  SourceItem* Peek() {
    while (next_item_ == items_.size() && ReadOn()) {
    }
    return next_item_ == items_.size() ? nullptr : &items_[next_item_];
  }
  void Pop() { ++next_item_; }

  uint32_t number() const { return number_; }
  const SourceCounts& counts() const { return counts_; }
  uint64_t bytes_read() const {
    if (archive_ == nullptr) return done_bytes_;
    return done_bytes_ +
           (archive_->plain_fd() >= 0 ? reader_->resume_offset() : archive_->position());
  }
  TimeNs latest = kNoTime;  // the greatest time of an item so far
  bool opened = false;      // any part of it
  TimeNs first_time = kNoTime;

 private:
  Labels LabelsOf(const std::string& path) const {
    return ReplayLabels(path, replay_->options_.labels, replay_->options_.labels_from_path);
  }

  // Reads one block of the current part, or opens the next. False at the end of the last.
  bool ReadOn() {
    if (reader_ == nullptr) {
      if (next_part_ == plan_.parts.size()) return false;
      Open(plan_.parts[next_part_++]);
      return true;
    }
    items_.clear();
    next_item_ = 0;
    const absl::StatusOr<bool> at_end = reader_->Read(kNoTime, &items_);
    for (SourceItem& item : items_) item.record.file = file_;
    if (!at_end.ok()) {
      ++replay_->unread_;
      replay_->notes_.push_back(
          absl::StrCat(path_, ": not read to its end: ", at_end.status().message()));
    }
    if (!at_end.ok() || *at_end) Close();
    return true;
  }

  void Open(const std::string& path) {
    absl::StatusOr<std::unique_ptr<Archive>> archive = OpenForReplay(path);
    if (!archive.ok()) {
      ++replay_->unread_;
      replay_->notes_.push_back(absl::StrCat(path, ": not read: ", archive.status().message()));
      return;
    }
    opened = true;
    path_ = path;
    archive_ = *std::move(archive);
    file_ = replay_->evaluator_.AddFile(path);
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
    if (archive_->facts().regular) options.ends = archive_->facts().modified;
    options.lateness = replay_->options_.lateness;
    options.ahead = replay_->AheadOf(*archive_);
    reader_ = std::make_unique<SourceReader>(options, archive_.get(), &replay_->candidates_,
                                             &replay_->matcher_);
  }

  void Close() {
    const SourceCounts counts = reader_->counts();
    counts_.lines += counts.lines;
    counts_.bytes += counts.bytes;
    counts_.without_time += counts.without_time;
    counts_.malformed_envelopes += counts.malformed_envelopes;
    counts_.malformed_lines += counts.malformed_lines;
    counts_.lines_cut += counts.lines_cut;
    counts_.records_cut += counts.records_cut;
    counts_.clamped_times += counts.clamped_times;
    if (first_time == kNoTime) first_time = reader_->first_time();
    if (reader_->last_time() != kNoTime) last_time_ = reader_->last_time();
    replay_->notes_.push_back(absl::StrCat(
        path_, ": ",
        reader_->format() == nullptr ? std::string("empty") : reader_->format()->Describe(), ", ",
        counts.lines, counts.lines == 1 ? " line" : " lines"));
    done_bytes_ = bytes_read();
    reader_.reset();
    archive_.reset();
  }

  Replay* const replay_;
  const ReplaySource plan_;
  uint32_t number_ = 0;
  size_t next_part_ = 0;
  std::string path_;
  uint32_t file_ = 0;
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<SourceReader> reader_;
  std::vector<SourceItem> items_;  // of one block
  size_t next_item_ = 0;
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
  // All sources are open at a time; what they hold together stays bounded.
  block_ = std::min(options_.block, std::max<size_t>(kMaxOpenBytes / (plan.sources.size() + 1), 1));
  uint64_t of = 0;
  for (ReplaySource& source : plan.sources) {
    for (const std::string& part : source.parts) {
      struct stat status;
      if (part != "-" && stat(part.c_str(), &status) == 0) of += status.st_size;
    }
    sources_.push_back(std::make_unique<Source>(this, std::move(source)));
  }

  // The sources are merged by the times of their next items, ties in the order named.
  using Next = std::pair<TimeNs, size_t>;
  std::priority_queue<Next, std::vector<Next>, std::greater<Next>> next;
  const auto queue = [&](size_t i) {
    if (const SourceItem* item = sources_[i]->Peek()) {
      next.push({item->time, i});
    } else {
      evaluator_.Ended(sources_[i]->number());
    }
  };
  for (size_t i = 0; i < sources_.size(); ++i) queue(i);
  uint64_t items = 0;
  while (!next.empty()) {
    const size_t i = next.top().second;
    next.pop();
    Take(sources_[i].get(), on_transition);
    queue(i);
    if (++items % 64 == 0) {
      uint64_t read = 0;
      for (const auto& source : sources_) read += source->bytes_read();
      on_progress(read, of);
    }
  }
  const TimeNs end = options_.until == kNoTime ? end_ : options_.until;
  output_.Finish(end, options_.drain, on_transition);
  const bool any = std::any_of(sources_.begin(), sources_.end(),
                               [](const auto& source) { return source->opened; });
  return any ? absl::OkStatus() : absl::NotFoundError("nothing could be read");
}

void Replay::Take(Source* source, OnTransition on_transition) {
  SourceItem& item = *source->Peek();
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
