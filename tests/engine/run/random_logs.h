// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Made-up logs that are known twice: as the records that they hold, and as the bytes of files.
#ifndef TALLYBELL_TESTS_ENGINE_RUN_RANDOM_LOGS_H_
#define TALLYBELL_TESTS_ENGINE_RUN_RANDOM_LOGS_H_

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "engine/base/time_ns.h"

namespace tallybell {

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool OneIn(int n) { return Pick(1, n) == 1; }
  template <typename T>
  const T& Of(const std::vector<T>& values) {
    return values[Pick(0, static_cast<int>(values.size()) - 1)];
  }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

// What a rule should see of one line.
struct TrueRecord {
  TimeNs time = kNoTime;
  std::string text;     // cleaned, with its header if it has one
  char severity = ' ';  // 'E' of its header or of the one that it inherits
  std::string file;     // the field: "a.go"
};

// One file of a log.
struct RandomFile {
  std::string bytes;
  std::vector<TrueRecord> records;
  // Each physical line that states a time: where it begins, and that time.
  std::vector<std::pair<uint64_t, TimeNs>> stated;

  // The times of its marks, by their definition.
  std::vector<TimeNs> Marks(size_t mark_every) const;
};

struct RandomLog {
  std::vector<RandomFile> files;
  DurationNs lateness = 0;  // no record comes farther behind its time
};

// The year is always 2024, and not in the bytes of a glog file.
RandomLog MakeRandomLog(Dice* dice);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_RUN_RANDOM_LOGS_H_
