// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/line_explainer.h"

#include "absl/strings/str_cat.h"
#include "engine/frame/line_text.h"

namespace tallybell {
namespace {

SourceClock::Options ClockOptions(const LineExplainer::Options& options) {
  SourceClock::Options clock;
  clock.zone = options.zone;
  clock.first_year = options.first_year;
  clock.ends = options.now;
  return clock;
}

std::string FormatOf(const ParsedLine& parsed) {
  switch (parsed.kind) {
    case ParsedLine::Kind::kContinuation:
      return "continuation";
    case ParsedLine::Kind::kFileLine:
      return "line of the file";
    case ParsedLine::Kind::kRecord:
      break;
  }
  const std::string name(parsed.format->name);
  return parsed.malformed ? absl::StrCat("malformed ", name) : name;
}

}  // namespace

LineExplainer::LineExplainer(Options options, const RuleSet* rules, absl::string_view first_lines)
    : options_(std::move(options)),
      rules_(rules),
      format_(DetectFormat(options_.format, first_lines)),
      clock_(ClockOptions(options_)),
      lines_(format_.objects ? SourceFormat::JoinObjects() : MultilineJoiner::Options()) {}

void LineExplainer::Explain(absl::string_view line, OnExplained on_explained) {
  const EnvelopedLine enveloped = Unwrap(format_.envelope, line, &unwrap_scratch_);
  PartialJoiner::Line whole;
  if (format_.envelope == EnvelopeKind::kNone) {
    TakeWhole(enveloped, on_explained);
  } else if (pieces_.Add(enveloped, offset_, &whole)) {
    TakeWhole(whole.line, on_explained);
  }
  offset_ += line.size() + 1;
}

void LineExplainer::Finish(OnExplained on_explained) {
  PartialJoiner::Line whole;
  while (pieces_.Flush(&whole)) TakeWhole(whole.line, on_explained);
  lines_.FlushBefore(
      UINT64_MAX, [&](const MultilineJoiner::Record& record) { TakeRecord(record, on_explained); });
}

void LineExplainer::TakeWhole(const EnvelopedLine& line, OnExplained on_explained) {
  MultilineJoiner::Record record;
  record.line = line;
  record.line.text = LineText(line.text, offset_ == 0, &text_scratch_);
  record.stream = streams_.Number(line);
  record.offset = offset_;
  if (!format_.objects) {
    TakeRecord(record, on_explained);
    return;
  }
  lines_.Add(record, kNoTime,
             [&](const MultilineJoiner::Record& joined) { TakeRecord(joined, on_explained); });
}

void LineExplainer::TakeRecord(const MultilineJoiner::Record& record, OnExplained on_explained) {
  on_explained(ExplainRecord(record));
}

LineExplanation LineExplainer::ExplainRecord(const MultilineJoiner::Record& joined) {
  const EnvelopedLine& enveloped = joined.line;
  Context& context = contexts_[joined.stream];
  const LineParser parser = format_.Parser(&wanted_);
  ParsedLine parsed;
  parser.Parse(enveloped.text, &parsed);

  LineExplanation explanation;
  explanation.text = std::string(enveloped.text);
  explanation.kind = parsed.kind;
  explanation.malformed = parsed.malformed;
  if (format_.envelope != EnvelopeKind::kNone && !enveloped.malformed) {
    explanation.envelope = std::string(EnvelopeKindName(format_.envelope));
  }
  explanation.format = FormatOf(parsed);
  explanation.stream = options_.labels;
  if (explanation.stream.Get("host").empty()) explanation.stream.Set("host", format_.host);
  if (!enveloped.stream.empty()) explanation.stream.Set("stream", enveloped.stream);
  PutTime(enveloped, parsed, &context, &explanation);

  if (parsed.kind == ParsedLine::Kind::kRecord) context.header = explanation.text;
  ParsedLine inherited;
  const bool inherits = parsed.kind == ParsedLine::Kind::kContinuation && !context.header.empty();
  if (inherits) parser.Parse(context.header, &inherited);
  ParsedLine& states = inherits ? inherited : parsed;
  if (!enveloped.name.empty()) states.fields.Add("container", enveloped.name);
  explanation.severity = states.severity;
  for (const Field& field : states.fields.all()) {
    explanation.fields.emplace_back(field.name, field.value);
  }
  if (parsed.kind == ParsedLine::Kind::kFileLine) return explanation;

  Record record;
  record.text = explanation.text;
  record.time = explanation.time;
  record.severity = states.severity;
  record.stream = &explanation.stream;
  record.fields = &states.fields;
  for (const Rule& rule : rules_->rules) explanation.verdicts.push_back(JudgeRecord(rule, record));
  return explanation;
}

// The time of the line, else of its envelope, else of the record before it.
void LineExplainer::PutTime(const EnvelopedLine& enveloped, const ParsedLine& parsed,
                            Context* context, LineExplanation* explanation) {
  if (parsed.kind == ParsedLine::Kind::kFileLine) {
    if (parsed.stamp.has_value()) {
      clock_.FileBegins(*parsed.stamp);
      file_begun_ = true;
      explanation->time_origin = "the file was begun then; the years of its lines follow from it";
    }
    return;
  }
  if (parsed.kind == ParsedLine::Kind::kRecord && parsed.stamp.has_value()) {
    const Stamp stamp =
        clock_.InEnvelope(*parsed.stamp, enveloped.time, enveloped.utc_offset_seconds);
    explanation->time = context->time = clock_.Resolve(stamp, kNoTime);
    explanation->states_time = true;
    explanation->time_origin =
        absl::StrCat("stated by the line", WhatWasFoundOut(*parsed.stamp, enveloped));
  } else if (enveloped.time != kNoTime) {
    explanation->time = context->time = enveloped.time;
    explanation->states_time = true;
    explanation->time_origin = "stated by the envelope";
  } else if (context->time != kNoTime) {
    explanation->time = context->time;
    explanation->time_origin = "that of the record before it";
  } else {
    explanation->time_origin = "nothing states one: when it arrives, or the file's last change";
  }
}

std::string LineExplainer::YearOrigin(bool from_envelope) const {
  if (from_envelope) return "; the year follows from the envelope";
  if (options_.first_year > 0) return "; the year follows from the one given";
  if (file_begun_) return "; the year follows from when the file was begun";
  return "; the latest year that is not in the future";
}

std::string LineExplainer::WhatWasFoundOut(const Stamp& stamp,
                                           const EnvelopedLine& enveloped) const {
  if (stamp.instant != kNoTime) return "";
  const bool from_envelope = enveloped.time != kNoTime;
  std::string found;
  if (stamp.year == 0) found = YearOrigin(from_envelope);
  if (!stamp.has_zone) {
    absl::StrAppend(&found, from_envelope               ? "; the zone follows from the envelope"
                            : options_.zone.has_value() ? "; the zone as given"
                                                        : "; it names no zone, UTC is taken");
  }
  return found;
}

}  // namespace tallybell
