// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Rules and lines that are hard on a scan. What it may skip is what no pattern sees: a replay says
// the same with it and without it, where every line is looked at.

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/run/replay.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/hard_log.h"
#include "tests/engine/run/replay_words.h"

namespace tallybell {
namespace {

class HardRulesTest : public ::testing::Test {
 protected:
  HardRulesTest() : path_(std::filesystem::path(::testing::TempDir()) / "hard_rules.log") {}
  ~HardRulesTest() override { std::filesystem::remove(path_); }

  void Rules(const std::string& rules) {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml", absl::StrCat("groups:\n- name: g\n  rules:\n", rules),
                               &diagnostics);
    ASSERT_FALSE(diagnostics.HasErrors()) << diagnostics.ToString();
  }

  void Log(const std::string& content) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
  }

  std::string Run(const Replay::Options& options) {
    return ReplayWords(rules_, {path_.string()}, options);
  }

  // Returns what all ways of reading it say.
  std::string Compare() {
    Replay::Options options;
    options.first_year = 2024;
    options.scan = CandidateRules::Scan::kOff;
    const std::string expected = Run(options);
    options.scan = CandidateRules::Scan::kOn;
    for (const int threads : {0, 2}) {
      for (const size_t block : {size_t{300'007}, size_t{1} << 20}) {
        options.threads = threads;
        options.block = options.chunk = block;
        EXPECT_TRUE(Run(options) == expected) << threads << " threads, blocks of " << block;
      }
    }
    return expected;
  }

  const std::filesystem::path path_;
  RuleSet rules_;
};

TEST_F(HardRulesTest, ALiteralThatIsInEveryLine) {
  Rules(R"(
  - {alert: Every, match: start_vm.go, when: count > 500 in 2s}
  - {alert: Few, match: "can't start", when: count > 3 in 2s}
)");
  Log(HardLog(1).Write(1 << 20, false));
  EXPECT_TRUE(absl::StrContains(Compare(), "Few"));
}

TEST_F(HardRulesTest, ARegexWhoseLiteralIsOneByte) {
  Rules(R"(
  - {alert: One, match: '/=[^m]|m4 F/', when: count > 0 in 2s}
  - {alert: Digit, match: '/x$/', when: count > 0 in 2s}
  - {alert: Few, match: "can't start", when: count > 3 in 2s}
)");
  Log(absl::StrCat(HardLog(2).Write(1 << 20, false), "\nlast x"));
  EXPECT_TRUE(absl::StrContains(Compare(), "One"));
}

TEST_F(HardRulesTest, RulesThatIgnoreCase) {
  // K and S have relatives outside ASCII that RE2 takes for them, and a scan does not.
  Rules(R"(
  - {alert: Failed, match: '/FAILED/i', when: count > 3 in 2s}
  - {alert: Kelvin, match: '/kelvin skip/i', when: count > 0 in 2s}
  - {alert: Street, match: '/(?i)STRASSE|straße/', when: count > 0 in 2s}
  - {alert: Both, match: '/can''t START/i', when: count > 3 in 2s, by: [host]}
)");
  std::string log = HardLog(3).Write(500'000, false);
  const std::string header = "\nE0501 12:00:00.000000 7 a.go:1] ";
  for (const char* text : {"\xE2\x84\xAA"
                           "elvin SKIP",
                           "KELVIN \xC5\xBFkip",
                           "STRA\xC3\x9F"
                           "E",
                           "STRA\xE1\xBA\x9E"
                           "E",
                           "stra\xC5\xBF\xC5\xBF"
                           "e"}) {
    absl::StrAppend(&log, header, text);
  }
  Log(log);
  const std::string said = Compare();
  for (const char* alert : {"Failed", "Kelvin", "Street", "Both"}) {
    EXPECT_TRUE(absl::StrContains(said, alert)) << alert;
  }
}

TEST_F(HardRulesTest, TenThousandRules) {
  std::string rules;
  for (int i = 0; i < 10'000; ++i) {
    const std::string match = i % 3 == 0   ? absl::StrCat("'unit", i, " failed'")
                              : i % 3 == 1 ? absl::StrCat("'/unit", i, ": .*(panic|fatal)/'")
                                           : absl::StrCat("'/[Uu]nit", i, " refused/i'");
    absl::StrAppend(&rules, "  - {alert: A", i, ", match: ", match, ", when: count > 0 in 1m}\n");
  }
  Rules(rules);
  std::mt19937 random(4);
  std::string log;
  for (int i = 0; i < 200; ++i) {
    absl::StrAppend(&log, "E0501 12:00:00.", 100'000 + i, " 7 a.go:1] unit", random() % 12'000);
    absl::StrAppend(&log,
                    random() % 4 == 0   ? " failed"
                    : random() % 4 == 0 ? ": a panic"
                    : random() % 4 == 0 ? " REFUSED"
                                        : " is well",
                    "\n");
  }
  Log(log);
  // Few lines: without the scan, ten thousand patterns are tried on each.
  Replay::Options options;
  options.first_year = 2024;
  const std::string on = Run(options);
  options.threads = 2;
  options.chunk = 5'000;
  EXPECT_TRUE(Run(options) == on);
  options.scan = CandidateRules::Scan::kOff;
  EXPECT_TRUE(Run(options) == on);
  EXPECT_GT(on.size(), 5'000u);
}

TEST_F(HardRulesTest, PatternsThatOnlyRe2Takes) {
  // Unicode classes, word borders, empty alternatives: what a scanner of regexes refuses is
  // reduced to literals, or to nothing.
  Rules(R"(
  - {alert: Letters, match: '/\p{Greek}{2,}|\bcan''t\b.*\bvm$/', when: count > 3 in 2s}
  - {alert: Empty, match: '/(|x*)/', when: count > 2000 in 2s}
  - {alert: Begin, match: '/^(?:E\d{4} ){1}\S+ +7 (?P<where>[^:]+):(?:142|7)\] host=m[0-2] [Ff]/', when: count > 1 in 2s, by: [where]}
  - {alert: Named, match: '/(?s)host=(?P<host>m\d).*?(?i:fAILED)\z/', when: count > 1 in 1s, by: [host]}
)");
  Log(absl::StrCat(HardLog(5).Write(300'000, true),
                   "\nE0501 12:00:00.000000 7 a.go:1] \xCE\xB1"
                   "\xCE\xB2\n"));
  const std::string said = Compare();
  for (const char* alert : {"Letters", "Begin", "Named"}) {
    EXPECT_TRUE(absl::StrContains(said, alert)) << alert;
  }
}

TEST_F(HardRulesTest, ALineOfAllTheBytesThatALineMayHaveAcrossBlocks) {
  Rules(R"(
  - {alert: AtTheEnd, match: "can't start vm", when: count > 0 in 1s}
  - {alert: Behind, match: "beyond the limit", when: count > 0 in 1s}
)");
  constexpr size_t kMaxLine = 256 << 10;
  std::string log;
  for (const int more : {-1, 0, 1, 70'000}) {
    std::string line = absl::StrCat("E0501 12:0", log.size() / kMaxLine, ":00.000000 7 a.go:1] ");
    line.resize(kMaxLine - 14, 'x');
    if (more < 0) line.pop_back();
    absl::StrAppend(&log, line, "can't start vm");
    if (more > 0) absl::StrAppend(&log, std::string(more, 'y'), "beyond the limit");
    log += '\n';
  }
  Log(log);
  const std::string said = Compare();
  EXPECT_FALSE(absl::StrContains(said, "Behind"));
  size_t firings = 0;
  for (size_t at = 0; (at = said.find("\"firing\"", at)) != std::string::npos; ++at) ++firings;
  EXPECT_EQ(firings, 4u) << said;
}

TEST_F(HardRulesTest, ColoursInEveryLine) {
  Rules(R"(
  - {alert: Often, match: "can't start", when: count > 3 in 2s, by: [host]}
  - {alert: Failed, match: '/host=(?P<host>\w+) FAILED/i', when: count > 3 in 2s, by: [host]}
  - {alert: Colour, match: "36m", when: count > 0 in 1s}
  - {alert: Escape, match: '/\x1b/', when: count > 0 in 1s}
)");
  std::mt19937 random(6);
  const std::string plain = HardLog(6).Write(400'000, false);
  std::string log;
  for (size_t begin = 0; begin < plain.size();) {
    const size_t end = std::min(plain.find('\n', begin), plain.size());
    std::string line = plain.substr(begin, end - begin);
    for (int n = 2; n > 0; --n) {
      const size_t at = random() % (line.size() + 1);
      line.insert(at, random() % 2 == 0 ? "\x1b[36m" : "\x1b[0m");
    }
    if (random() % 50 == 0) line.insert(random() % (line.size() + 1), "\x1b");
    absl::StrAppend(&log, line, "\n");
    begin = end + 1;
  }
  Log(log);
  const std::string said = Compare();
  for (const char* alert : {"Often", "Failed", "Escape"}) {
    EXPECT_TRUE(absl::StrContains(said, alert)) << alert;
  }
  // The same in Docker's envelope, which writes an escape as \u001b. Lines that state no time have
  // that of the envelope, which is the first of all, so that they hold nothing up.
  std::string docker;
  for (size_t begin = 0; begin < log.size();) {
    const size_t end = log.find('\n', begin);
    absl::StrAppend(&docker, "{\"log\":", DumpJson(Json(log.substr(begin, end + 1 - begin))),
                    R"(,"stream":"stderr","time":"2024-01-01T00:00:00Z"})", "\n");
    begin = end + 1;
  }
  Log(docker);
  const std::string under_docker = Compare();
  for (const char* alert : {"Often", "Failed", "Escape"}) {
    EXPECT_TRUE(absl::StrContains(under_docker, alert)) << alert;
  }
}

}  // namespace
}  // namespace tallybell
