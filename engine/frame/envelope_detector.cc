// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope_detector.h"

#include "absl/strings/ascii.h"

namespace tallybell {
void EnvelopeDetector::Add(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  if (settled() || line.empty()) return;
  ++lines_;
  if (Wears(EnvelopeKind::kDocker, line, &scratch_)) {
    ++docker_;
  } else if (Wears(EnvelopeKind::kCri, line, &scratch_)) {
    ++cri_;
  } else if (Wears(EnvelopeKind::kCompose, line, &scratch_)) {
    ++compose_;
    names_.insert(std::string(Unwrap(EnvelopeKind::kCompose, line, &scratch_).name));
  } else if (Wears(EnvelopeKind::kDockerLogs, line, &scratch_)) {
    ++docker_logs_;
  }
}

EnvelopeKind EnvelopeDetector::kind() const {
  if (docker_ > 0 && docker_ * 2 >= lines_) return EnvelopeKind::kDocker;
  if (cri_ > 0 && cri_ * 2 >= lines_) return EnvelopeKind::kCri;
  // A table has bars too, but other words before them in each row.
  const bool same_names = compose_ >= 2 * static_cast<int>(names_.size());
  if (compose_ > 0 && compose_ * 2 >= lines_ && same_names) return EnvelopeKind::kCompose;
  if (docker_logs_ > 0 && docker_logs_ * 2 >= lines_) return EnvelopeKind::kDockerLogs;
  return EnvelopeKind::kNone;
}

}  // namespace tallybell
