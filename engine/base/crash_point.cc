// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/crash_point.h"

#ifdef TALLYBELL_CRASH_POINTS

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tallybell {
namespace {

// In the order in which a line meets them.
constexpr absl::string_view kPoints[] = {
    "after-rotation",  // files came or went, and nothing of that is stored
    "push-waits",      // a push was evaluated, and its answer waits for the commit
    "after-read",      // a block was read, and nothing of it is decided
    "before-commit",   // a transaction is written but for its end
    "after-commit",    // it is committed, and nobody knows yet
    "in-checkpoint",   // a page of the state file itself is about to be written
    "after-send",      // a receiver has answered, and that is not stored
    "in-reload",       // new rules are loaded and not in force
    "after-reload",    // they are, and what was changed with them is committed
};

absl::string_view armed;  // an element of kPoints, or empty
std::atomic<int> left{0};

}  // namespace

void CrashPoint(absl::string_view point) {
  if (armed != point || armed.empty()) return;
  if (left.fetch_sub(1) == 1) raise(SIGKILL);
}

absl::Status ArmCrashPoint(absl::string_view asked) {
  if (asked.empty()) return absl::OkStatus();
  const size_t colon = std::min(asked.find(':'), asked.size());
  int times = 1;
  const auto* const point =
      std::find(std::begin(kPoints), std::end(kPoints), asked.substr(0, colon));
  if (point == std::end(kPoints) ||
      (colon < asked.size() && (!absl::SimpleAtoi(asked.substr(colon + 1), &times) || times < 1))) {
    return absl::InvalidArgumentError(
        absl::StrCat("TALLYBELL_CRASH_AT: expected POINT or POINT:N, with one of ",
                     absl::StrJoin(kPoints, ", "), "; not \"", asked, "\""));
  }
  armed = *point;
  left = times;
  return absl::OkStatus();
}

bool CrashPointArmed(absl::string_view point) { return !armed.empty() && armed == point; }

}  // namespace tallybell

#else

namespace tallybell {

void CrashPoint(absl::string_view) {}
absl::Status ArmCrashPoint(absl::string_view) { return absl::OkStatus(); }
bool CrashPointArmed(absl::string_view) { return false; }

}  // namespace tallybell

#endif  // TALLYBELL_CRASH_POINTS
