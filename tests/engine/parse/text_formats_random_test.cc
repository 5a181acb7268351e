// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Headers of lines that were altered at random, read by regular expressions too.

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "engine/parse/line_parser.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

constexpr char kNone[] = "no header";

// The stamp as DescribedLine writes it, or "" if there is no such time.
std::string Stamped(const std::string& year, const std::string& month, const std::string& day,
                    const std::string& time, std::string fraction) {
  const int y = year.empty() ? 2000 : std::atoi(year.c_str());
  const int h = std::atoi(time.c_str());
  const int m = std::atoi(time.c_str() + 3);
  const int s = std::atoi(time.c_str() + 6);
  const int d = std::atoi(day.c_str());
  const absl::CivilDay date(y, std::atoi(month.c_str()), d);
  if (y == 0 || d == 0 || date.day() != d || date.year() != y || date.month() == 0 || h > 23 ||
      m > 59 || s > 60) {
    return "";
  }
  fraction.resize(9, '0');
  return absl::StrCat(absl::StrFormat("%s-%s-%02d ", year.empty() ? "0000" : year, month, d), time,
                      ".", fraction);
}

std::string Capnslog(const std::string& line) {
  static const RE2* const kHeader =
      new RE2(R"re((?s)(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d)\.(\d{6}) (?:\[[^ \t"]+:\d+\] )?)re"
              R"re(([CEWNIDT]) \|(?: (?:[A-Za-z0-9/_.\-]+: )?(.*))?)re");
  std::string year, month, day, time, fraction, letter, message;
  if (!RE2::FullMatch(line, *kHeader, &year, &month, &day, &time, &fraction, &letter, &message)) {
    return kNone;
  }
  const std::string stamp = Stamped(year, month, day, time, fraction);
  if (stamp.empty()) return kNone;
  return absl::StrCat("capnslog ", SeverityName(SeverityFromWord(letter)), " ", stamp,
                      " message=", message);
}

std::string GoLog(const std::string& line) {
  static const RE2* const kHeader = new RE2(
      R"re((?s)(?:([A-Z]{3,9}): |raft)?(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d)(?:[.,](\d+))?)re"
      R"re((?: (?:[^ \t"]*\.go:\d+: )?(?:([A-Z]{3,9}): |\[(\w{3,9})\] )?(.*))?)re");
  std::string before, year, month, day, time, fraction, after, bracketed, message;
  if (!RE2::FullMatch(line, *kHeader, &before, &year, &month, &day, &time, &fraction, &after,
                      &bracketed, &message)) {
    return kNone;
  }
  const std::string stamp = Stamped(year, month, day, time, fraction);
  const Severity severity = SeverityFromWord(before);
  if (stamp.empty() || (!before.empty() && severity == Severity::kUnknown)) return kNone;
  // Only where none of them is stated; a word that says nothing is part of the message.
  const Severity later = SeverityFromWord(after.empty() ? bracketed : after);
  const bool taken = severity == Severity::kUnknown && later != Severity::kUnknown;
  if (!taken && !after.empty()) message = absl::StrCat(after, ": ", message);
  if (!taken && !bracketed.empty()) message = absl::StrCat("[", bracketed, "] ", message);
  return absl::StrCat("go ", SeverityName(taken ? later : severity), " ", stamp,
                      " message=", message);
}

std::string Syslog(const std::string& line) {
  static const RE2* const kHeader = new RE2(
      R"re((?s)(?:<(\d{1,3})>)?(?:((?i)Feb|may|Mär)\.?|(\d{1,2})月) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))? )re"
      R"re([^ ]*[^ :] [^ :\[]+(?:\[[^ \]]+\])?:(?: (.*))?)re");
  std::string priority, name, number, day, time, fraction, message;
  if (!RE2::FullMatch(line, *kHeader, &priority, &name, &number, &day, &time, &fraction,
                      &message) ||
      (!priority.empty() && std::atoi(priority.c_str()) > 191)) {
    return kNone;
  }
  const int month = absl::EqualsIgnoreCase(name, "feb")   ? 2
                    : absl::EqualsIgnoreCase(name, "may") ? 5
                    : absl::EqualsIgnoreCase(name, "mär") ? 3
                                                          : std::stoi(number);
  if (month < 1 || month > 12) return kNone;
  const std::string stamp = Stamped("", absl::StrFormat("%02d", month), day, time, fraction);
  if (stamp.empty()) return kNone;
  const char* const kNames[] = {"fatal",   "fatal", "fatal", "error",
                                "warning", "info",  "info",  "debug"};
  return absl::StrCat("syslog ",
                      priority.empty() ? "unknown" : kNames[std::atoi(priority.c_str()) % 8], " ",
                      stamp, " message=", message);
}

// Without the fields before the message.
std::string Actual(absl::string_view format, const std::string& line) {
  WantedFields message;
  message.Add("message");
  std::string described = DescribedLine(format, line, message);
  const size_t fields = described.find(" |");
  const size_t at = described.find(" message=");
  if (fields == std::string::npos || at == std::string::npos) return described;
  return described.substr(0, fields) + described.substr(at);
}

std::string Altered(std::string line, std::mt19937* random) {
  static constexpr absl::string_view kCharacters = "0129:.,] [/-WEx|<>\"\n\xFF";
  for (uint32_t changes = (*random)() % 4; changes > 0; --changes) {
    const size_t at = (*random)() % (line.size() + 1);
    const char c = kCharacters[(*random)() % kCharacters.size()];
    if ((*random)() % 3 == 0) line.insert(at, 1, c);
    if ((*random)() % 3 == 0 && at < line.size()) line[at] = c;
    if ((*random)() % 3 == 0 && at < line.size()) line.erase(at, 1);
    if ((*random)() % 40 == 0) line.resize(at);
  }
  return line;
}

struct Format {
  const char* name;
  std::string (*by_regex)(const std::string& line);
  std::vector<std::string> lines;
};

TEST(TextFormatsRandomTest, AgreeWithRegularExpressionsOnAlteredLines) {
  const Format formats[] = {
      {"capnslog",
       Capnslog,
       {"2019-02-28 12:32:30.426698 W | etcdserver: alarm", "2020-02-29 23:59:60.000000 C | x",
        "2026-11-21 08:14:20.511585 [a/pkg_logger.go:148] D | a/b: c"}},
      {"go",
       GoLog,
       {"2022/04/25 16:22:44 x", "raft2026/11/21 07:57:29 INFO: x",
        "2022/02/28 16:22:44.5 a.go:1: y", "WARNING: 2026/11/21 07:57:40 [core] grpc",
        "2022/04/25 16:22:44 [error] 31"}},
      {"syslog",
       Syslog,
       {"Feb 28 06:59:12 etcd-1 etcd[95994]: x", "<34>may  9 06:59:12.25 h su: y",
        "Mär 31 23:59:60 h a[1]: z", "1月 31 15:25:41 m kubelet[1]: x"}}};
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  for (const Format& format : formats) {
    int headers = 0;
    for (int i = 0; i < 20'000; ++i) {
      const std::string line = Altered(format.lines[random() % format.lines.size()], &random);
      // RE2 reads UTF-8 alone, as patterns do.
      if (line.find('\xFF') != std::string::npos) {
        DescribedLine(format.name, line);
        continue;
      }
      const std::string expected = format.by_regex(line);
      ASSERT_EQ(Actual(format.name, line), expected)
          << "seed " << kSeed << ", case " << i << ": " << line;
      headers += expected != kNone ? 1 : 0;
    }
    EXPECT_GT(headers, 3'000) << format.name;
  }
}

TEST(TextFormatsRandomTest, NoTwoFormatsTakeAnAlteredLineAndItsFirstByteIsAsTheRowSays) {
  static const char* const kLines[] = {
      "E0501 12:32:30.426698     341 controller.go:114] StartVm: failed",
      "Log file created at: 2021/03/04 01:42:32",
      "{\"level\":\"info\",\"ts\":\"2026-11-21T07:57:48.446Z\",\"msg\":\"x\"}",
      "2019-02-28 12:32:30.426698 W | etcdserver: alarm",
      "[WARNING] Deprecated '--debug' flag",
      "2022-03-03T16:04:16+02:00\tinfo\tmembership/store.go:141\tTrimming it",
      "1.7952486231177404e+09\twarn\tm",
      "time=\"2024-10-22T08:21:01-05:00\" level=info msg=\"x\"",
      "INFO[0000] simple   a=1",
      "WARNING: 2026/11/21 07:57:40 [core] grpc: failed",
      "raft2026/11/21 07:57:29 INFO: x",
      "panic: boom",
      "May 26 06:59:12 etcd-1 etcd[95994]: x",
      "2026-11-21T07:57:48+0000 h su[7]: x",
      "<34>1 2003-10-11T22:14:15.003Z h e 17 ID47 - x"};
  constexpr uint32_t kSeed = 13;
  std::mt19937 random(kSeed);
  const WantedFields wanted = WantedFields::All();
  ParsedLine parsed;
  for (int i = 0; i < 30'000; ++i) {
    const std::string line = Altered(kLines[random() % std::size(kLines)], &random);
    std::string takers;
    for (const LineFormat& format : AllLineFormats()) {
      LineParser::Only(format, &wanted).Parse(line, &parsed);
      if (parsed.kind == ParsedLine::Kind::kContinuation || format.name == "plain") continue;
      EXPECT_TRUE(format.MayBegin(line)) << format.name << ": " << line;
      EXPECT_TRUE(takers.empty()) << takers << " and " << format.name << ", seed " << kSeed
                                  << ", case " << i << ": " << line;
      takers = std::string(format.name);
    }
  }
}

}  // namespace
}  // namespace tallybell
