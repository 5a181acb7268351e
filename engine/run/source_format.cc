// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_format.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/frame/envelope_detector.h"
#include "engine/frame/line_text.h"
#include "engine/parse/format_detector.h"
#include "engine/parse/line_parser.h"

namespace tallybell {
namespace {

constexpr EnvelopeKind kEnvelopes[] = {EnvelopeKind::kNone, EnvelopeKind::kDocker,
                                       EnvelopeKind::kCri, EnvelopeKind::kDockerLogs,
                                       EnvelopeKind::kCompose};

// Takes the next line, without its newline, off `*rest`.
absl::string_view TakeLine(absl::string_view* rest) {
  const size_t newline = rest->find('\n');
  const absl::string_view line = rest->substr(0, newline);
  rest->remove_prefix(newline == absl::string_view::npos ? rest->size() : newline + 1);
  return line;
}

EnvelopeKind DetectEnvelope(absl::string_view lines) {
  EnvelopeDetector detector;
  while (!lines.empty() && !detector.settled()) detector.Add(TakeLine(&lines));
  return detector.kind();
}

const EnvelopeKind* FindEnvelope(absl::string_view name) {
  const auto* found =
      std::find_if(std::begin(kEnvelopes) + 1, std::end(kEnvelopes),
                   [name](EnvelopeKind kind) { return EnvelopeKindName(kind) == name; });
  return found == std::end(kEnvelopes) ? nullptr : found;
}

}  // namespace

std::string SourceFormat::Describe() const {
  if (envelope == EnvelopeKind::kNone) return std::string(lines->name);
  return absl::StrCat(lines->name, " in ", EnvelopeKindName(envelope));
}

bool IsFormatName(absl::string_view name) {
  return name == "auto" || FindEnvelope(name) != nullptr || FindLineFormat(name) != nullptr;
}

std::string FormatNames() {
  std::string names = "auto";
  for (const EnvelopeKind kind : kEnvelopes) {
    if (kind != EnvelopeKind::kNone) absl::StrAppend(&names, ", ", EnvelopeKindName(kind));
  }
  return absl::StrCat(names, ", ", LineFormatNames());
}

SourceFormat DetectFormat(absl::string_view name, absl::string_view first_lines) {
  SourceFormat format;
  format.lines = name == "auto" ? nullptr : FindLineFormat(name);
  if (const EnvelopeKind* envelope = FindEnvelope(name)) {
    format.envelope = *envelope;
  } else if (format.lines == nullptr) {
    format.envelope = DetectEnvelope(first_lines);
  }

  const WantedFields no_fields;
  FormatDetector detector;
  std::string unwrapped, cleaned;
  bool first = true;
  while (!first_lines.empty()) {
    if (detector.settled()) {
      if (&detector.format() != FindLineFormat("plain")) break;
      // A file may begin in the middle of a long trace; its headers come later.
      detector = FormatDetector();
    }
    const EnvelopedLine line = Unwrap(format.envelope, TakeLine(&first_lines), &unwrapped);
    const absl::string_view text = LineText(line.text, first, &cleaned);
    first = false;
    detector.Add(text);
    ParsedLine parsed;
    LineParser::Only(*FindLineFormat("glog"), &no_fields).Parse(text, &parsed);
    if (parsed.kind == ParsedLine::Kind::kFileLine && format.host.empty()) {
      format.host = std::string(parsed.fields.Get("host"));
    }
  }
  format.found_out = format.lines == nullptr;
  if (format.found_out) format.lines = &detector.format();
  return format;
}

absl::StatusOr<SourceFormat> RestoreFormat(absl::string_view envelope, absl::string_view lines) {
  SourceFormat format;
  format.lines = FindLineFormat(lines);
  if (format.lines == nullptr) return absl::NotFoundError("no such line format");
  const auto* found =
      std::find_if(std::begin(kEnvelopes), std::end(kEnvelopes),
                   [envelope](EnvelopeKind kind) { return EnvelopeKindName(kind) == envelope; });
  if (found == std::end(kEnvelopes)) return absl::NotFoundError("no such envelope");
  format.envelope = *found;
  return format;
}

}  // namespace tallybell
