// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What is in archives is read ahead, several archives at a time and several parts of a log: it must
// say what the same text says where it stands plainly and is read in order by one thread.

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/run/replay.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/hard_log.h"
#include "tests/engine/run/replay_words.h"
#include "tests/support/packed_text.h"

namespace tallybell {
namespace {

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Often, match: "can't start", when: count > 3 in 2s, by: [host]}
      - {alert: Shouted, match: '/host=(?P<host>\w+) FAILED/i', when: count >= 2 in 500ms, by: [host]}
      - {alert: Traced, match: "panic.go", when: count > 0 in 1s}
      - {alert: Quiet, match: heartbeat, when: count == 0 in 3s}
)";

// Of two members or frames, as tools append them.
std::string TwoOf(std::string (*pack)(const std::string&), const std::string& plain) {
  const size_t half = plain.size() / 2;
  return pack(plain.substr(0, half)) + pack(plain.substr(half));
}

class ReplayArchivesTest : public ::testing::Test {
 protected:
  ReplayArchivesTest() : directory_(std::filesystem::path(::testing::TempDir()) / "archives") {
    std::filesystem::create_directories(directory_);
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml", kRules, &diagnostics);
    EXPECT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
  }
  ~ReplayArchivesTest() override { std::filesystem::remove_all(directory_); }

  // What a file holds is told by its first bytes, so its name may stay the same.
  void Write(const std::string& name, const std::string& content) {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    std::filesystem::last_write_time(path, std::filesystem::file_time_type());
  }

  std::string Run(const Replay::Options& options) {
    return ReplayWords(rules_, {directory_.string()}, options);
  }

  // With any threads and sizes of what is ahead, it is `expected`.
  void Compare(const std::string& expected, Replay::Options options, const std::string& trace) {
    for (const int threads : {0, 1, 2, 4}) {
      for (const size_t bytes : {size_t{997}, size_t{70'001}, size_t{512 << 10}}) {
        options.threads = threads;
        options.chunk = bytes;
        options.found = bytes == 512 << 10 ? 16 << 20 : 3 * bytes;
        ASSERT_EQ(Run(options), expected)
            << trace << ", " << threads << " threads, " << bytes << " bytes ahead";
      }
    }
  }

  const std::filesystem::path directory_;
  RuleSet rules_;
};

TEST_F(ReplayArchivesTest, SayWhatTheirTextSays) {
  constexpr uint32_t kSeed = 51;
  const std::string a = HardLog(kSeed).Write(1 << 20, true);
  const std::string b = HardLog(kSeed + 1).Write(1 << 20, false);
  const std::string c = HardLog(kSeed + 2).Write(600'000, false);
  Write("a.log", a);
  Write("b.log", b);
  Write("c.log", c);
  Replay::Options options;
  options.first_year = 2024;
  const std::string expected = Run(options);
  ASSERT_GT(expected.size(), 10'000u);
  Write("a.log", Gzip(a));
  Write("b.log", TwoOf(Zstd, b));
  Write("c.log", TwoOf(Gzip, c));
  Compare(expected, options, absl::StrCat("seed ", kSeed));
}

TEST_F(ReplayArchivesTest, PartsOfOneLogSayWhatTheirTextSays) {
  constexpr uint32_t kSeed = 61;
  HardLog log(kSeed);
  std::vector<std::string> parts;
  for (int i = 0; i < 7; ++i) parts.push_back(log.Write(150'000, i == 3));
  for (const int year : {0, 2024}) {
    for (size_t i = 0; i < parts.size(); ++i) {
      Write(absl::StrCat("agent.log.", parts.size() - i), parts[i]);
    }
    Replay::Options options;
    options.first_year = year;
    const std::string expected = Run(options);
    for (size_t i = 0; i < parts.size(); ++i) {
      Write(absl::StrCat("agent.log.", parts.size() - i),
            i % 2 == 0 ? Gzip(parts[i]) : Zstd(parts[i]));
    }
    Compare(expected, options, absl::StrCat("seed ", kSeed, ", year ", year));
    if (HasFatalFailure()) return;
  }
}

TEST_F(ReplayArchivesTest, DamageIsReportedWithTheSameWordsAtTheSamePlace) {
  constexpr uint32_t kSeed = 71;
  std::mt19937 random(kSeed);
  const std::string whole = HardLog(kSeed).Write(400'000, false);
  const std::string other = HardLog(kSeed + 1).Write(300'000, false);
  Replay::Options options;
  options.first_year = 2024;
  int damaged = 0;
  for (int round = 0; round < 10; ++round) {
    std::string packed = round % 2 == 0 ? Gzip(whole) : Zstd(whole);
    const size_t at = 20 + random() % (packed.size() - 20);
    if (round % 4 < 2) {
      packed.resize(at);
    } else {
      packed[at] = static_cast<char>(packed[at] ^ (1 << random() % 8));
    }
    Write("a.log", packed);
    Write("b.log", Gzip(other));
    const std::string expected = Run(options);
    damaged += absl::StrContains(expected, "not read to its end: the") ? 1 : 0;
    for (const int threads : {1, 2, 4}) {
      options.threads = threads;
      options.chunk = 1 + random() % 100'000;
      options.found = 1 + random() % 100'000;
      ASSERT_EQ(Run(options), expected)
          << "seed " << kSeed << ", round " << round << ", " << threads << " threads";
    }
    options.threads = 0;
  }
  EXPECT_GE(damaged, 5);
}

TEST_F(ReplayArchivesTest, ManyOfThemSayWhatTheirTextSays) {
  constexpr uint32_t kSeed = 81;
  std::vector<std::string> logs;
  for (uint32_t i = 0; i < 40; ++i) logs.push_back(HardLog(kSeed + i).Write(20'000, false));
  for (size_t i = 0; i < logs.size(); ++i) Write(absl::StrCat("host", i, "x"), logs[i]);
  Replay::Options options;
  options.first_year = 2024;
  const std::string expected = Run(options);
  for (size_t i = 0; i < logs.size(); ++i) {
    Write(absl::StrCat("host", i, "x"), i % 2 == 0 ? Gzip(logs[i]) : Zstd(logs[i]));
  }
  options.threads = 3;
  EXPECT_EQ(Run(options), expected) << "seed " << kSeed;
}

}  // namespace
}  // namespace tallybell
