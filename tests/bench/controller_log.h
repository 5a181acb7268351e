// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_
#define TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Makes up what an Anka controller logs: ten lines a second from 1 May on, one in 200 of them a
// failure that an alert would count. The same lines every time. DressedLog writes them down.
class ControllerLog {
 public:
  // What the failures say, in equal shares.
  static constexpr absl::string_view kFailures[] = {
      "can't start vm", "rejecting due to lack of disk space", "database space exceeded",
      "failed to start vm"};

  // What a line says, whatever it is written as.
  struct Line {
    uint64_t micros = 0;  // since 1 May, 0:00
    char severity = 'I';
    absl::string_view place;
    std::string text;
  };

  // Makes up the next line.
  void Next(Line* line);

 private:
  uint64_t Random();
  void AppendText(absl::string_view pattern, std::string* out);

  uint64_t state_ = 1;
  uint64_t micros_ = 0;  // since 1 May
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_BENCH_CONTROLLER_LOG_H_
