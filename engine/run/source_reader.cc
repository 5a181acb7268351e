// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/status_macros.h"
#include "engine/frame/line_count.h"
#include "engine/frame/line_text.h"
#include "engine/parse/line_parser.h"

namespace tallybell {

struct SourceReader::Line {
  EnvelopedLine enveloped;
  int stream = 0;
  absl::string_view text;
  ParsedLine parsed;
};

namespace {

// Gives at most so many bytes at a time.
class SmallReads : public ByteReader {
 public:
  SmallReads(ByteReader* bytes, size_t most) : bytes_(bytes), most_(most) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    return bytes_->Read(buffer, std::min(size, most_));
  }

 private:
  ByteReader* const bytes_;
  const size_t most_;
};

BlockReader::Options BlockOptions(const SourceReader::Options& options, size_t look_ahead) {
  BlockReader::Options block;
  block.block = std::max({options.block, look_ahead, SourceReader::kFormatBytes});
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

// The line of `region` that begins at `begin`, without its newline.
absl::string_view LineAt(absl::string_view region, size_t begin) {
  const void* const newline = std::memchr(region.data() + begin, '\n', region.size() - begin);
  const size_t end =
      newline == nullptr ? region.size() : static_cast<const char*>(newline) - region.data();
  return region.substr(begin, end - begin);
}

// Where the line begins that ends at `end` (its newline, or the region's end).
size_t LineBegin(absl::string_view region, size_t end) {
  const void* const newline = memrchr(region.data(), '\n', end);
  return newline == nullptr ? 0 : static_cast<const char*>(newline) - region.data() + 1;
}

// The first line that begins at or after `at`.
size_t NextLineBegin(absl::string_view region, size_t at) {
  if (at == 0 || at >= region.size() || region[at - 1] == '\n') return at;
  const absl::string_view rest = LineAt(region, at);
  return std::min(region.size(), at + rest.size() + 1);
}

}  // namespace

SourceReader::SourceReader(Options options, ByteReader* bytes, CandidateRulesCache* candidates,
                           const RuleMatcher* matcher)
    : options_(std::move(options)),
      look_ahead_(4 * options_.mark_every),
      small_reads_(std::make_unique<SmallReads>(bytes, options_.block)),
      candidate_cache_(candidates),
      matcher_(matcher),
      blocks_(small_reads_.get(), BlockOptions(options_, look_ahead_)),
      clock_(ClockOptions(options_)),
      finished_(!options_.live),
      next_boundary_(options_.offset),
      resume_offset_(options_.offset) {
  if (options_.offset == 0 && options_.begins.has_value()) clock_.FileBegins(*options_.begins);
}

SourceCounts SourceReader::counts() const {
  SourceCounts counts = counts_;
  counts.lines_cut += static_cast<int64_t>(blocks_.lines_truncated());
  counts.clamped_times = clock_.clamped();
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
  candidates_ = candidate_cache_->Get(streams_.AllRules(), ScanEnvelopeOf(format_->envelope));
  candidate_scratch_ = candidates_->NewScratch();
}

void SourceReader::UseRules(CandidateRulesCache* candidates, const RuleMatcher* matcher) {
  candidate_cache_ = candidates;
  matcher_ = matcher;
  if (format_.has_value()) SetFormat(*std::move(format_));
}

void SourceReader::ParseText(absl::string_view text, bool first, Line* line) {
  line->text = LineText(text, first, &text_scratch_);
  format_->Parser(&matcher_->wanted_fields()).Parse(line->text, &line->parsed);
}

void SourceReader::ReadLine(absl::string_view raw, bool first, Line* line) {
  line->enveloped = Unwrap(format_->envelope, raw, &unwrap_scratch_);
  line->stream = SourceStreams::Number(line->enveloped.stream);
  ParseText(line->enveloped.text, first, line);
}

// The time that a record states: its line, else its envelope.
std::optional<Stamp> SourceReader::StampOf(const Line& line) const {
  if (line.parsed.kind == ParsedLine::Kind::kRecord && line.parsed.stamp.has_value()) {
    return clock_.InEnvelope(*line.parsed.stamp, line.enveloped.time,
                             line.enveloped.utc_offset_seconds);
  }
  if (line.enveloped.time != kNoTime) return Stamp::At(line.enveloped.time);
  return std::nullopt;
}

// ---- Blocks and marks

absl::StatusOr<bool> SourceReader::Read(TimeNs arrival, std::vector<SourceItem>* items) {
  arrival_ = arrival;
  absl::StatusOr<Block> next = blocks_.Next();
  if (!next.ok()) {
    if (!options_.live) EndSource(items);
    return std::move(next).status();
  }
  const Block& block = *next;
  if (Waits(block)) return false;
  const bool last = block.at_end && finished_;
  if (!block.bytes.empty()) {
    DecideFormat(block);
    region_ = block.bytes;
    region_offset_ = block.offset;
    for (Context& context : contexts_) context.known_to = 0;
    const std::vector<Mark> marks = FindMarks(block, last);
    size_t ready = Ready(block, marks);
    if (ready < block.bytes.size() && !blocks_.Keep(block.bytes.size() - ready)) {
      ready = block.bytes.size();
    }
    const bool all = ready == block.bytes.size();
    // The mark that ends what is ready is found again at the front of the next block.
    if (!all) next_boundary_ = block.offset + ready;
    region_ = block.bytes.substr(0, ready);
    Process(region_, marks, items);
    CarryContext(region_.size());
    counts_.lines += CountLines(region_);
    counts_.bytes += static_cast<int64_t>(region_.size());
    resume_offset_ = all ? block.next_offset : block.offset + ready;
  } else if (block.at_end) {
    resume_offset_ = std::max(resume_offset_, block.next_offset);
  }
  if (options_.live) ReleaseTimeless(items);
  if (last) EndSource(items);
  return block.at_end;
}

// Whether more must be read before it can be said what the lines look like.
bool SourceReader::Waits(const Block& block) {
  return !format_settled_ && !block.at_end && !block.sealed && block.bytes.size() < kFormatBytes &&
         blocks_.Keep(block.bytes.size());
}

// The marks of a block, those behind what is ready included: docs/semantics.md, "Marks".
std::vector<SourceReader::Mark> SourceReader::FindMarks(const Block& block, bool last) {
  std::vector<Mark> marks;
  // Plain lines without an envelope state nothing.
  if (format_->envelope == EnvelopeKind::kNone && format_->lines == FindLineFormat("plain")) {
    return marks;
  }
  const uint64_t end = block.offset + block.bytes.size();
  Line line;
  const auto stated = [&](size_t begin) {
    ReadLine(LineAt(block.bytes, begin), block.offset + begin == 0, &line);
    if (!any_mark_ && marks.empty() && line.parsed.kind == ParsedLine::Kind::kFileLine &&
        line.parsed.stamp.has_value()) {
      clock_.FileBegins(*line.parsed.stamp);
    }
    return line.parsed.kind == ParsedLine::Kind::kFileLine ? std::nullopt : StampOf(line);
  };
  while (next_boundary_ < end) {
    size_t begin = next_boundary_ <= block.offset
                       ? 0
                       : NextLineBegin(block.bytes, next_boundary_ - block.offset);
    std::optional<Stamp> stamp;
    while (begin < block.bytes.size() && !(stamp = stated(begin)).has_value()) {
      begin += LineAt(block.bytes, begin).size() + 1;
    }
    if (!stamp.has_value()) break;
    marks.push_back({begin, *stamp});
    next_boundary_ = ((block.offset + begin) / options_.mark_every + 1) * options_.mark_every;
  }
  if (last) {
    // The last record that states a time is a mark too.
    const size_t first = marks.empty() ? 0 : marks.back().begin + 1;
    size_t end_of_line = block.bytes.size();
    if (end_of_line > 0 && block.bytes.back() == '\n') --end_of_line;
    for (size_t begin = LineBegin(block.bytes, end_of_line); begin >= first;
         begin = LineBegin(block.bytes, begin - 1)) {
      if (const auto stamp = stated(begin); stamp.has_value()) {
        marks.push_back({begin, *stamp});
        break;
      }
      if (begin == 0) break;
    }
  }
  return marks;
}

// How much of the block can be processed: what lies before its last mark, because a mark needs
// the one after it, unless that is too far away.
size_t SourceReader::Ready(const Block& block, const std::vector<Mark>& marks) const {
  const size_t size = block.bytes.size();
  if (block.at_end || block.sealed || marks.empty()) return size;
  return size - marks.back().begin < look_ahead_ ? marks.back().begin : size;
}

void SourceReader::Process(absl::string_view region, const std::vector<Mark>& marks,
                           std::vector<SourceItem>* items) {
  next_candidate_ = 0;
  candidates_->Find(region, candidate_scratch_.get(), &candidate_lines_);
  size_t begin = 0;
  for (size_t i = 0; i < marks.size() && marks[i].begin < region.size(); ++i) {
    ProcessSegment(begin, marks[i].begin, items);
    begin = marks[i].begin;
    if (format_->envelope != EnvelopeKind::kNone) CarryContext(begin);
    std::optional<Stamp> following;
    if (i + 1 < marks.size() && marks[i + 1].begin - begin < look_ahead_) {
      following = marks[i + 1].stamp;
    }
    last_mark_ = clock_.NextMark(marks[i].stamp, following, arrival_);
    items->push_back({last_mark_, true, {}});
    if (any_mark_) continue;
    any_mark_ = true;
    first_time_ = last_mark_;
    ReleaseTimeless(items);
  }
  ProcessSegment(begin, region.size(), items);
}

// Lines in [begin, end) of the region; the clock stands in their segment.
void SourceReader::ProcessSegment(size_t begin, size_t end, std::vector<SourceItem>* items) {
  const std::vector<CandidateLines::Line>& lines = candidate_lines_.lines();
  const bool in_order = any_mark_ && clock_.NeedsEveryStamp();
  if (!in_order) {
    for (; next_candidate_ < lines.size() && lines[next_candidate_].begin < end;
         ++next_candidate_) {
      const CandidateLines::Line& candidate = lines[next_candidate_];
      ProcessLine(candidate.begin, candidate.end, &candidate, false, items);
    }
    return;
  }
  while (begin < end) {
    const size_t line_end = begin + LineAt(region_, begin).size();
    const bool may_count = next_candidate_ < lines.size() && lines[next_candidate_].begin == begin;
    ProcessLine(begin, line_end, may_count ? &lines[next_candidate_] : nullptr, true, items);
    if (may_count) ++next_candidate_;
    begin = line_end + 1;
  }
}

// ---- Lines

void SourceReader::ProcessLine(size_t begin, size_t end, const CandidateLines::Line* candidate,
                               bool in_order, std::vector<SourceItem>* items) {
  const uint64_t offset = region_offset_ + begin;
  Line line;
  line.enveloped = Unwrap(format_->envelope, region_.substr(begin, end - begin), &unwrap_scratch_);
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
  line.stream = SourceStreams::Number(line.enveloped.stream);
  ParseText(line.enveloped.text, record_offset == 0, &line);
  if (line.parsed.kind == ParsedLine::Kind::kFileLine) return;
  const TimeNs time = TimeOf(line, begin, end, in_order);
  if (candidate != nullptr && offset >= counted_to_) {
    Emit(line, record_offset, time, *candidate, items);
  }
}

// The time of a record: what it states, else that of the record before it in its stream.
TimeNs SourceReader::TimeOf(const Line& line, size_t begin, size_t end, bool in_order) {
  const std::optional<Stamp> stamp = StampOf(line);
  const bool is_record = line.parsed.kind == ParsedLine::Kind::kRecord;
  if (!in_order && !(is_record && stamp.has_value())) LookBack(line.stream, begin);
  if (!stamp.has_value()) return contexts_[line.stream].time;
  const TimeNs time = clock_.Resolve(*stamp, arrival_);
  if (!any_mark_) {
    // Only where no mark was to be had: the stamp became the first one.
    any_mark_ = true;
    first_time_ = time;
  }
  if (!in_order) return time;
  for (const int stream : {0, line.stream}) {
    Context& context = contexts_[stream];
    if (is_record) context.text.assign(line.text.data(), line.text.size());
    context.time = time;
    context.known_to = end;
    if (line.stream == 0) break;
  }
  return time;
}

// Brings the context of `stream` up to the line that begins at `begin`.
void SourceReader::LookBack(int stream, size_t begin) {
  Context& context = contexts_[stream];
  const size_t known_to = std::exchange(context.known_to, begin);
  std::string unwrap_scratch, text_scratch;
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
  Line line;
  bool timed = false;
  while (begin > known_to) {
    begin = LineBegin(region_, begin - 1);
    ReadLine(LineAt(region_, begin), region_offset_ + begin == 0, &line);
    if (stream != 0 && line.stream != stream) continue;
    if (line.parsed.kind == ParsedLine::Kind::kFileLine) continue;
    const std::optional<Stamp> stamp = StampOf(line);
    if (!stamp.has_value()) continue;
    if (!timed) context.time = clock_.Resolve(*stamp, arrival_);
    timed = true;
    if (line.parsed.kind != ParsedLine::Kind::kRecord) continue;
    context.text.assign(line.text.data(), line.text.size());
    break;
  }
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
}

// Brings all contexts up to `begin` of the region, for the lines of the next segment or region.
void SourceReader::CarryContext(size_t begin) {
  if (!any_mark_ || clock_.NeedsEveryStamp()) return;  // they were kept up line by line
  LookBack(0, begin);
  if (format_->envelope == EnvelopeKind::kNone) return;
  // A stream that is not there at all would be looked for in all of it.
  for (const absl::string_view name : {"stdout", "stderr"}) {
    const int stream = SourceStreams::Number(name);
    const size_t from = std::min(contexts_[stream].known_to, begin);
    if (memmem(region_.data() + from, begin - from, name.data(), name.size()) != nullptr) {
      LookBack(stream, begin);
    } else {
      contexts_[stream].known_to = begin;
    }
  }
}

void SourceReader::Emit(const Line& line, uint64_t offset, TimeNs time,
                        const CandidateLines::Line& candidate, std::vector<SourceItem>* items) {
  Record record;
  record.text = line.text;
  record.time = time;
  record.severity = line.parsed.severity;
  record.stream = &streams_.labels(line.stream);
  record.fields = line.parsed.fields;
  ParsedLine inherited;
  const Context& context = contexts_[line.stream];
  if (line.parsed.kind == ParsedLine::Kind::kContinuation && !context.text.empty()) {
    format_->Parser(&matcher_->wanted_fields()).Parse(context.text, &inherited);
    record.severity = inherited.severity;
    record.fields = inherited.fields;
  }
  if (record.time == kNoTime) record.time = first_time_;

  SourceItem item;
  candidates_->RulesOf(candidate_lines_, candidate, &candidate_rules_);
  selected_.clear();
  streams_.Select(line.stream, candidate_rules_, &selected_);
  matcher_->Match(record, selected_, &item.record.matches);
  if (item.record.matches.empty()) return;
  item.time = record.time;
  item.record.time = record.time;
  item.record.offset = offset;
  if (record.time != kNoTime) {
    items->push_back(std::move(item));
    return;
  }
  for (const RuleMatch& match : item.record.matches) {
    timeless_bytes_ += sizeof(item) + match.evidence.size();
    for (const std::string& value : match.by_values) timeless_bytes_ += value.size();
  }
  timeless_.push_back(std::move(item));
  const bool states_none = format_settled_ && format_->envelope == EnvelopeKind::kNone &&
                           format_->lines == FindLineFormat("plain");
  if (states_none || timeless_bytes_ > kMaxTimelessBytes) ReleaseTimeless(items);
}

// Gives what matched before the first time that the source states: at that time; where there is
// none, when it arrived or the file was last changed.
void SourceReader::ReleaseTimeless(std::vector<SourceItem>* items) {
  TimeNs time = first_time_;
  if (time == kNoTime) {
    time = arrival_ != kNoTime ? arrival_ : std::max<TimeNs>(options_.ends, 0);
    counts_.without_time += static_cast<int64_t>(timeless_.size());
  }
  for (SourceItem& item : timeless_) {
    item.time = item.record.time = time;
    items->push_back(std::move(item));
  }
  timeless_.clear();
  timeless_bytes_ = 0;
}

// What only the end of the source brings: a line whose last piece never came, and its last mark.
void SourceReader::EndSource(std::vector<SourceItem>* items) {
  PartialJoiner::Line whole;
  while (format_.has_value() && joiner_.Flush(&whole)) {
    Line line;
    line.enveloped = whole.line;
    line.stream = SourceStreams::Number(whole.line.stream);
    ParseText(whole.line.text, whole.offset == 0, &line);
    if (line.parsed.kind == ParsedLine::Kind::kFileLine) continue;
    const std::optional<Stamp> stamp = StampOf(line);
    const TimeNs time =
        stamp.has_value() ? clock_.Resolve(*stamp, arrival_) : contexts_[line.stream].time;
    CandidateLines::Line any_rule{};
    any_rule.every_pattern = true;
    Emit(line, whole.offset, time, any_rule, items);
  }
  ReleaseTimeless(items);
  const TimeNs last = contexts_[0].time;
  if (any_mark_ && last != kNoTime && last != last_mark_) items->push_back({last, true, {}});
}

}  // namespace tallybell
