// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope_detector.h"

#include "absl/strings/ascii.h"

namespace tallybell {
namespace {

// An application's own JSON may have a `log` of its own; it has hardly the other two beside it.
bool Wears(EnvelopeKind kind, absl::string_view line, std::string* scratch) {
  const EnvelopedLine unwrapped = Unwrap(kind, line, scratch);
  return !unwrapped.malformed && unwrapped.time != kNoTime && !unwrapped.stream.empty();
}

}  // namespace

void EnvelopeDetector::Add(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  if (settled() || line.empty()) return;
  ++lines_;
  if (Wears(EnvelopeKind::kDocker, line, &scratch_)) {
    ++docker_;
  } else if (Wears(EnvelopeKind::kCri, line, &scratch_)) {
    ++cri_;
  }
}

EnvelopeKind EnvelopeDetector::kind() const {
  if (docker_ > 0 && docker_ * 2 >= lines_) return EnvelopeKind::kDocker;
  if (cri_ > 0 && cri_ * 2 >= lines_) return EnvelopeKind::kCri;
  return EnvelopeKind::kNone;
}

}  // namespace tallybell
