// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A replay that reads its files in order is the slow and obvious one; however many threads look
// ahead, and in whatever chunks, it must say the same.

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/run/replay.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/hard_log.h"
#include "tests/engine/run/replay_words.h"

namespace tallybell {
namespace {

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Often, match: "can't start", when: count > 3 in 2s, by: [host]}
      - {alert: Shouted, match: '/host=(?P<host>\w+) FAILED/i', when: count >= 2 in 500ms, by: [host]}
      - {alert: Traced, match: "panic.go", when: count > 0 in 1s}
      - {alert: Cleared, match: "can't start", clear: started, when: count > 2 in 10s}
      - {alert: Quiet, match: heartbeat, when: count == 0 in 3s}
)";

class ReplayThreadsTest : public ::testing::Test {
 protected:
  ReplayThreadsTest() : directory_(std::filesystem::path(::testing::TempDir()) / "threads") {
    std::filesystem::create_directories(directory_);
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml", kRules, &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
  }
  ~ReplayThreadsTest() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& content) {
    paths_.push_back((directory_ / name).string());
    std::ofstream(paths_.back(), std::ios::binary) << content;
  }

  std::string Run(const Replay::Options& options) { return ReplayWords(rules_, paths_, options); }

  void Compare(const std::string& trace) {
    Replay::Options options;
    options.first_year = 2024;
    const std::string expected = Run(options);
    ASSERT_GT(expected.size(), 10'000u) << trace;
    for (const int threads : {1, 2, 4}) {
      for (const size_t chunk : {4'099, 65'536, 333'333}) {
        options.threads = threads;
        options.chunk = chunk;
        ASSERT_EQ(Run(options), expected)
            << trace << ", " << threads << " threads, chunks of " << chunk;
      }
    }
  }

  const std::filesystem::path directory_;
  std::vector<std::string> paths_;
  RuleSet rules_;
};

TEST_F(ReplayThreadsTest, SaysTheSameHoweverManyLookAhead) {
  constexpr uint32_t kSeed = 21;
  HardLog writer(kSeed);
  Write("a.log", writer.Write(3 << 20, false));
  Write("b.log", HardLog(kSeed + 1).Write(1 << 20, false));
  Compare(absl::StrCat("seed ", kSeed));
}

TEST_F(ReplayThreadsTest, LongLinesAndHolesChangeNothing) {
  for (uint32_t seed = 31; seed < 34; ++seed) {
    paths_.clear();
    Write("odd.log", HardLog(seed).Write(2 << 20, true));
    Compare(absl::StrCat("seed ", seed));
    if (HasFatalFailure()) return;
  }
}

TEST_F(ReplayThreadsTest, MarksThatAreManyChangeNothing) {
  Write("a.log", HardLog(41).Write(1 << 20, false));
  Replay::Options options;
  options.first_year = 2024;
  options.mark_every = 500;
  const std::string expected = Run(options);
  options.threads = 2;
  for (const size_t chunk : {100, 2'000, 70'000}) {
    options.chunk = chunk;
    ASSERT_EQ(Run(options), expected) << "chunks of " << chunk;
  }
}

// A file that is truncated or written over while its lines wait to be shown.
TEST_F(ReplayThreadsTest, WhatWasReadIsShownAsItWasRead) {
  Diagnostics diagnostics;
  const RuleSet rules = LoadRulesFromText(
      "rules.yaml",
      "groups: [{name: g, rules: [{alert: A, match: '/hit (?P<n>[0-9]+)$/', by: [n], "
      "when: count > 0 in 1s}]}]",
      &diagnostics);
  ASSERT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
  std::string log;
  // Large enough that most of it is looked at where it lies in memory.
  const std::string words(90, 'w');
  for (int i = 0; i < 60'000; ++i) {
    absl::StrAppend(&log, "2024-05-01T", absl::Dec(i / 3600, absl::kZeroPad2), ":",
                    absl::Dec(i / 60 % 60, absl::kZeroPad2), ":",
                    absl::Dec(i % 60, absl::kZeroPad2), "Z ", words, "hit ", i % 5'000, "\n");
  }
  for (const bool truncate : {true, false}) {
    paths_.clear();
    Write("log", log);
    Metrics metrics;
    const Redactor redactor;
    Replay::Options options;
    options.threads = 2;
    Replay replay(&rules, &redactor, options, &metrics);
    int64_t shown = 0;
    const auto tell = [&](const Transition& transition) {
      for (const EvidenceLine& evidence : transition.alert.evidence) {
        ASSERT_EQ(evidence.line, log.substr(evidence.offset, evidence.line.size()));
        ++shown;
      }
      if (transition.time % kHour != 0) return;
      std::fstream file(paths_.back(), std::ios::binary | std::ios::in | std::ios::out |
                                           (truncate ? std::ios::trunc : std::ios::openmode{}));
      if (!truncate) file << std::string(log.size(), 'x');
    };
    ASSERT_TRUE(replay.Run(paths_, tell, [](uint64_t, uint64_t) {}).ok());
    EXPECT_GT(shown, 20'000) << (truncate ? "truncated" : "written over");
  }
}

}  // namespace
}  // namespace tallybell
