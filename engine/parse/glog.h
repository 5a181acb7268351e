// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The header that glog and klog put before a message:
//   E0501 12:32:30.426698     341 controller.go:114] can't start vm
#ifndef TALLYBELL_ENGINE_PARSE_GLOG_H_
#define TALLYBELL_ENGINE_PARSE_GLOG_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// What one header says beside its time. The views are into the line.
struct GlogHeader {
  Severity severity = Severity::kUnknown;
  absl::string_view thread;  // 341; Go's glog prints the process here
  absl::string_view file;    // controller.go
  absl::string_view line;    // 114
  absl::string_view caller;  // controller.go:114
  size_t message_offset = 0;
};

// Reads the header at the very front of `text`, in all the shapes in which the glog libraries write
// it: dates of four and of eight digits, threads of any width and padding, microseconds without
// their leading zeros where a Z follows, and klog's test output without thread and file. Its time
// has a year only where the date has eight digits. False if there is none; `*stamp` and `*header`,
// which are as new before, then hold nothing of use. Allocates nothing. Thread-safe.
bool ParseGlog(absl::string_view text, Stamp* stamp, GlogHeader* header);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GLOG_H_
