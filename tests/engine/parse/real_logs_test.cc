// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What is read out of the logs in tests/data/logs, which real programs wrote.

#include <fstream>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/parse/format_detector.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/source_clock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

std::vector<std::string> LinesOf(const std::string& name) {
  std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/", name));
  EXPECT_TRUE(file.is_open()) << name;
  std::stringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  if (absl::EndsWith(text, "\n")) text.pop_back();
  return absl::StrSplit(text, '\n');
}

// How many records, continuations and file lines a log has, and how many records of each severity
// from info to fatal.
struct Expected {
  const char* name;
  const char* lines;
  const char* severities;
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.name; }

class RealLogsTest : public testing::TestWithParam<Expected> {};

TEST_P(RealLogsTest, EveryLineIsWhatItIs) {
  const std::vector<std::string> lines = LinesOf(GetParam().name);
  FormatDetector detector;
  for (const std::string& line : lines) detector.Add(line);
  ASSERT_EQ(detector.format().name, "glog");
  const WantedFields wanted;
  const LineParser parser = LineParser::Mostly(detector.format(), &wanted);
  int kinds[3] = {};
  int severities[6] = {};
  for (const std::string& line : lines) {
    ParsedLine parsed;
    parser.Parse(line, &parsed);
    ++kinds[static_cast<int>(parsed.kind)];
    if (parsed.kind != ParsedLine::Kind::kRecord) continue;
    ++severities[static_cast<int>(parsed.severity)];
    ASSERT_TRUE(parsed.stamp.has_value());
    // Nothing between the header's parts is lost.
    EXPECT_TRUE(absl::EndsWith(
        line, absl::StrCat(" ", parsed.fields.Get("caller"), "] ", parsed.fields.Get("message"))))
        << line;
    EXPECT_TRUE(absl::StrContains(
        line, absl::StrCat(" ", parsed.fields.Get("thread"), " ", parsed.fields.Get("file"), ":",
                           parsed.fields.Get("line"), "]")))
        << line;
  }
  EXPECT_EQ(absl::StrCat(kinds[0], " ", kinds[1], " ", kinds[2]), GetParam().lines);
  std::string by_severity;
  for (const Severity severity :
       {Severity::kInfo, Severity::kWarning, Severity::kError, Severity::kFatal}) {
    absl::StrAppend(&by_severity, by_severity.empty() ? "" : " ",
                    severities[static_cast<int>(severity)]);
  }
  EXPECT_EQ(by_severity, GetParam().severities);
}

INSTANTIATE_TEST_SUITE_P(
    Logs, RealLogsTest,
    testing::Values(
        Expected{"glog/go/anka_agent.vm.root.log.INFO.20261121-080006.16804", "12 2 4", "5 1 6 0"},
        Expected{"glog/go/anka_agent.vm.root.log.FATAL.20261121-080008.16909", "1 19 4", "0 0 0 1"},
        Expected{"glog/cpp/cppprog.vm.root.log.INFO.20261121-080126.21078", "6 1 4", "2 1 3 0"},
        Expected{"glog/cpp.noyear.fatal.stderr", "7 10 0", "2 1 3 1"},
        Expected{"glog/go_new/anka_agent.vm.root.log.INFO.20261121-080122.20782", "5 0 7",
                 "4 0 1 0"},
        Expected{"glog/go.panic.stderr", "11 7 0", "4 1 6 0"},
        Expected{"glog/go_new.stderr", "4 127 0", "0 0 3 1"},
        Expected{"klog/klog_probe_logfile.log", "11 8 4", "7 1 3 0"},
        Expected{"klog/klog_probe_v2.80.1.stderr.log", "13 8 0", "8 1 3 1"},
        Expected{"klog_real.log", "230 0 0", "139 17 71 3"},
        Expected{"anka/all_glog_lines.log", "70 0 0", "55 1 14 0"},
        Expected{"anka/anka_agent_join.INFO", "12 1 4", "8 0 4 0"},
        Expected{"anka/anka_agent_maxinstances.INFO", "14 0 0", "11 0 3 0"},
        Expected{"anka/controller_nil_map_panic.log", "5 3 0", "3 0 2 0"}),
    [](const testing::TestParamInfo<Expected>& log) {
      std::string name = log.param.name;
      for (char& c : name) c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

TEST(RealLogTest, AnAgentsFileSaysItsHostAndTheYearOfItsRecords) {
  const WantedFields wanted;
  const LineParser parser = LineParser::Only(*FindLineFormat("glog"), &wanted);
  SourceClock clock{SourceClock::Options()};
  std::string host;
  std::vector<std::string> times;
  for (const std::string& line : LinesOf("anka/anka_agent_join.INFO")) {
    ParsedLine parsed;
    parser.Parse(line, &parsed);
    if (parsed.kind == ParsedLine::Kind::kFileLine) {
      absl::StrAppend(&host, parsed.fields.Get("host"));
      if (parsed.stamp.has_value()) clock.FileBegins(*parsed.stamp);
    } else if (parsed.kind == ParsedLine::Kind::kRecord) {
      times.push_back(FormatRfc3339(clock.Resolve(*parsed.stamp, kNoTime)));
    }
  }
  EXPECT_EQ(host, "Mac-mini");
  ASSERT_EQ(times.size(), 12u);
  EXPECT_EQ(times.front(), "2021-03-04T01:42:32.983766000Z");
  EXPECT_EQ(times.back(), "2021-03-04T01:42:34.725587000Z");
}

TEST(RealLogTest, ARecordWithItsYearNeedsNothingElse) {
  const WantedFields wanted;
  const LineParser parser = LineParser::Only(*FindLineFormat("glog"), &wanted);
  SourceClock clock{SourceClock::Options()};
  ParsedLine parsed;
  parser.Parse(LinesOf("klog_real.log")[211], &parsed);
  ASSERT_TRUE(parsed.stamp.has_value());
  EXPECT_EQ(FormatRfc3339(clock.Resolve(*parsed.stamp, kNoTime)), "2024-06-11T13:24:27.476620000Z");
}

TEST(LineParserTest, EveryLineOfAPlainSourceIsARecordThatStatesNothing) {
  const WantedFields wanted;
  const LineParser parser = LineParser::Only(*FindLineFormat("plain"), &wanted);
  ParsedLine parsed;
  parsed.severity = Severity::kError;
  parsed.fields.Add("old", "x");
  parser.Parse("E0501 12:32:30.426698     341 controller.go:114] failed", &parsed);
  EXPECT_EQ(parsed.kind, ParsedLine::Kind::kRecord);
  EXPECT_EQ(parsed.severity, Severity::kUnknown);
  EXPECT_FALSE(parsed.stamp.has_value());
  EXPECT_TRUE(parsed.fields.all().empty());
}

}  // namespace
}  // namespace tallybell
