// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_PROGRESS_BAR_H_
#define TALLYBELL_ENGINE_CLI_PROGRESS_BAR_H_

#include <cstdint>

#include "engine/base/clock.h"

namespace tallybell {

// How far a long replay has come, on the terminal that stderr is; nothing elsewhere, and nothing
// for work that is done within half a second.
class ProgressBar {
 public:
  // `clock` outlives it.
  explicit ProgressBar(const Clock* clock);
  // Takes the bar off the terminal again.
  ~ProgressBar();

  // `of` 0: nobody knows how much there is.
  void Show(uint64_t read, uint64_t of);

 private:
  const Clock* const clock_;
  const TimeNs started_;
  const bool terminal_;
  TimeNs drawn_at_ = kNoTime;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_PROGRESS_BAR_H_
