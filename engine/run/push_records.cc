// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_records.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "engine/frame/envelope.h"
#include "engine/frame/line_text.h"
#include "engine/model/field_name.h"

namespace tallybell {

struct PushRecords::Line {
  EnvelopedLine enveloped;
  absl::string_view text;
  ParsedLine parsed;
};

struct PushRecords::Batch {
  const PushedBody& body;
  const PushedStream& pushed;
  TimeNs arrival;
  PushStream* stream;
  size_t known_to = 0;  // the stream's header is the last one before this entry
};

namespace {

constexpr uint32_t kNotInBlock = std::numeric_limits<uint32_t>::max();
// From so many lines of a push it is found out what they look like.
constexpr size_t kFormatLines = 100;
constexpr size_t kFormatLineBytes = 4096;

ScanEnvelope ScanEnvelopeOf(EnvelopeKind envelope) {
  if (envelope == EnvelopeKind::kDocker) return ScanEnvelope::kDocker;
  return envelope == EnvelopeKind::kCri ? ScanEnvelope::kCri : ScanEnvelope::kNone;
}

// Where clients and Loki itself say how grave a line is that does not say so in a way of its own.
Severity StatedSeverity(absl::Span<const Field> metadata, const Labels& labels) {
  static constexpr absl::string_view kNames[] = {"severity", "severity_text", "level",
                                                 "detected_level"};
  for (const absl::string_view name : kNames) {
    for (const Field& field : metadata) {
      if (field.name != name) continue;
      const Severity severity = SeverityFromWord(field.value);
      if (severity != Severity::kUnknown) return severity;
    }
  }
  for (const absl::string_view name : kNames) {
    const Severity severity = SeverityFromWord(labels.Get(name));
    if (severity != Severity::kUnknown) return severity;
  }
  return Severity::kUnknown;
}

SourceClock::Options ClockOptions(const PushRecords::Options& options) {
  SourceClock::Options clock;
  clock.zone = options.zone;
  clock.max_future = options.max_future;
  return clock;
}

}  // namespace

PushRecords::PushRecords(const Options& options, CandidateRulesCache* candidates,
                         const RuleMatcher* matcher, size_t rules)
    : options_(options),
      candidates_(candidates),
      matcher_(matcher),
      every_rule_(rules),
      clock_(ClockOptions(options)) {
  std::iota(every_rule_.begin(), every_rule_.end(), 0u);
}

void PushRecords::Read(const PushedBody& body, const PushedStream& pushed, TimeNs arrival,
                       PushStream* stream, std::vector<MatchedRecord>* records) {
  FindFormat(pushed, stream);
  Batch batch{body, pushed, arrival, stream};
  Line first;
  ReadLine(batch, 0, &first);
  bool bounded = false;
  first_time_ = TimeOf(batch, 0, first, &bounded);
  if (!stream->rules.empty()) {
    LayOut(pushed);
    Scanner* const scanner = ScannerOf(*stream);
    scanner->candidates->Find(block_, scanner->scratch.get(), &candidate_lines_);
    CandidateLines::Line any_rule{};
    any_rule.every_pattern = true;
    // Two ascending lists of entries: those that the scan found, and those that it did not see.
    size_t number = 0, not_scanned = 0;
    const auto emit_not_scanned_before = [&](size_t end) {
      for (; not_scanned < not_scanned_.size() && not_scanned_[not_scanned] < end; ++not_scanned) {
        Emit(&batch, not_scanned_[not_scanned], *scanner->candidates, any_rule, records);
      }
    };
    for (const CandidateLines::Line& candidate : candidate_lines_.lines()) {
      while (begins_[number] != candidate.begin) ++number;
      emit_not_scanned_before(number);
      Emit(&batch, number, *scanner->candidates, candidate, records);
    }
    emit_not_scanned_before(pushed.entries.size());
  }
  LookBack(&batch, pushed.entries.size());
  stream->entries += pushed.entries.size();
}

// Until its lines say something a stream is looked at with each push, as a growing file is.
void PushRecords::FindFormat(const PushedStream& pushed, PushStream* stream) {
  if (stream->format_found) return;
  std::string lines;
  for (size_t i = 0; i < pushed.entries.size() && i < kFormatLines; ++i) {
    const absl::string_view line = pushed.entries[i].line.substr(0, kFormatLineBytes);
    absl::StrAppend(&lines, line.substr(0, line.find('\n')), "\n");
  }
  stream->format = DetectFormat("auto", lines);
  stream->format_found = stream->format.envelope != EnvelopeKind::kNone ||
                         stream->format.lines != FindLineFormat("plain");
}

// Lines with newlines in them stay out: a pattern may find what lies across one.
void PushRecords::LayOut(const PushedStream& pushed) {
  block_.clear();
  begins_.clear();
  not_scanned_.clear();
  for (size_t i = 0; i < pushed.entries.size(); ++i) {
    const absl::string_view line = pushed.entries[i].line;
    if (line.find('\n') == absl::string_view::npos) {
      begins_.push_back(static_cast<uint32_t>(block_.size()));
      block_.append(line.data(), line.size());
      block_.push_back('\n');
    } else {
      begins_.push_back(kNotInBlock);
      not_scanned_.push_back(static_cast<uint32_t>(i));
    }
  }
}

PushRecords::Scanner* PushRecords::ScannerOf(const PushStream& stream) {
  const ScanEnvelope envelope = ScanEnvelopeOf(stream.format.envelope);
  auto found = scanners_.find({envelope, stream.rules});
  if (found == scanners_.end()) {
    const bool own = scanners_.size() < kMostScanners;
    const std::vector<uint32_t> rules = own ? stream.rules : every_rule_;
    found = scanners_.try_emplace({envelope, rules}).first;
  }
  Scanner& scanner = found->second;
  if (scanner.candidates == nullptr) {
    scanner.candidates = candidates_->Get(found->first.second, envelope);
    scanner.scratch = scanner.candidates->NewScratch();
  }
  return &scanner;
}

void PushRecords::ReadLine(const Batch& batch, size_t number, Line* line) {
  const SourceFormat& format = batch.stream->format;
  line->enveloped = Unwrap(format.envelope, batch.pushed.entries[number].line, &unwrap_scratch_);
  line->text = LineText(line->enveloped.text, false, &text_scratch_);
  format.Parser(&matcher_->wanted_fields()).Parse(line->text, &line->parsed);
}

// What the line states, reconciled with what the client says; else that; else the arrival.
TimeNs PushRecords::TimeOf(const Batch& batch, size_t number, const Line& line,
                           bool* bounded) const {
  const TimeNs bound = AddNs(batch.arrival, options_.max_future);
  TimeNs time = batch.pushed.entries[number].time;
  if (time == kNoTime) time = batch.arrival;
  if (line.enveloped.time != kNoTime) time = line.enveloped.time;
  *bounded = time > bound;
  time = std::min(time, bound);
  if (line.parsed.kind == ParsedLine::Kind::kRecord && line.parsed.stamp.has_value()) {
    time = clock_.InEnvelope(*line.parsed.stamp, time, line.enveloped.utc_offset_seconds).instant;
  }
  *bounded = *bounded || time > bound;
  return std::min(time, bound);
}

// Brings the stream's header up to the entry of that number.
void PushRecords::LookBack(Batch* batch, size_t number) {
  PushStream& stream = *batch->stream;
  const size_t known_to = std::exchange(batch->known_to, number);
  // Plain lines have no headers.
  if (!stream.format_found) return;
  // The caller's line may stand in the scratch.
  std::string unwrap_scratch, text_scratch;
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
  Line line;
  for (size_t i = number; i-- > known_to;) {
    ReadLine(*batch, i, &line);
    if (line.parsed.kind != ParsedLine::Kind::kRecord) continue;
    stream.header.clear();
    if (line.text.size() <= PushStreams::kMaxHeader) {
      stream.header.assign(line.text.data(), line.text.size());
    }
    stream.severity = line.parsed.severity;
    break;
  }
  std::swap(unwrap_scratch, unwrap_scratch_);
  std::swap(text_scratch, text_scratch_);
}

void PushRecords::Emit(Batch* batch, size_t number, const CandidateRules& scanner,
                       const CandidateLines::Line& candidate, std::vector<MatchedRecord>* records) {
  const PushStream& stream = *batch->stream;
  Line line;
  ReadLine(*batch, number, &line);
  if (line.parsed.kind == ParsedLine::Kind::kFileLine) return;
  Record record;
  record.text = line.text;
  bool bounded = false;
  record.time = TimeOf(*batch, number, line, &bounded);
  record.severity = line.parsed.severity;
  record.stream = &stream.labels;
  Fields* fields = &line.parsed.fields;
  ParsedLine inherited;
  if (line.parsed.kind == ParsedLine::Kind::kContinuation) {
    LookBack(batch, number);
    record.severity = stream.severity;
    if (!stream.header.empty()) {
      stream.format.Parser(&matcher_->wanted_fields()).Parse(stream.header, &inherited);
      fields = &inherited.fields;
    }
  }
  const absl::Span<const Field> metadata = batch->body.FieldsOf(batch->pushed.entries[number]);
  std::vector<std::string> names;
  names.reserve(metadata.size());
  for (const Field& field : metadata) {
    names.push_back(FieldName(field.name));
    if (matcher_->wanted_fields().Has(names.back())) fields->Add(names.back(), field.value);
  }
  record.fields = fields;
  if (record.severity == Severity::kUnknown) {
    record.severity = StatedSeverity(metadata, stream.labels);
  }

  scanner.RulesOf(candidate_lines_, candidate, &candidate_rules_);
  selected_.clear();
  std::set_intersection(candidate_rules_.begin(), candidate_rules_.end(), stream.rules.begin(),
                        stream.rules.end(), std::back_inserter(selected_));
  MatchedRecord matched;
  matcher_->Match(record, selected_, &matched.matches);
  if (matched.matches.empty()) return;
  if (bounded) ++clamped_;
  matched.time = record.time;
  matched.offset = stream.entries + number;
  records->push_back(std::move(matched));
}

}  // namespace tallybell
