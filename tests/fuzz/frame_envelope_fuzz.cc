// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a line: envelopes, cleaning, joining.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/utf8.h"
#include "engine/frame/envelope.h"
#include "engine/frame/envelope_detector.h"
#include "engine/frame/line_text.h"
#include "engine/frame/partial_joiner.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tallybell::EnvelopeKind;
  constexpr size_t kMaxLine = 100;
  for (const EnvelopeKind kind : {EnvelopeKind::kNone, EnvelopeKind::kDocker, EnvelopeKind::kCri}) {
    absl::string_view rest(reinterpret_cast<const char*>(data), size);
    tallybell::EnvelopeDetector detector;
    tallybell::PartialJoiner joiner(kMaxLine);
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
      }
      offset += line.size() + 1;
    }
    tallybell::PartialJoiner::Line left;
    for (int streams = 0; joiner.Flush(&left); ++streams) Require(streams < 3);
  }
  return 0;
}
