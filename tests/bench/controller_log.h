// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_
#define TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Makes up the log of an Anka controller: glog lines of 124 bytes on average, ten a second from
// 1 May on, one in 200 of them a failure that an alert would count. The same lines every time.
class ControllerLog {
 public:
  // What the failures say, in equal shares.
  static constexpr absl::string_view kFailures[] = {
      "can't start vm", "rejecting due to lack of disk space", "database space exceeded",
      "failed to start vm"};

  // Appends the next line, with its newline.
  void AppendLine(std::string* out);

 private:
  uint64_t Random();
  void AppendHeader(char severity, absl::string_view place, std::string* out);
  void AppendText(absl::string_view pattern, std::string* out);

  uint64_t state_ = 1;
  uint64_t micros_ = 0;  // since 1 May
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_
