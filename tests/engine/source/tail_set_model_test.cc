// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Random lives of log files, against a model of what a reader could have read.
// TALLYBELL_TAIL_LIVES says how many (10000); TALLYBELL_TAIL_SEED where to begin (0).
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_life.h"

namespace tallybell {
namespace {

uint32_t Environment(const char* name, uint32_t otherwise) {
  const char* const text = getenv(name);
  uint32_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

// Most lives are in memory, which is fast; some on the disk, which uses inodes again at once.
std::string WhereToLive(uint32_t seed) {
  constexpr char kMemory[] = "/dev/shm";
  return seed % 8 != 0 && access(kMemory, W_OK) == 0 ? kMemory : testing::TempDir();
}

std::string FaultsOf(const std::vector<LifeAction>& actions, const std::string& in) {
  LogLife life(in);
  life.Live(actions);
  return life.Faults();
}

// The fewest of `actions` that still show a fault, by leaving out pieces as long as that helps.
std::vector<LifeAction> Shrunk(std::vector<LifeAction> actions, const std::string& in) {
  for (size_t piece = actions.size(); piece > 0; piece /= 2) {
    for (size_t at = 0; at < actions.size();) {
      std::vector<LifeAction> fewer = actions;
      fewer.erase(fewer.begin() + at, fewer.begin() + std::min(at + piece, fewer.size()));
      if (!FaultsOf(fewer, in).empty()) {
        actions = std::move(fewer);
      } else {
        at += piece;
      }
    }
  }
  return actions;
}

std::string Story(const std::vector<LifeAction>& actions) {
  std::string story;
  for (const LifeAction& action : actions) absl::StrAppend(&story, action.ToString(), "; ");
  return story;
}

// Returns how many of the lines that were written were read.
double LiveAll(uint32_t lives, bool truncations) {
  size_t written = 0;
  size_t read = 0;
  const uint32_t first = Environment("TALLYBELL_TAIL_SEED", 0);
  for (uint32_t seed = first; seed < first + lives; ++seed) {
    const std::vector<LifeAction> actions = RandomLife(seed, truncations);
    const std::string in = WhereToLive(seed);
    LogLife life(in);
    life.Live(actions);
    if (!life.Faults().empty()) {
      const std::vector<LifeAction> fewest = Shrunk(actions, in);
      ADD_FAILURE() << "seed " << seed << ": " << life.Faults()
                    << "\nthe shortest that fails: " << Story(fewest) << "\n"
                    << FaultsOf(fewest, in);
      return 1;
    }
    EXPECT_LE(life.rows(), 20u) << "seed " << seed;
    written += life.written();
    read += life.read();
  }
  return static_cast<double>(read) / written;
}

TEST(TailSetModelTest, WithoutTruncationEveryLineIsReadOnceThatCouldBeRead) {
  // Not by excusing everything.
  EXPECT_GT(LiveAll(Environment("TALLYBELL_TAIL_LIVES", 10'000) / 2, /*truncations=*/false), 0.8);
}

TEST(TailSetModelTest, WithTruncationNoLineIsReadTwiceAndNoneIsLostThatCouldBeRead) {
  EXPECT_GT(LiveAll(Environment("TALLYBELL_TAIL_LIVES", 10'000) / 2, /*truncations=*/true), 0.6);
}

}  // namespace
}  // namespace tallybell
