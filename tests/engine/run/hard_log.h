// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_RUN_HARD_LOG_H_
#define TALLYBELL_TESTS_ENGINE_RUN_HARD_LOG_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace tallybell {

// A log that has all that makes reading hard: continuation lines, long lines, holes, years that
// turn, and a last line without its newline. Of one seed it is the same with every compiler: no two
// random numbers are drawn in one expression.
class HardLog {
 public:
  explicit HardLog(uint32_t seed) : random_(seed) {}

  std::string Write(size_t bytes, bool odd) {
    std::string log;
    while (log.size() < bytes) {
      Line(&log);
      if (odd && One(3000)) absl::StrAppend(&log, Header(), std::string(300 << 10, 'x'), "\n");
      if (odd && One(5000)) absl::StrAppend(&log, std::string(64 + random_() % 5000, '\0'));
    }
    if (One(2)) log.pop_back();
    return log;
  }

 private:
  bool One(uint32_t in) { return random_() % in == 0; }

  std::string Header() {
    millis_ += One(400) ? 5'000 : random_() % 40;
    if (One(5'000)) millis_ += uint64_t{86'400'000} * 40;
    const absl::Time at = absl::FromUnixMillis(1'704'067'200'000 + static_cast<int64_t>(millis_));
    return absl::StrCat("E", absl::FormatTime("%m%d %H:%M:%E6S", at, absl::UTCTimeZone()),
                        " 7 start_vm.go:142] ");
  }

  void Line(std::string* log) {
    const std::string host = absl::StrCat("host=m", random_() % 5, " ");
    switch (random_() % 12) {
      case 0:
        absl::StrAppend(log, Header(), host, "can't start vm\n");
        break;
      case 1: {
        const char* const failed = One(2) ? "failed" : "Failed";
        absl::StrAppend(log, Header(), host, failed, "\n");
        break;
      }
      case 2:
        if (One(20)) absl::StrAppend(log, "goroutine 1:\n\tpanic.go:12 can't start\n\n");
        break;
      case 3: {
        const char* const said = One(9) ? "started" : "heartbeat";
        const char* const end = One(9) ? "\r\n" : "\n";
        absl::StrAppend(log, Header(), said, end);
        break;
      }
      default: {
        const std::string text(random_() % 200, 'y');
        absl::StrAppend(log, Header(), host, text, "\n");
      }
    }
  }

  std::mt19937 random_;
  uint64_t millis_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_RUN_HARD_LOG_H_
