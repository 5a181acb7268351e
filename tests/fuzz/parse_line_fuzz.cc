// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as lines of every format, and their stamps as marks and records of one source.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/parse/format_detector.h"
#include "engine/parse/glog_file_lines.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/source_clock.h"

namespace {

using tallybell::kNoTime;
using tallybell::SourceClock;

void Require(bool condition) {
  if (!condition) std::abort();
}

absl::TimeZone Zone() {
  absl::TimeZone zone;
  Require(absl::LoadTimeZone("America/New_York", &zone));
  return zone;
}

// Leads a clock along the stamps, every third one a mark; with a restart at each mark.
void Resolve(const std::vector<tallybell::Stamp>& stamps, const SourceClock::Options& options) {
  SourceClock clock(options);
  for (size_t i = 0; i < stamps.size(); ++i) {
    if (i % 3 == 0) {
      std::optional<tallybell::Stamp> following;
      if (i + 3 < stamps.size()) following = stamps[i + 3];
      Require(clock.NextMark(stamps[i], following, kNoTime) != kNoTime);
      SourceClock restarted(options);
      Require(restarted.Decode(clock.Encode()).ok());
      Require(restarted.Encode() == clock.Encode());
    } else {
      Require(clock.Resolve(stamps[i], kNoTime) != kNoTime);
    }
    clock.InEnvelope(stamps[i], static_cast<tallybell::TimeNs>(i) * tallybell::kDay, 3600);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const absl::TimeZone kZone = Zone();
  static const tallybell::WantedFields kNoFields;
  static const tallybell::WantedFields kAllFields = tallybell::WantedFields::All();
  const absl::string_view all(reinterpret_cast<const char*>(data), size);
  tallybell::FormatDetector detector;
  std::vector<tallybell::Stamp> stamps;
  for (absl::string_view rest = all; !rest.empty();) {
    const absl::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
    detector.Add(line);
    for (const tallybell::LineFormat& format : tallybell::AllLineFormats()) {
      tallybell::ParsedLine parsed;
      tallybell::LineParser::Only(format, &kAllFields).Parse(line, &parsed);
      const tallybell::ParsedLine::Kind kind = parsed.kind;
      Require(kind == tallybell::ParsedLine::Kind::kContinuation || format.MayBegin(line));
      // Which fields are wanted changes nothing about what the line is.
      tallybell::LineParser::Only(format, &kNoFields).Parse(line, &parsed);
      Require(parsed.kind == kind);
      tallybell::LineParser::Mostly(format, &kNoFields).Parse(line, &parsed);
      if (parsed.stamp.has_value()) stamps.push_back(*parsed.stamp);
    }
    tallybell::GlogFileName name;
    tallybell::ParseGlogFileName(line, &name);
  }
  SourceClock::Options options;
  Resolve(stamps, options);
  options.zone = kZone;
  options.first_year = 2024;
  Resolve(stamps, options);
  SourceClock clock(options);
  // A state is our own, but a damaged one must not do more than be refused or be wrong.
  if (clock.Decode(all).ok() && !stamps.empty()) clock.Resolve(stamps[0], kNoTime);
  return 0;
}
