// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A line that matches nothing allocates nothing: what is allocated for blocks and marks does not
// depend on how many lines there are in them.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/run/live_source.h"
#include "engine/run/replay.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/support/allocation_count.h"

namespace tallybell {
namespace {

constexpr TimeNs kStart = 1'714'566'750 * kSecond;  // 2024-05-01 12:32:30
constexpr size_t kMiB = size_t{1} << 20;

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Literal, match: "can't start vm", when: count > 3 in 20m, by: [host]}
      - {alert: Regex, match: '/failed to reach (?P<unit>unit\d+)/', when: count > 0 in 5m, by: [unit]}
      - {alert: NoCase, match: '/DISK SPACE of (\w+)/i', when: count >= 2 in 500ms}
      - {alert: Cleared, match: "node lost", clear: "node is back", when: count > 2 in 10s}
)";

enum class Wrapping { kNone, kDocker, kCri };

std::string Wrap(Wrapping wrapping, const std::string& line) {
  constexpr char kStamp[] = "2024-05-01T12:32:30.426698001Z";
  switch (wrapping) {
    case Wrapping::kNone:
      break;
    case Wrapping::kDocker:
      return absl::StrCat("{\"log\":\"", line, "\\n\",\"stream\":\"stderr\",\"time\":\"", kStamp,
                          "\"}\n");
    case Wrapping::kCri:
      return absl::StrCat(kStamp, " stderr F ", line, "\n");
  }
  return absl::StrCat(line, "\n");
}

// A log of exactly `size` bytes, in lines that match no rule and have `width` bytes, all of one
// second.
std::string QuietLog(size_t size, size_t width, Wrapping wrapping) {
  std::string log;
  for (int64_t number = 0; log.size() < size; ++number) {
    std::string text = absl::StrFormat("I0501 12:32:30.%06d       1 node.go:48] node task %d ",
                                       number % 1000000, number);
    const size_t bare = Wrap(wrapping, text).size();
    const size_t left = size - log.size();
    // What is left behind this line must hold another.
    const size_t length = left < 2 * width + 300 ? left : width;
    if (length > bare) text.append(length - bare, 'y');
    log += Wrap(wrapping, text);
  }
  return log;
}

struct Case {
  const char* name;
  Wrapping wrapping;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class AllocationTest : public ::testing::TestWithParam<Case> {
 protected:
  AllocationTest() {
    std::string name = absl::StrCat(::testing::TempDir(), "allocation-XXXXXX");
    directory_ = mkdtemp(name.data());
    log_ = absl::StrCat(directory_, "/app.log");
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml", kRules, &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
  }
  ~AllocationTest() override { std::filesystem::remove_all(directory_); }

  void Append(const std::string& text) { std::ofstream(log_, std::ios::app) << text; }

  std::string directory_;
  std::string log_;
  RuleSet rules_;
};

INSTANTIATE_TEST_SUITE_P(Envelopes, AllocationTest,
                         ::testing::Values(Case{"none", Wrapping::kNone},
                                           Case{"docker", Wrapping::kDocker},
                                           Case{"cri", Wrapping::kCri}),
                         [](const auto& of) { return of.param.name; });

TEST_P(AllocationTest, ReplayOfShortLinesAllocatesAsOftenAsOfLongOnes) {
  const auto allocations = [&](size_t size, size_t width, int threads) {
    std::ofstream(log_) << QuietLog(size, width, GetParam().wrapping);
    Redactor redactor{std::vector<Pattern>()};
    Metrics metrics;
    Replay::Options options;
    options.threads = threads;
    const int64_t before = AllocationCount();
    Replay replay(&rules_, &redactor, options, &metrics);
    EXPECT_TRUE(replay
                    .Run(
                        {log_}, [](Transition) { FAIL(); }, [](uint64_t, uint64_t) {})
                    .ok());
    const int64_t count = AllocationCount() - before;
    EXPECT_EQ(replay.Summary().bytes, static_cast<int64_t>(size));
    return std::pair<int64_t, int64_t>(count, replay.Summary().lines);
  };
  // What 4 MiB more cost, once all that is kept and used again is there.
  const auto more = [&](size_t width, int threads) {
    const auto [before, lines] = allocations(4 * kMiB, width, threads);
    const auto [after, all_lines] = allocations(8 * kMiB, width, threads);
    return std::pair<int64_t, int64_t>(after - before, all_lines - lines);
  };
  for (const int threads : {0, 2}) {
    const auto [short_count, short_lines] = more(200, threads);
    const auto [long_count, long_lines] = more(4000, threads);
    EXPECT_GT(short_lines, 15 * long_lines);
    // There are 64 marks and 4 blocks, or 8 chunks that threads hand to each other, not always
    // alike; and 20,000 lines.
    EXPECT_LE(short_count, 64 + 8 * 32) << threads << " threads, " << short_lines << " lines";
    EXPECT_NEAR(static_cast<double>(short_count), static_cast<double>(long_count), 128)
        << threads << " threads, " << short_lines << " and " << long_lines << " lines";
  }
}

TEST_P(AllocationTest, AFollowedFileAllocatesAsOftenForManyLinesAsForOne) {
  ManualClock clock(kStart + kMinute);
  Metrics metrics;
  LiveRules live_rules(std::move(rules_), {}, Labels(), &metrics);
  FileSourceConfig config;
  config.paths = {log_};
  Append(QuietLog(kMiB, 200, GetParam().wrapping));
  LiveSource source(&config, {}, &live_rules, &clock, &metrics);
  Delta delta;
  source.Poll(&delta);
  // A step as the engine takes it, but for the disk.
  const auto read = [&] {
    const int64_t before = AllocationCount();
    bool more = true;
    while (more) {
      more = source.Read();
      RuleEvaluator::Output output;
      live_rules.evaluator.Decide(clock.Now(), &output);
      EXPECT_TRUE(output.transitions.empty());
    }
    return AllocationCount() - before;
  };
  read();
  int64_t of_one = 0;
  for (int i = 0; i < 8; ++i) {
    Append(QuietLog(400, 400, GetParam().wrapping));
    of_one = read();
  }
  // As many as stay between two marks, and much more than that.
  Append(QuietLog(60'000, 200, GetParam().wrapping));
  const int64_t of_many = read();
  Append(QuietLog(kMiB, 200, GetParam().wrapping));
  const int64_t of_thousands = read();
  Append(QuietLog(kMiB, 4000, GetParam().wrapping));
  const int64_t of_long_ones = read();
  EXPECT_LE(of_many, of_one + 4);
  EXPECT_LE(of_thousands, of_long_ones + 4);
}

}  // namespace
}  // namespace tallybell
