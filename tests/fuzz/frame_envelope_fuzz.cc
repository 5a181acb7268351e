// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a line: envelopes, cleaning, joining.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/utf8.h"
#include "engine/frame/envelope.h"
#include "engine/frame/envelope_detector.h"
#include "engine/frame/line_text.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/frame/partial_joiner.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tallybell::EnvelopeKind;
  constexpr size_t kMaxLine = 100;
  tallybell::MultilineJoiner::Options joining;
  static const auto kFirst =
      std::make_shared<const tallybell::Pattern>(tallybell::Pattern::Regex("^[^ ]", false).value());
  joining.first = kFirst;
  joining.max_lines = 7;
  for (const EnvelopeKind kind : {EnvelopeKind::kNone, EnvelopeKind::kDocker, EnvelopeKind::kCri,
                                  EnvelopeKind::kDockerLogs, EnvelopeKind::kCompose}) {
    absl::string_view rest(reinterpret_cast<const char*>(data), size);
    tallybell::EnvelopeDetector detector;
    tallybell::PartialJoiner joiner(kMaxLine);
    tallybell::MultilineJoiner records(joining, 3 * kMaxLine);
    uint64_t lines_in = 0;
    uint64_t lines_out = 0;
    const auto on_record = [&](const tallybell::MultilineJoiner::Record& record) {
      const absl::string_view text = record.line.text;
      const auto newlines = std::count(text.begin(), text.end(), '\n');
      Require(text.size() <= 3 * kMaxLine);
      lines_out += newlines + 1;
    };
    std::string unescaped, cleaned;
    for (uint64_t offset = 0; !rest.empty();) {
      const absl::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(line.size() < rest.size() ? line.size() + 1 : line.size());
      detector.Add(line);
      tallybell::PartialJoiner::Line whole;
      if (joiner.Add(tallybell::Unwrap(kind, line, &unescaped), offset, &whole)) {
        Require(whole.line.text.size() <= kMaxLine);
        const absl::string_view text = tallybell::LineText(whole.line.text, offset == 0, &cleaned);
        Require(text.size() <= 3 * kMaxLine);
        Require(tallybell::ValidUtf8Prefix(text) == text.size());
        tallybell::MultilineJoiner::Record record;
        record.line = whole.line;
        record.line.text = text;
        record.stream = whole.line.stream.empty() ? 0 : 1;
        record.offset = whole.offset;
        lines_in += 1 + std::count(text.begin(), text.end(), '\n');
        records.Add(record, tallybell::kNoTime, on_record);
      }
      offset += line.size() + 1;
    }
    records.FlushBefore(tallybell::MultilineJoiner::kNothingHeld, on_record);
    Require(lines_in == lines_out && records.Held().empty());
    tallybell::PartialJoiner::Line left;
    for (int streams = 0; joiner.Flush(&left); ++streams) Require(streams < 3);
  }
  return 0;
}
