// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_ENVELOPE_DETECTOR_H_
#define TALLYBELL_ENGINE_FRAME_ENVELOPE_DETECTOR_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"

namespace tallybell {

// Finds out which envelope the lines of a source wear, from up to 100 of its first lines. Used by
// one thread at a time.
class EnvelopeDetector {
 public:
  static constexpr int kMaxLines = 100;

  // Looks at the next physical line; passes over blank ones. After kMaxLines it does nothing.
  void Add(absl::string_view line);

  // What most of the lines so far wear: an envelope is taken for one if at least half of them wear
  // it whole: with time and stream; a time in nanoseconds at the front of the line; or one of a few
  // names and a bar. kNone before the first line.
  EnvelopeKind kind() const;

  // Whether more lines would change nothing.
  bool settled() const { return lines_ >= kMaxLines; }

 private:
  int lines_ = 0;
  int docker_ = 0;
  int cri_ = 0;
  int docker_logs_ = 0;
  int compose_ = 0;
  std::set<std::string> names_;  // before the bar
  std::string scratch_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_ENVELOPE_DETECTOR_H_
