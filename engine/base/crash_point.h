// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Places where a test lets the process die, as by `kill -9`, to see that nothing is lost there.
#ifndef TALLYBELL_ENGINE_BASE_CRASH_POINT_H_
#define TALLYBELL_ENGINE_BASE_CRASH_POINT_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// Dies if `point` is the one that is armed and this is the time that was asked for; else nothing.
// Any thread. Not for what is done for each line: a build without crash points still calls it.
void CrashPoint(absl::string_view point);

// Arms what `asked` says: POINT, or POINT:N for the N-th time that it is passed; nothing arms
// nothing. InvalidArgument, with all points there are, if it says something else. Before any
// thread is started. A build without crash points (CMake's TALLYBELL_CRASH_POINTS) takes anything
// and arms nothing.
absl::Status ArmCrashPoint(absl::string_view asked);

// Whether `point` is armed, for what costs too much otherwise.
bool CrashPointArmed(absl::string_view point);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_CRASH_POINT_H_
