// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_format.h"

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
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

// Looks for an object that is printed over several lines.
class ObjectFinder {
 public:
  // The next line, as patterns see it.
  void Add(absl::string_view text) {
    if (found_ || json_ == nullptr) return;
    if (text == "{") {
      open_ = true;
      text_.clear();
    }
    if (!open_) return;
    absl::StrAppend(&text_, text.substr(0, absl::StartsWith(text, "}") ? 1 : text.size()), "\n");
    if (text_.size() > MultilineJoiner::kDefaultMaxBytes) open_ = false;
    if (!absl::StartsWith(text, "}")) return;
    open_ = text == "}{";
    ParsedLine parsed;
    const WantedFields no_fields;
    LineParser::Only(*json_, &no_fields).Parse(text_, &parsed);
    found_ = parsed.kind == ParsedLine::Kind::kRecord && !parsed.malformed;
    text_ = "{\n";
  }
  bool found() const { return found_; }

 private:
  const LineFormat* const json_ = FindLineFormat("json");
  bool open_ = false;
  bool found_ = false;
  std::string text_;
};

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
  return absl::StrCat(
      lines->name, objects ? " over several lines" : "",
      envelope == EnvelopeKind::kNone ? "" : absl::StrCat(" in ", EnvelopeKindName(envelope)));
}

bool SourceFormat::states_nothing() const {
  return envelope == EnvelopeKind::kNone && lines == FindLineFormat("plain");
}

MultilineJoiner::Options SourceFormat::JoinObjects() {
  const auto pattern = [](const char* regex) {
    return std::make_shared<const Pattern>(Pattern::Regex(regex, /*ignore_case=*/false).value());
  };
  MultilineJoiner::Options options;
  options.first = pattern("^[{]");
  options.last = pattern("^[}]");
  return options;
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
  ObjectFinder objects;
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
    objects.Add(text);
    ParsedLine parsed;
    LineParser::Only(*FindLineFormat("glog"), &no_fields).Parse(text, &parsed);
    if (parsed.kind == ParsedLine::Kind::kFileLine && format.host.empty()) {
      format.host = std::string(parsed.fields.Get("host"));
    }
  }
  format.found_out = format.lines == nullptr;
  if (format.found_out) format.lines = &detector.format();
  const LineFormat* const json = FindLineFormat("json");
  if (objects.found() && (format.lines == json || format.lines == FindLineFormat("plain"))) {
    // Who names "plain" means it.
    format.objects = format.found_out || format.lines == json;
    if (format.objects) format.lines = json;
  }
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
