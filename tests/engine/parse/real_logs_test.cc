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
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "engine/parse/format_detector.h"
#include "engine/parse/line_parser.h"
#include "engine/parse/source_clock.h"
#include "gtest/gtest.h"
#include "tests/engine/parse/line_oracle.h"

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

// Without the colours of a terminal, which no reader sees.
std::string WithoutColour(const std::string& line) {
  std::string clean;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      i = line.find('m', i);
    } else {
      clean += line[i];
    }
  }
  return clean;
}

// The format of a log, how many records, continuations and file lines it has, and how many records
// of each severity from unknown to fatal.
struct Expected {
  const char* name;
  const char* format;
  const char* lines;
  const char* severities;
};

void PrintTo(const Expected& expected, std::ostream* out) { *out << expected.name; }

class RealLogsTest : public testing::TestWithParam<Expected> {};

TEST_P(RealLogsTest, EveryLineIsWhatItIs) {
  const std::vector<std::string> lines = LinesOf(GetParam().name);
  FormatDetector detector;
  for (const std::string& line : lines) detector.Add(WithoutColour(line));
  EXPECT_EQ(detector.format().name, GetParam().format);
  const WantedFields wanted;
  const LineParser parser = LineParser::Mostly(detector.format(), &wanted);
  int kinds[3] = {};
  int severities[6] = {};
  for (const std::string& written : lines) {
    const std::string line = WithoutColour(written);
    ParsedLine parsed;
    parser.Parse(line, &parsed);
    EXPECT_EQ(LineAsParsed(parsed), LineByRegex(line)) << line;
    ++kinds[static_cast<int>(parsed.kind)];
    if (parsed.kind != ParsedLine::Kind::kRecord) continue;
    ++severities[static_cast<int>(parsed.severity)];
  }
  EXPECT_EQ(absl::StrJoin(kinds, " "), GetParam().lines);
  EXPECT_EQ(absl::StrJoin(severities, " "), GetParam().severities);
}

// Of a glog line nothing between the header's parts is lost.
TEST_P(RealLogsTest, TheFieldsOfAGlogLineAreAllOfIt) {
  const WantedFields wanted;
  const LineParser parser = LineParser::Only(*FindLineFormat("glog"), &wanted);
  for (const std::string& line : LinesOf(GetParam().name)) {
    ParsedLine parsed;
    parser.Parse(line, &parsed);
    if (parsed.kind != ParsedLine::Kind::kRecord) continue;
    EXPECT_TRUE(absl::EndsWith(
        line, absl::StrCat(" ", parsed.fields.Get("caller"), "] ", parsed.fields.Get("message"))))
        << line;
    EXPECT_TRUE(absl::StrContains(
        line, absl::StrCat(" ", parsed.fields.Get("thread"), " ", parsed.fields.Get("file"), ":",
                           parsed.fields.Get("line"), "]")))
        << line;
  }
}

// No line has two readers, and the bytes with which a format says that its headers begin are right.
TEST_P(RealLogsTest, NoTwoFormatsTakeOneLine) {
  const WantedFields wanted = WantedFields::All();
  for (const std::string& written : LinesOf(GetParam().name)) {
    const std::string line = WithoutColour(written);
    std::vector<absl::string_view> takers;
    for (const LineFormat& format : AllLineFormats()) {
      if (format.name == "plain") continue;
      ParsedLine parsed;
      LineParser::Only(format, &wanted).Parse(line, &parsed);
      if (parsed.kind == ParsedLine::Kind::kContinuation) continue;
      takers.push_back(format.name);
      EXPECT_TRUE(format.MayBegin(line)) << format.name << ": " << line;
    }
    EXPECT_LE(takers.size(), 1u) << absl::StrJoin(takers, ", ") << ": " << line;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Logs, RealLogsTest,
    testing::Values(
        Expected{"glog/go/anka_agent.vm.root.log.INFO.20261121-080006.16804", "glog", "12 2 4",
                 "0 0 5 1 6 0"},
        Expected{"glog/go/anka_agent.vm.root.log.FATAL.20261121-080008.16909", "glog", "1 19 4",
                 "0 0 0 0 0 1"},
        Expected{"glog/cpp/cppprog.vm.root.log.INFO.20261121-080126.21078", "glog", "6 1 4",
                 "0 0 2 1 3 0"},
        Expected{"glog/cpp.noyear.fatal.stderr", "glog", "7 10 0", "0 0 2 1 3 1"},
        Expected{"glog/go_new/anka_agent.vm.root.log.INFO.20261121-080122.20782", "glog", "5 0 7",
                 "0 0 4 0 1 0"},
        Expected{"glog/go.panic.stderr", "glog", "12 6 0", "0 0 4 1 6 1"},
        Expected{"glog/go_new.stderr", "glog", "4 127 0", "0 0 0 0 3 1"},
        Expected{"klog/klog_probe_logfile.log", "glog", "11 8 4", "0 0 7 1 3 0"},
        Expected{"klog/klog_probe_v2.80.1.stderr.log", "glog", "13 8 0", "0 0 8 1 3 1"},
        Expected{"klog_real.log", "glog", "230 0 0", "0 0 139 17 71 3"},
        Expected{"anka/all_glog_lines.log", "glog", "70 0 0", "0 0 55 1 14 0"},
        Expected{"anka/anka_agent_join.INFO", "glog", "12 1 4", "0 0 8 0 4 0"},
        Expected{"anka/anka_agent_maxinstances.INFO", "glog", "14 0 0", "0 0 11 0 3 0"},
        Expected{"anka/controller_nil_map_panic.log", "glog", "5 3 0", "0 0 3 0 2 0"},
        Expected{"anka/anka_agent.CMD", "logfmt", "2 0 0", "0 0 2 0 0 0"},
        Expected{"anka/controller_mac_etcd_capnslog_panic.log", "capnslog", "3 20 0",
                 "0 0 1 0 1 1"},
        Expected{"etcd/etcd34_capnslog_default.stderr.log", "capnslog", "53 0 0", "0 0 47 5 1 0"},
        Expected{"etcd/etcd34_capnslog_debug_stderr.stderr.log", "capnslog", "107 0 0",
                 "0 40 59 8 0 0"},
        Expected{"etcd/etcd34_zap_default.stderr.log", "json", "49 0 0", "0 0 46 3 0 0"},
        Expected{"etcd/etcd34_zap_warn.stderr.log", "json", "5 0 0", "0 0 0 5 0 0"},
        Expected{"etcd/etcd34_zap_default.etcdctl.log", "json", "15 22 0", "0 0 10 5 0 0"},
        Expected{"etcd_real.log", "capnslog", "280 0 0", "0 0 186 90 4 0"},
        Expected{"anka/etcd_no_space.log", "json", "2 0 0", "0 0 0 2 0 0"},
        Expected{"logrus/logrus_json.log", "json", "5 0 0", "0 0 3 1 1 0"},
        Expected{"zap/zap_json_epoch.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_json_epochmillis.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_json_epochnanos.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_json_etcd36.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_json_iso8601.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_json_rfc3339nano.log", "json", "8 0 0", "0 0 4 2 1 1"},
        Expected{"logrus/logrus_text.log", "logfmt", "5 0 0", "0 0 3 1 1 0"},
        Expected{"logrus/logrus_text_color.log", "logfmt", "5 0 0", "0 0 3 1 1 0"},
        Expected{"zap/zap_console_epoch.log", "zap-console", "8 13 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_console_etcd36.log", "zap-console", "8 13 0", "0 0 4 2 1 1"},
        Expected{"zap/zap_console_rfc3339.log", "zap-console", "8 13 0", "0 0 4 2 1 1"}),
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

}  // namespace
}  // namespace tallybell
