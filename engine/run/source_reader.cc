// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_reader.h"

#include <algorithm>
#include <utility>

#include "engine/frame/line_count.h"
#include "engine/run/region_lines.h"

namespace tallybell {

namespace {

BlockReader::Options BlockOptions(const SourceReader::Options& options) {
  BlockReader::Options block;
  block.block = std::max(
      {options.block, SourceMarks::LookAhead(options.mark_every), SourceReader::kFormatBytes});
  block.offset = options.offset;
  block.live = options.live;
  return block;
}

SourceClock::Options ClockOptions(const SourceReader::Options& options) {
  SourceClock::Options clock;
  clock.zone = options.zone;
  clock.first_year = options.first_year;
  clock.ends = options.ends;
  clock.max_future = options.max_future;
  clock.lateness = options.lateness;
  return clock;
}

ScanEnvelope ScanEnvelopeOf(EnvelopeKind envelope) {
  switch (envelope) {
    case EnvelopeKind::kDocker:
      return ScanEnvelope::kDocker;
    case EnvelopeKind::kCri:
      return ScanEnvelope::kCri;
    case EnvelopeKind::kDockerLogs:
    case EnvelopeKind::kCompose:
    case EnvelopeKind::kNone:
      break;
  }
  return ScanEnvelope::kNone;
}

}  // namespace

SourceReader::SourceReader(Options options, ByteReader* bytes, CandidateRulesCache* candidates,
                           const RuleMatcher* matcher)
    : options_(std::move(options)),
      candidate_cache_(candidates),
      matcher_(matcher),
      blocks_(bytes, options_.block, BlockOptions(options_), options_.ahead),
      times_(ClockOptions(options_)),
      contexts_(&streams_, &times_),
      marks_(options_.mark_every, options_.offset, &streams_, &times_),
      matches_(&streams_, &counts_),
      lines_(&streams_, &times_.clock()),
      finished_(!options_.live),
      resume_offset_(options_.offset) {
  if (options_.offset == 0 && options_.begins.has_value()) {
    times_.clock().FileBegins(*options_.begins);
  }
}

SourceCounts SourceReader::counts() const {
  SourceCounts counts = counts_;
  counts.lines_cut += static_cast<int64_t>(blocks_.lines_truncated());
  counts.clamped_times = times_.clock().clamped();
  if (sequence_ != nullptr) counts.records_cut = sequence_->records_cut();
  return counts;
}

// ---- What the source is

// A source may begin with lines that say little: what was found in them is only final once a
// header was seen, or enough lines were.
void SourceReader::DecideFormat(const Block& block) {
  if (format_settled_) return;
  const absl::string_view bytes = block.bytes;
  const size_t enough = std::min(bytes.size(), NextLineBegin(bytes, kFormatBytes));
  SourceFormat found = DetectFormat(options_.format, bytes.substr(0, enough));
  const bool says_something =
      found.envelope != EnvelopeKind::kNone || found.lines != FindLineFormat("plain");
  if (!format_.has_value() || says_something) {
    if (format_.has_value() && found.host.empty()) found.host = format_->host;
    SetFormat(std::move(found));
  }
  format_settled_ =
      says_something || counts_.lines >= 100 || (!block.sealed && bytes.size() >= kFormatBytes);
}

void SourceReader::SetFormat(SourceFormat format) {
  format_ = std::move(format);
  Labels labels = options_.labels;
  if (labels.Get("host").empty()) labels.Set("host", format_->host);
  streams_.Set(labels, format_->envelope, *matcher_);
  const WantedFields* const wanted = &matcher_->wanted_fields();
  lines_.Use(&*format_, wanted);
  contexts_.Use(&*format_, wanted);
  marks_.Use(&*format_, wanted);
  matches_.Use(lines_.parser(), matcher_);
  if (InSequence()) {
    // What is looked for there has no envelope any more.
    if (sequence_ == nullptr) StartSequence();
    sequence_->Use(&*format_, wanted,
                   candidate_cache_->Get(streams_.AllRules(), ScanEnvelope::kNone));
    return;
  }
  candidates_ = candidate_cache_->Get(streams_.AllRules(), ScanEnvelopeOf(format_->envelope));
  candidate_scratch_ = candidates_->NewScratch();
}

// Whether every line must be looked at: to join them, or to know which container spoke before.
bool SourceReader::InSequence() const {
  return options_.multiline.on() || format_->objects || format_->envelope == EnvelopeKind::kCompose;
}

void SourceReader::StartSequence() {
  SourceSequence::Options options;
  options.multiline = options_.multiline;
  if (!options.multiline.on() && format_->objects) {
    options.multiline = SourceFormat::JoinObjects();
    options.multiline.max_lines = options_.multiline.max_lines;
    options.multiline.max_wait = options_.multiline.max_wait;
  }
  options.live = options_.live;
  options.look_ahead = SourceMarks::LookAhead(options_.mark_every);
  sequence_ = std::make_unique<SourceSequence>(
      std::move(options), SourceSequence::Parts{&streams_, &times_, &contexts_, &marks_, &matches_,
                                                &joiner_, &counts_});
}

void SourceReader::UseRules(CandidateRulesCache* candidates, const RuleMatcher* matcher) {
  candidate_cache_ = candidates;
  matcher_ = matcher;
  if (format_.has_value()) SetFormat(*std::move(format_));
}

// ---- Blocks

absl::StatusOr<bool> SourceReader::Read(TimeNs arrival, std::vector<SourceItem>* items) {
  arrival_ = arrival;
  if (!in_region_) {
    absl::StatusOr<Block> next = blocks_.Next();
    if (!next.ok()) {
      if (!options_.live) EndSource(items);
      return std::move(next).status();
    }
    if (Waits(*next)) return false;
    block_ = *next;
    ReadBlock(items);
  }
  if (in_region_ && !ProcessOn(items)) return false;
  if (sequence_ != nullptr && block_.at_end && arrival != kNoTime) sequence_->Wait(arrival, items);
  if (options_.live) ReleaseTimeless(items);
  if (block_.at_end && finished_) EndSource(items);
  return block_.at_end;
}

void SourceReader::ReadBlock(std::vector<SourceItem>* items) {
  if (!block_.bytes.empty()) {
    DecideFormat(block_);
    if (sequence_ != nullptr) {
      ReadInSequence(block_, items);
    } else {
      EnterRegion();
    }
  } else if (block_.at_end) {
    resume_offset_ = std::max(resume_offset_, block_.next_offset);
  }
}

// Whether more must be read before it can be said what the lines look like.
bool SourceReader::Waits(const Block& block) {
  return !format_settled_ && !block.at_end && !block.sealed && block.bytes.size() < kFormatBytes &&
         blocks_.Keep(block.bytes.size());
}

// Once it is known what to look for, others may look ahead.
void SourceReader::ReadAhead() {
  if (ahead_ || !format_settled_) return;
  ahead_ = true;
  // Nothing that this uses changes any more: the rules do so only where a source is live.
  blocks_.SearchFrom(resume_offset_, resume_offset_ == 0 ? LineSearch(candidates_.get())
                                                         : LineSearch(candidates_.get(), matcher_,
                                                                      &*format_, &streams_));
}

void SourceReader::ReadInSequence(const Block& block, std::vector<SourceItem>* items) {
  sequence_->Add(block.bytes, block.offset, arrival_, items);
  if (matches_.full()) ReleaseTimeless(items);
  counts_.lines += CountLines(block.bytes);
  counts_.bytes += static_cast<int64_t>(block.bytes.size());
  resume_offset_ = block.next_offset;
}

// What is ready of the block.
void SourceReader::EnterRegion() {
  region_marks_ = marks_.Find(block_, block_.at_end && finished_);
  size_t ready = marks_.Ready(block_, region_marks_);
  if (ready < block_.bytes.size() && !blocks_.Keep(block_.bytes.size() - ready)) {
    ready = block_.bytes.size();
  }
  // The mark that ends what is ready is found again at the front of the next block.
  if (ready < block_.bytes.size()) marks_.GoTo(block_.offset + ready);
  region_ = block_.bytes.substr(0, ready);
  region_offset_ = block_.offset;
  FindInRegion();
  contexts_.Enter(region_, region_offset_, arrival_, streams_in_);
  in_region_ = true;
  next_mark_ = 0;
  processed_ = 0;
}

void SourceReader::FindInRegion() {
  if (!blocks_.TakeFound(&found_)) {
    found_.Clear();
    found_lines_.Clear();
    candidates_->Find(region_, candidate_scratch_.get(), &found_lines_.lines);
    found_.Add(region_offset_, &found_lines_);
  }
  // What was kept of the block before is at the front of this one.
  const RuntimeStreams found = found_.streams();
  streams_in_ = {found.out || (kept_ && streams_in_.out), found.err || (kept_ && streams_in_.err)};
  kept_ = region_.size() < block_.bytes.size();
}

// Processes the region up to its end, or in a replay until there are items for a while. Whether it
// is at the end.
bool SourceReader::ProcessOn(std::vector<SourceItem>* items) {
  const size_t enough = options_.live ? SIZE_MAX : items->size() + kItemsAtOnce;
  for (; next_mark_ < region_marks_.size() && region_marks_[next_mark_].begin < region_.size();
       ++next_mark_) {
    if (items->size() >= enough) return false;
    const SourceMarks::Mark& mark = region_marks_[next_mark_];
    ProcessSegment(processed_, mark.begin, items);
    processed_ = mark.begin;
    PassMark(mark, items);
  }
  ProcessSegment(processed_, region_.size(), items);
  LeaveRegion();
  return true;
}

void SourceReader::PassMark(const SourceMarks::Mark& mark, std::vector<SourceItem>* items) {
  if (format_->envelope != EnvelopeKind::kNone) contexts_.Carry(mark.begin);
  std::optional<Stamp> following;
  if (next_mark_ + 1 < region_marks_.size()) {
    const SourceMarks::Mark& next = region_marks_[next_mark_ + 1];
    if (next.begin - mark.begin < SourceMarks::LookAhead(options_.mark_every)) {
      following = next.stamp;
    }
  }
  const bool first = !times_.any();
  items->push_back(SourceItem::Mark(times_.PassMark(mark.stamp, following, arrival_)));
  if (first) ReleaseTimeless(items);
}

void SourceReader::LeaveRegion() {
  in_region_ = false;
  contexts_.Carry(region_.size());
  counts_.lines += blocks_.LinesIn(region_.size());
  counts_.bytes += static_cast<int64_t>(region_.size());
  const bool all = region_.size() == block_.bytes.size();
  resume_offset_ = all ? block_.next_offset : block_.offset + region_.size();
  early_.Pass(resume_offset_);
  if (!block_.at_end) ReadAhead();
}

// Lines in [begin, end) of the region; the clock stands in their segment.
void SourceReader::ProcessSegment(size_t begin, size_t end, std::vector<SourceItem>* items) {
  if (!times_.in_order()) {
    while (found_.HasBefore(region_offset_ + end)) {
      if (!TakeKnown(items)) {
        ProcessLine(found_.begin() - region_offset_, found_.end() - region_offset_, true, false,
                    items);
      }
      found_.Pop();
    }
    return;
  }
  while (begin < end) {
    const size_t line_end = begin + LineAt(region_, begin).size();
    const bool may_count = found_.HasBefore(region_offset_ + begin + 1);
    ProcessLine(begin, line_end, may_count, true, items);
    if (may_count) found_.Pop();
    begin = line_end + 1;
  }
  contexts_.Noted(end);
}

// ---- Lines

// The next line that was found, if it was read and matched already and states its own time.
bool SourceReader::TakeKnown(std::vector<SourceItem>* items) {
  FoundLines::Matched* const known = found_.matched();
  if (known == nullptr || !known->stamp.has_value() || found_.begin() < counted_to_) return false;
  matches_.Count(known->format);
  matches_.Take(std::move(known->matches), found_.begin(), times_.Resolve(*known->stamp, arrival_),
                items);
  return true;
}

// A line that may count is the next one that was found.
void SourceReader::ProcessLine(size_t begin, size_t end, bool may_count, bool in_order,
                               std::vector<SourceItem>* items) {
  const uint64_t offset = region_offset_ + begin;
  SourceLine line;
  lines_.Unwrap(region_.substr(begin, end - begin), &line);
  uint64_t record_offset = offset;
  if (format_->envelope != EnvelopeKind::kNone) {
    if (line.enveloped.malformed) ++counts_.malformed_envelopes;
    PartialJoiner::Line whole;
    const bool complete = joiner_.Add(line.enveloped, offset, &whole);
    if (!complete) return;
    line.enveloped = whole.line;
    record_offset = whole.offset;
    if (whole.cut_bytes > 0) ++counts_.lines_cut;
  }
  lines_.Parse(lines_.Clean(line.enveloped.text, record_offset == 0), &line);
  matches_.Count(line.parsed);
  if (line.is_file_line()) return;
  const TimeNs time = TimeOf(line, begin, in_order);
  if (!may_count || offset < counted_to_) return;
  if (FoundLines::Matched* const known = found_.matched()) {
    matches_.Take(std::move(known->matches), record_offset, time, items);
    ReleaseHopeless(items);
    return;
  }
  found_.RulesOf(*candidates_, &candidate_rules_);
  const absl::string_view raw = region_.substr(begin, end - begin);
  if (early_.Begins(offset, raw)) {
    // It is live, and was given the time of its arrival then, too.
    const size_t before = items->size();
    matches_.Add(line, record_offset, time == kNoTime ? arrival_ : time, contexts_.Of(line.stream),
                 candidate_rules_, items);
    if (items->size() > before) {
      early_.TakeTold(*matcher_, &items->back().record.matches);
      if (items->back().record.matches.empty()) items->pop_back();
    }
    return;
  }
  matches_.Add(line, record_offset, time, contexts_.Of(line.stream), candidate_rules_, items);
  ReleaseHopeless(items);
}

// Where no time is stated, nothing is worth waiting for; nor is it when too much waits.
void SourceReader::ReleaseHopeless(std::vector<SourceItem>* items) {
  if (matches_.full() || (format_settled_ && format_->states_nothing())) ReleaseTimeless(items);
}

// The time of a record: what it states, else that of the record before it in its stream, else the
// first of the source; kNoTime before that.
TimeNs SourceReader::TimeOf(const SourceLine& line, size_t begin, bool in_order) {
  const std::optional<Stamp> stamp = lines_.StampOf(line);
  if (!in_order && !(line.is_record() && stamp.has_value())) {
    contexts_.LookBack(line.stream, begin);
  }
  TimeNs stated = kNoTime;
  if (stamp.has_value()) stated = times_.Resolve(*stamp, arrival_);
  if (in_order) contexts_.Note(line, stated);
  if (stamp.has_value()) return stated;
  const TimeNs before = contexts_.Of(line.stream).time;
  return before == kNoTime ? times_.first() : before;
}

// Gives what matched before the first time that the source states: at that time; where there is
// none, when it arrived or the file was last changed.
void SourceReader::ReleaseTimeless(std::vector<SourceItem>* items) {
  const TimeNs otherwise = arrival_ != kNoTime ? arrival_ : std::max<TimeNs>(options_.ends, 0);
  matches_.Release(times_.first(), otherwise, items);
}

// ---- The last line

// Whether what there is of a line may be all of it. Runtimes write whole lines, and JSON says where
// it ends; joined records wait for the next line themselves.
bool SourceReader::MayStandAlone(absl::string_view unfinished) {
  if (!format_.has_value()) {
    SourceFormat found = DetectFormat(options_.format, unfinished);
    if (options_.multiline.on() || found.envelope != EnvelopeKind::kNone || found.objects) {
      return false;
    }
    SetFormat(std::move(found));
  }
  return sequence_ == nullptr && (format_->envelope == EnvelopeKind::kNone ||
                                  format_->envelope == EnvelopeKind::kDockerLogs);
}

void SourceReader::TellUnfinished(TimeNs arrival, std::vector<SourceItem>* items) {
  const Block held = blocks_.Unfinished();
  if (held.bytes.empty() || early_.Knows(held.offset, held.bytes.size())) return;
  if (held.offset < counted_to_ || !MayStandAlone(held.bytes)) return;
  arrival_ = arrival;
  SourceLine line;
  lines_.Read(held.bytes, held.offset == 0, &line);
  std::vector<SourceItem> told;
  if (!line.is_file_line() && !line.parsed.malformed) {
    // The clock stays where it is: the line passes it when it is whole.
    SourceTimes times = times_;
    const std::optional<Stamp> stamp = lines_.StampOf(line);
    TimeNs time =
        stamp.has_value() ? times.Resolve(*stamp, arrival) : contexts_.Of(line.stream).time;
    if (time == kNoTime) time = times_.first() == kNoTime ? arrival : times_.first();
    matches_.Add(line, held.offset, time, contexts_.Of(line.stream), streams_.AllRules(), &told);
  }
  RuleMatches none;
  early_.Tell(held.offset, held.bytes, *matcher_,
              told.empty() ? &none : &told.back().record.matches);
  if (!told.empty() && !told.back().record.matches.empty()) {
    items->push_back(std::move(told.back()));
  }
}

// ---- The end

// A line whose last piece never came is what there is of it.
void SourceReader::EndPieces(std::vector<SourceItem>* items) {
  PartialJoiner::Line whole;
  while (joiner_.Flush(&whole)) {
    SourceLine line;
    line.enveloped = whole.line;
    line.stream = streams_.Number(whole.line);
    lines_.Parse(lines_.Clean(whole.line.text, whole.offset == 0), &line);
    matches_.Count(line.parsed);
    if (line.is_file_line()) continue;
    const std::optional<Stamp> stamp = lines_.StampOf(line);
    TimeNs time =
        stamp.has_value() ? times_.Resolve(*stamp, arrival_) : contexts_.Of(line.stream).time;
    if (time == kNoTime) time = times_.first();
    matches_.Add(line, whole.offset, time, contexts_.Of(line.stream), streams_.AllRules(), items);
  }
}

// What only the end of the source brings: what is unfinished, and its last mark.
void SourceReader::EndSource(std::vector<SourceItem>* items) {
  if (sequence_ != nullptr) {
    sequence_->End(arrival_, items);
  } else if (format_.has_value()) {
    EndPieces(items);
  }
  ReleaseTimeless(items);
  const TimeNs last = last_time();
  if (times_.any() && last != kNoTime && last != times_.last_mark()) {
    items->push_back(SourceItem::Mark(last));
  }
}

}  // namespace tallybell
