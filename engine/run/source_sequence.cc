// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_sequence.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "engine/run/region_lines.h"

namespace tallybell {
namespace {

// Records that wait for the mark after a mark; beyond it is too far away.
constexpr size_t kMaxQueue = 8192;

}  // namespace

SourceSequence::SourceSequence(Options options, Parts parts)
    : options_(std::move(options)),
      parts_(parts),
      lines_(parts.streams, &parts.times->clock()),
      joiner_(options_.multiline) {}

void SourceSequence::Use(const SourceFormat* format, const WantedFields* wanted,
                         std::shared_ptr<const CandidateRules> candidates) {
  lines_.Use(format, wanted);
  candidates_ = std::move(candidates);
  candidate_scratch_ = candidates_->NewScratch();
}

// ---- From lines to records

void SourceSequence::Add(absl::string_view region, uint64_t offset, TimeNs arrival,
                         std::vector<SourceItem>* items) {
  arrival_ = arrival;
  items_ = items;
  segment_begin_ = items->size();
  for (size_t begin = 0; begin < region.size();) {
    const absl::string_view raw = LineAt(region, begin);
    AddLine(raw, offset + begin);
    begin += raw.size() + 1;
  }
  SortSegment();
}

void SourceSequence::AddLine(absl::string_view raw, uint64_t offset) {
  SourceLine line;
  lines_.Unwrap(raw, &line);
  if (WasTold(line.stream, offset)) return;
  if (line.enveloped.malformed) ++parts_.counts->malformed_envelopes;
  PartialJoiner::Line whole;
  if (!parts_.pieces->Add(line.enveloped, offset, &whole)) return;
  if (whole.cut_bytes > 0) ++parts_.counts->lines_cut;
  AddWhole(whole.line, whole.offset);
}

void SourceSequence::AddWhole(const EnvelopedLine& line, uint64_t offset) {
  absl::string_view text = lines_.Clean(line.text, offset == 0);
  if (lines_.format().objects && absl::StartsWith(text, "}{")) {
    // The end of one object and the beginning of the next.
    const auto resumed = resumed_.find(parts_.streams->Number(line));
    const bool told = resumed != resumed_.end() && resumed->second.joined &&
                      resumed->second.from == offset && offset < counted_;
    if (!told) AddText(line, text.substr(0, 1), offset);
    text.remove_prefix(1);
  }
  AddText(line, text, offset);
}

void SourceSequence::AddText(const EnvelopedLine& line, absl::string_view text, uint64_t offset) {
  MultilineJoiner::Record record;
  record.line = line;
  record.line.text = text;
  record.stream = parts_.streams->Number(line);
  record.offset = offset;
  if (!options_.multiline.on()) return Complete(record);
  joiner_.Add(record, arrival_,
              [this](const MultilineJoiner::Record& joined) { Complete(joined); });
}

// ---- From records to items

void SourceSequence::Complete(const MultilineJoiner::Record& record) {
  SourceLine line;
  line.enveloped = record.line;
  line.stream = record.stream;
  lines_.Parse(record.line.text, &line);
  parts_.matches->Count(line.parsed);
  if (line.is_file_line()) {
    if (!parts_.times->any() && queue_.empty() && line.parsed.stamp.has_value()) {
      parts_.times->clock().FileBegins(*line.parsed.stamp);
    }
    return;
  }
  const std::optional<Stamp> stamp = lines_.StampOf(line);
  bool mark = stamp.has_value() && parts_.marks->Due(record.offset);
  if (mark) {
    // What began before it in other streams comes before it; one of those may be the mark.
    joiner_.FlushBefore(record.offset,
                        [this](const MultilineJoiner::Record& before) { Complete(before); });
    mark = parts_.marks->Due(record.offset);
    if (mark) parts_.marks->Passed(record.offset);
  }
  if (options_.live) {
    if (mark) PassMark(*stamp, std::nullopt);
    Tell(line, record.offset, stamp);
    return;
  }
  if (!queue_.empty() && (queue_.size() >= kMaxQueue ||
                          record.offset >= queue_.front().record.offset + options_.look_ahead)) {
    TellQueue(std::nullopt);
  }
  if (mark && !queue_.empty()) TellQueue(*stamp);
  if (mark || !queue_.empty()) {
    Queue(record, stamp);
  } else {
    Tell(line, record.offset, stamp);
  }
}

void SourceSequence::Queue(const MultilineJoiner::Record& record,
                           const std::optional<Stamp>& stamp) {
  Waiting& waiting = queue_.emplace_back();
  waiting.record = record;
  waiting.text.assign(record.line.text.data(), record.line.text.size());
  waiting.name.assign(record.line.name.data(), record.line.name.size());
  waiting.stamp = stamp;
}

// Tells the mark at the front and all behind it.
void SourceSequence::TellQueue(const std::optional<Stamp>& following) {
  PassMark(*queue_.front().stamp, following);
  for (Waiting& waiting : queue_) {
    SourceLine line;
    line.enveloped = waiting.record.line;
    line.enveloped.text = waiting.text;
    line.enveloped.name = waiting.name;
    line.stream = waiting.record.stream;
    lines_.Parse(waiting.text, &line);
    Tell(line, waiting.record.offset, waiting.stamp);
  }
  queue_.clear();
}

void SourceSequence::PassMark(const Stamp& mark, const std::optional<Stamp>& following) {
  SortSegment();
  const bool first = !parts_.times->any();
  items_->push_back(SourceItem::Mark(parts_.times->PassMark(mark, following, arrival_)));
  if (first) parts_.matches->Release(parts_.times->first(), kNoTime, items_);
  segment_begin_ = items_->size();
}

void SourceSequence::Tell(const SourceLine& line, uint64_t offset,
                          const std::optional<Stamp>& stamp) {
  TimeNs stated = kNoTime;
  if (stamp.has_value()) stated = parts_.times->Resolve(*stamp, arrival_);
  parts_.contexts->Note(line, stated);
  const SourceContexts::Context& before = parts_.contexts->Of(line.stream);
  TimeNs time = before.time;
  if (stamp.has_value()) time = stated;
  if (time == kNoTime) time = parts_.times->first();
  CandidatesOf(line.text);
  if (!rules_.empty()) parts_.matches->Add(line, offset, time, before, rules_, items_);
}

// The rules for which some line of the record may count.
void SourceSequence::CandidatesOf(absl::string_view text) {
  candidates_->Find(text, candidate_scratch_.get(), &candidate_lines_);
  // Those that need nothing of a line: an empty text has none.
  candidates_->RulesOf(candidate_lines_, CandidateLines::Line{}, &rules_);
  for (const CandidateLines::Line& line : candidate_lines_.lines()) {
    candidates_->RulesOf(candidate_lines_, line, &line_rules_);
    rules_.insert(rules_.end(), line_rules_.begin(), line_rules_.end());
  }
  std::sort(rules_.begin(), rules_.end());
  rules_.erase(std::unique(rules_.begin(), rules_.end()), rules_.end());
}

void SourceSequence::SortSegment() {
  std::stable_sort(
      items_->begin() + static_cast<std::ptrdiff_t>(segment_begin_), items_->end(),
      [](const SourceItem& a, const SourceItem& b) { return a.record.offset < b.record.offset; });
}

// ---- Where it ends, for now or for good

void SourceSequence::Wait(TimeNs arrival, std::vector<SourceItem>* items) {
  arrival_ = arrival;
  items_ = items;
  segment_begin_ = items->size();
  joiner_.FlushWaiting(arrival,
                       [this](const MultilineJoiner::Record& record) { Complete(record); });
  SortSegment();
}

void SourceSequence::End(TimeNs arrival, std::vector<SourceItem>* items) {
  arrival_ = arrival;
  items_ = items;
  segment_begin_ = items->size();
  PartialJoiner::Line whole;
  while (parts_.pieces->Flush(&whole)) AddWhole(whole.line, whole.offset);
  joiner_.FlushBefore(MultilineJoiner::kNothingHeld,
                      [this](const MultilineJoiner::Record& record) { Complete(record); });
  // The last record that states a time is a mark too.
  size_t last = queue_.size();
  while (last > 1 && !queue_[last - 1].stamp.has_value()) --last;
  if (last > 1) {
    std::deque<Waiting> rest(std::make_move_iterator(queue_.begin() + (last - 1)),
                             std::make_move_iterator(queue_.end()));
    queue_.resize(last - 1);
    TellQueue(rest.front().stamp);
    queue_ = std::move(rest);
  }
  if (!queue_.empty()) TellQueue(std::nullopt);
  SortSegment();
}

// ---- Over a restart

std::map<int, SourceSequence::Resumed> SourceSequence::Unfinished() const {
  std::map<int, Resumed> unfinished;
  for (const auto& [stream, from] : joiner_.Held()) unfinished[stream] = {from, true};
  for (const absl::string_view name : {"", "stdout", "stderr"}) {
    const uint64_t from = parts_.pieces->HeldFrom(name);
    if (from != PartialJoiner::kNothingHeld) {
      unfinished.try_emplace(SourceStreams::OfRuntime(name), Resumed{from, false});
    }
  }
  return unfinished;
}

uint64_t SourceSequence::HeldFrom() const {
  uint64_t from = MultilineJoiner::kNothingHeld;
  for (const auto& [stream, unfinished] : Unfinished()) from = std::min(from, unfinished.from);
  return from;
}

Json SourceSequence::Save() const {
  Json state = Json::array();
  for (const auto& [stream, unfinished] : Unfinished()) {
    state.push_back({stream, unfinished.from, unfinished.joined});
  }
  return state;
}

bool SourceSequence::Restore(const Json& state, uint64_t counted) {
  if (!state.is_array()) return false;
  for (const Json& unfinished : state) {
    if (!unfinished.is_array() || unfinished.size() != 3 || !unfinished[0].is_number_unsigned() ||
        !unfinished[1].is_number_unsigned() || !unfinished[2].is_boolean()) {
      return false;
    }
    const int64_t stream = unfinished[0].get<int64_t>();
    if (stream > SourceStreams::kStreams + SourceStreams::kMaxNames) return false;
    resumed_[static_cast<int>(stream)] = {unfinished[1].get<uint64_t>(), unfinished[2].get<bool>()};
  }
  counted_ = counted;
  return true;
}

// Whether an earlier reader has told of the line; if not, its record goes on as it was.
bool SourceSequence::WasTold(int stream, uint64_t offset) {
  if (offset >= counted_) return false;
  const auto resumed = resumed_.find(stream);
  if (resumed == resumed_.end() || offset < resumed->second.from) return true;
  if (resumed->second.joined && offset == resumed->second.from) joiner_.BeginWithNext(stream);
  return false;
}

}  // namespace tallybell
