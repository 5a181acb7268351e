// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/progress_bar.h"

#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace tallybell {
namespace {

constexpr DurationNs kPatience = 500 * kMillisecond;
constexpr DurationNs kRedraw = 100 * kMillisecond;
constexpr int kWidth = 40;

}  // namespace

ProgressBar::ProgressBar(const Clock* clock)
    : clock_(clock), started_(clock->Monotonic()), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_at_ != kNoTime) fputs("\r\x1b[K", stderr);
}

void ProgressBar::Show(uint64_t read, uint64_t of) {
  if (!terminal_) return;
  const TimeNs now = clock_->Monotonic();
  if (now - started_ < kPatience) return;
  if (drawn_at_ != kNoTime && now - drawn_at_ < kRedraw) return;
  drawn_at_ = now;
  const double seconds = static_cast<double>(now - started_) / kSecond;
  const double gigabytes = static_cast<double>(read) / 1e9;
  if (of == 0) {
    fprintf(stderr, "\r\x1b[K%.2f GB, %.2f GB/s", gigabytes, gigabytes / seconds);
  } else {
    const double share = std::min(1.0, static_cast<double>(read) / static_cast<double>(of));
    const int filled = static_cast<int>(share * kWidth);
    fprintf(stderr, "\r\x1b[K[%s%s] %3d%%  %.2f of %.2f GB, %.2f GB/s",
            std::string(filled, '=').c_str(), std::string(kWidth - filled, ' ').c_str(),
            static_cast<int>(share * 100), gigabytes, static_cast<double>(of) / 1e9,
            gigabytes / seconds);
  }
  fflush(stderr);
}

}  // namespace tallybell
