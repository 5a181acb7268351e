// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
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

BlockReader::Options BlockOptions(const SourceReader::Options& options) {
  BlockReader::Options block;
  block.block = options.block;
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
    case EnvelopeKind::kNone:
      break;
  }
  return ScanEnvelope::kNone;
}

// The line of `region` that begins at `begin`, without its newline.
absl::string_view LineAt(absl::string_view region, size_t begin) {
  const void* const newline = std::memchr(region.data() + begin, '\n', region.size() - begin);
  const size_t end = newline == nullptr ? region.size()
                                        : static_cast<const char*>(newline) - region.data();
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
      candidate_cache_(candidates),
      matcher_(matcher),
      blocks_(bytes, BlockOptions(options_)),
      clock_(ClockOptions(options_)),
      finished_(!options_.live),
      next_boundary_(options_.offset),
      resume_offset_(options_.offset) {}

SourceCounts SourceReader::counts() const {
  SourceCounts counts = counts_;
  counts.lines_cut += static_cast<int64_t>(blocks_.lines_truncated());
  counts.clamped_times = clock_.clamped();
  return counts;
}

// ---- What the source is

// A live source may begin with lines that say little: what was found in them is only final once
// a header was seen, or enough lines were.
void SourceReader::DecideFormat(absl::string_view bytes) {
  if (format_settled_ || bytes.empty()) return;
  SourceFormat found = DetectFormat(options_.format, bytes);
  const bool says_something =
      found.envelope != EnvelopeKind::kNone || found.lines != FindLineFormat("plain");
  if (!format_.has_value() || says_something) {
    if (format_.has_value() && found.host.empty()) found.host = format_->host;
    SetFormat(std::move(found));
  }
  format_settled_ = says_something || finished_ || counts_.lines >= 100;
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
  LineParser(*format_->lines).Parse(line->text, &line->parsed);
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
  ASSIGN_OR_RETURN(const Block block, blocks_.Next());
  DecideFormat(block.bytes);
  if (block.bytes.empty()) {
    if (block.at_end) resume_offset_ = std::max(resume_offset_, block.next_offset);
    return block.at_end;
  }
  region_ = block.bytes;
  region_offset_ = block.offset;
  for (Context& context : contexts_) context.known_to = 0;

  const bool last = block.at_end && finished_;
  std::vector<Mark> marks = FindMarks(block, last);
  size_t ready = block.at_end || block.sealed ? block.bytes.size() : Ready(block, marks);
  if (ready < block.bytes.size() && !blocks_.Keep(block.bytes.size() - ready)) {
    ready = block.bytes.size();
  }
  const bool all = ready == block.bytes.size();
  if (!all) {
    // The mark that ends what is ready is found again at the front of the next block.
    next_boundary_ = block.offset + ready;
  }
  region_ = block.bytes.substr(0, ready);
  Process(region_, marks, items);
  CarryContext();
  counts_.lines += std::count(region_.begin(), region_.end(), '\n') +
                   (!region_.empty() && region_.back() != '\n' ? 1 : 0);
  counts_.bytes += static_cast<int64_t>(region_.size());
  resume_offset_ = all ? block.next_offset : block.offset + ready;
  return block.at_end;
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
    next_boundary_ = ((block.offset + begin) / kMarkEvery + 1) * kMarkEvery;
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
// the one after it.
size_t SourceReader::Ready(const Block& block, const std::vector<Mark>& marks) const {
  if (!marks.empty() && marks.back().begin > 0) return marks.back().begin;
  // Nothing yet tells where the stretch ends; it waits as long as there is room for it.
  return block.bytes.size() * 2 <= options_.block ? 0 : block.bytes.size();
}

void SourceReader::Process(absl::string_view region, const std::vector<Mark>& marks,
                           std::vector<SourceItem>* items) {
  next_candidate_ = 0;
  candidates_->Find(region, candidate_scratch_.get(), &candidate_lines_);

  const auto mark_at = [&](size_t i) {
    return i < marks.size() && marks[i].begin < region.size();
  };
  size_t begin = 0;
  size_t i = 0;
  if (!any_mark_ && mark_at(0)) {
    // What stands before the first stated time takes that time.
    const std::optional<Stamp> following =
        marks.size() > 1 ? std::optional<Stamp>(marks[1].stamp) : std::nullopt;
    first_time_ = clock_.NextMark(marks[0].stamp, following, arrival_);
    any_mark_ = true;
    items->push_back({first_time_, true, {}});
    ProcessSegment(0, marks[0].begin, items);
    begin = marks[0].begin;
    i = 1;
    ProcessSegment(begin, mark_at(1) ? marks[1].begin : region.size(), items);
    if (mark_at(1)) begin = marks[1].begin;
  } else {
    ProcessSegment(0, mark_at(0) ? marks[0].begin : region.size(), items);
    if (mark_at(0)) begin = marks[0].begin;
  }
  for (; mark_at(i); ++i) {
    const std::optional<Stamp> following =
        i + 1 < marks.size() ? std::optional<Stamp>(marks[i + 1].stamp) : std::nullopt;
    items->push_back({clock_.NextMark(marks[i].stamp, following, arrival_), true, {}});
    const size_t end = mark_at(i + 1) ? marks[i + 1].begin : region.size();
    ProcessSegment(begin, end, items);
    begin = end;
  }
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
  const TimeNs time = TimeOf(line, begin, in_order);
  if (candidate != nullptr && offset >= counted_to_) {
    Emit(line, record_offset, time, *candidate, items);
  }
}

// The time of a record: what it states, else that of the record before it in its stream.
TimeNs SourceReader::TimeOf(const Line& line, size_t begin, bool in_order) {
  Context& context = contexts_[line.stream];
  const std::optional<Stamp> stamp = StampOf(line);
  const bool is_record = line.parsed.kind == ParsedLine::Kind::kRecord;
  if (stamp.has_value()) {
    const TimeNs time = clock_.Resolve(*stamp, arrival_);
    if (!any_mark_) {
      // Only where no mark was to be had: the stamp became the first one.
      any_mark_ = true;
      first_time_ = time;
    }
    if (in_order) {
      if (is_record) {
        context.text.assign(line.text.data(), line.text.size());
        context.time = time;
      }
      context.known_to = begin;
    } else if (!is_record) {
      LookBack(line.stream, begin);
    }
    return time;
  }
  if (!in_order) LookBack(line.stream, begin);
  return context.time;
}

// Brings the context of `stream` up to the line that begins at `begin`.
void SourceReader::LookBack(int stream, size_t begin) {
  Context& context = contexts_[stream];
  const size_t known_to = std::exchange(context.known_to, begin);
  std::string unwrap_scratch, text_scratch;
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
  Line line;
  while (begin > known_to) {
    begin = LineBegin(region_, begin - 1);
    ReadLine(LineAt(region_, begin), region_offset_ + begin == 0, &line);
    if (line.stream != stream || line.parsed.kind != ParsedLine::Kind::kRecord) continue;
    const std::optional<Stamp> stamp = StampOf(line);
    if (!stamp.has_value()) continue;
    context.text.assign(line.text.data(), line.text.size());
    context.time = clock_.Resolve(*stamp, arrival_);
    break;
  }
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
}

// Remembers, for the lines of the next region, the last record of each stream of this one.
void SourceReader::CarryContext() {
  if (any_mark_ && clock_.NeedsEveryStamp()) return;  // they were kept up line by line
  if (format_->envelope == EnvelopeKind::kNone) {
    LookBack(0, region_.size());
    return;
  }
  // A stream that is not in the region at all would be looked for in all of it.
  for (const absl::string_view name : {"stdout", "stderr"}) {
    if (memmem(region_.data(), region_.size(), name.data(), name.size()) != nullptr) {
      LookBack(SourceStreams::Number(name), region_.size());
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
    LineParser(*format_->lines).Parse(context.text, &inherited);
    record.severity = inherited.severity;
    record.fields = inherited.fields;
  }
  // Before the first time that the source states, that one; where it states none, arrival.
  if (record.time == kNoTime) record.time = first_time_;
  const bool timeless = record.time == kNoTime;
  if (timeless) record.time = arrival_ != kNoTime ? arrival_ : std::max<TimeNs>(options_.ends, 0);

  SourceItem item;
  candidates_->RulesOf(candidate_lines_, candidate, &candidate_rules_);
  selected_.clear();
  streams_.Select(line.stream, candidate_rules_, &selected_);
  matcher_->Match(record, selected_, &item.record.matches);
  if (item.record.matches.empty()) return;
  if (timeless) ++counts_.without_time;
  item.time = record.time;
  item.record.time = record.time;
  item.record.offset = offset;
  items->push_back(std::move(item));
}

// ---- Restart

uint64_t SourceReader::resume_offset() const {
  return std::min(resume_offset_, joiner_.HeldFrom());
}

std::string SourceReader::SaveState() const {
  Json state = {{"counted", resume_offset_}, {"boundary", next_boundary_}, {"mark", any_mark_},
                {"clock", clock_.Encode()}};
  if (format_.has_value()) {
    state["format"] = std::string(format_->lines->name);
    state["envelope"] = std::string(EnvelopeKindName(format_->envelope));
    state["host"] = format_->host;
    state["settled"] = format_settled_;
  }
  Json contexts = Json::array();
  for (const Context& context : contexts_) contexts.push_back({context.time, context.text});
  state["contexts"] = std::move(contexts);
  return DumpJson(state);
}

absl::Status SourceReader::RestoreState(absl::string_view text) {
  ASSIGN_OR_RETURN(const Json state, ParseJson(text));
  const auto bad = [] { return absl::InvalidArgumentError("not the state of a source"); };
  const auto is_number = [&state](const char* key) {
    return state.contains(key) && state[key].is_number_unsigned();
  };
  if (!state.is_object() || !is_number("counted") || !is_number("boundary") ||
      !state.contains("clock") || !state["clock"].is_string() || !state.contains("contexts") ||
      !state["contexts"].is_array() || state["contexts"].size() != SourceStreams::kStreams) {
    return bad();
  }
  for (const Json& context : state["contexts"]) {
    if (!context.is_array() || context.size() != 2 || !context[0].is_number_integer() ||
        !context[1].is_string()) {
      return bad();
    }
  }
  if (state.contains("format")) {
    for (const char* key : {"format", "envelope", "host"}) {
      if (!state.contains(key) || !state[key].is_string()) return bad();
    }
    ASSIGN_OR_RETURN(SourceFormat format, RestoreFormat(state["envelope"].get<std::string>(),
                                                        state["format"].get<std::string>()));
    format.host = state["host"].get<std::string>();
    SetFormat(std::move(format));
    format_settled_ = state.contains("settled") && state["settled"] == true;
  }
  any_mark_ = state.contains("mark") && state["mark"] == true;
  if (any_mark_) RETURN_IF_ERROR(clock_.Decode(state["clock"].get<std::string>()));
  counted_to_ = state["counted"].get<uint64_t>();
  next_boundary_ = std::max(state["boundary"].get<uint64_t>(), options_.offset);
  for (int i = 0; i < SourceStreams::kStreams; ++i) {
    contexts_[i].time = state["contexts"][i][0].get<int64_t>();
    contexts_[i].text = state["contexts"][i][1].get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace tallybell
