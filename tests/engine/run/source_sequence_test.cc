// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Records of several lines, and containers that share an output, through the whole reader.
#include "engine/run/source_sequence.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/match/group_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/run/random_logs.h"
#include "tests/engine/run/source_reader_fixture.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const Pattern> Regex(const char* regex) {
  return std::make_shared<const Pattern>(Pattern::Regex(regex, false).value());
}

// What a rule without `match` sees: every record.
class SourceSequenceTest : public SourceReaderFixture {
 protected:
  SourceSequenceTest() {
    UseRules("{alert: Every, when: count > 0 in 1m, by: [container, severity]}");
  }

  // "hh:mm:ss container,severity text" of each record, with / for newlines.
  std::vector<std::string> Records(const std::string& bytes) {
    std::vector<std::string> records;
    for (const SourceItem& item : ReadAll(bytes)) {
      if (!item.mark) records.push_back(Describe(item));
    }
    return records;
  }

  static std::string Describe(const SourceItem& item) {
    const RuleMatch& match = item.record.matches[0];
    std::string text =
        absl::StrCat(FormatRfc3339(item.time).substr(11, 8), " ",
                     absl::StrJoin(GroupKeyValues(match.group), ","), " ", match.evidence.view());
    std::replace(text.begin(), text.end(), '\n', '/');
    return text;
  }
};

constexpr char kUp[] = "I0501 12:30:00.000000     341 a.go:114] up\n";
constexpr char kDown[] = "E0501 12:31:00.000000     341 b.go:7] down\n";

TEST_F(SourceSequenceTest, ATraceIsOneRecordWithTheTimeAndSeverityOfItsHeader) {
  options_.multiline.first = Regex("^[IWEF][0-9]{4} ");
  EXPECT_THAT(
      Records(absl::StrCat("before\n", kUp, kDown, "goroutine 1 [running]:\r\n\tboom()\n", kUp)),
      ElementsAre("12:30:00 ,unknown before",
                  "12:30:00 ,info I0501 12:30:00.000000     341 a.go:114] up",
                  "12:31:00 ,error E0501 12:31:00.000000     341 b.go:7] down/goroutine 1 "
                  "[running]:/\tboom()",
                  "12:30:00 ,info I0501 12:30:00.000000     341 a.go:114] up"));
}

TEST_F(SourceSequenceTest, StdoutAndStderrAreJoinedApartAndToldInTheOrderInWhichTheyBegin) {
  options_.multiline.first = Regex("^[^ ]");
  EXPECT_THAT(Records("2024-05-01T12:30:00Z stderr F panic: boom\n"
                      "2024-05-01T12:30:01Z stdout F one\n"
                      "2024-05-01T12:30:02Z stderr P   at \n"
                      "2024-05-01T12:30:02Z stderr F a.go\n"
                      "2024-05-01T12:30:03Z stdout F two\n"),
              ElementsAre(testing::HasSubstr("panic: boom"), testing::HasSubstr("one"),
                          testing::HasSubstr("two")));
  EXPECT_THAT(
      Records("2024-05-01T12:30:01Z stdout F one\n"
              "2024-05-01T12:30:01Z stdout F two\n"
              "2024-05-01T12:30:01Z stderr F panic: boom\n"
              "2024-05-01T12:30:02Z stdout F   more\n"
              "2024-05-01T12:30:02Z stderr P   at \n"
              "2024-05-01T12:30:02Z stderr F a.go\n"
              "2024-05-01T12:30:03Z stdout F three\n"),
      ElementsAre(testing::HasSubstr("one"), testing::HasSubstr("two/  more"),
                  testing::HasSubstr("panic: boom/  at a.go"), testing::HasSubstr("three")));
}

TEST_F(SourceSequenceTest, ContainersOfOneOutputAreStreamsAndTheirNamesAreFields) {
  EXPECT_THAT(Records("\x1B[36mapi-1  | \x1B[0mE0501 12:30:00.000000     341 a.go:114] down\n"
                      "\x1B[33mdb-1   | \x1B[0mI0501 12:31:00.000000     341 a.go:114] up\n"
                      "\x1B[36mapi-1  | \x1B[0mtrace\n"
                      "\x1B[33mdb-1   | \x1B[0mmore\n"),
              ElementsAre("12:30:00 api-1,error E0501 12:30:00.000000     341 a.go:114] down",
                          "12:31:00 db-1,info I0501 12:31:00.000000     341 a.go:114] up",
                          "12:30:00 api-1,error trace", "12:31:00 db-1,info more"));
  EXPECT_EQ(reader_->format()->Describe(), "glog in compose");
}

TEST_F(SourceSequenceTest, NamesBeyondAHundredShareOneStream) {
  options_.format = "compose";
  std::string bytes;
  for (int i = 0; i < 105; ++i) {
    absl::StrAppend(&bytes, "c", i, "  | E0501 12:30:00.000000     341 a.go:114] down\n");
  }
  Records(bytes);
  EXPECT_EQ(reader_->streams().names().size(), 100u);
}

TEST_F(SourceSequenceTest, TheStampOfDockerLogsMayBeInAnotherZoneThanTheLine) {
  EXPECT_THAT(
      Records("2020-03-19T21:19:14.763544793-07:00 E0320 04:19:14.763494     1 a.go:1] x\n"),
      ElementsAre(testing::StartsWith("04:19:14 ,error E0320")));
  EXPECT_EQ(reader_->format()->Describe(), "glog in docker-logs");
  EXPECT_THAT(Records("2023-08-18T10:47:25.111490788+08:00 stderr F "
                      "{\"level\":\"warn\",\"ts\":\"2023-08-18T02:47:25.111Z\",\"msg\":\"x\"}\n"),
              ElementsAre(testing::StartsWith("02:47:25 ")));
}

TEST_F(SourceSequenceTest, ObjectsThatArePrintedOverSeveralLinesAreRecords) {
  if (FindLineFormat("json") == nullptr) GTEST_SKIP();
  const std::vector<std::string> records = Records(
      "{\r\n  \"timestamp\": \"2024-01-15T10:30:00Z\",\r\n  \"level\": \"error\"\r\n}{\r\n"
      "  \"timestamp\": \"2024-01-15T10:31:00Z\",\r\n  \"level\": \"info\"\r\n}\r\n"
      "between\n");
  EXPECT_THAT(records, ElementsAre("10:30:00 ,error {/  \"timestamp\": \"2024-01-15T10:30:00Z\",/"
                                   "  \"level\": \"error\"/}",
                                   "10:31:00 ,info {/  \"timestamp\": \"2024-01-15T10:31:00Z\",/"
                                   "  \"level\": \"info\"/}",
                                   "10:31:00 ,info between"));
  EXPECT_EQ(reader_->format()->Describe(), "json over several lines");
}

TEST_F(SourceSequenceTest, AnUnfinishedRecordIsGivenWhenItHasWaitedLongEnough) {
  options_.live = true;
  options_.multiline.first = Regex("^[IWEF][0-9]{4} ");
  bytes_ = absl::StrCat(kUp, "more\n", "late\n");
  end_ = bytes_.size() - 5;
  reader_ = Open(0);
  const TimeNs now = ParseRfc3339("2024-05-01T12:30:01Z").value();
  std::vector<SourceItem> items;
  const auto read_at = [&](TimeNs arrival) {
    arrival_ = arrival;
    ReadToEnd(reader_.get(), &items);
    return items.size();
  };
  EXPECT_EQ(read_at(now), 0u);
  EXPECT_EQ(reader_->held_until(), now + 3 * kSecond);
  EXPECT_EQ(reader_->resume_offset(), 0u);
  EXPECT_EQ(read_at(now + 3 * kSecond - 1), 0u);
  ASSERT_EQ(read_at(now + 3 * kSecond), 2u);
  EXPECT_EQ(items[1].record.matches[0].evidence, absl::StrCat(kUp, "more"));
  EXPECT_EQ(reader_->held_until(), kNever);
  EXPECT_EQ(reader_->resume_offset(), end_);
  end_ = bytes_.size();
  ASSERT_EQ(read_at(now + 4 * kSecond), 3u);
  EXPECT_EQ(items[2].record.matches[0].evidence, "late");
}

TEST_F(SourceSequenceTest, ARecordThatIsTooLongIsEndedAndCounted) {
  options_.multiline.first = Regex("^[IWEF][0-9]{4} ");
  options_.multiline.max_lines = 2;
  EXPECT_THAT(Records(absl::StrCat(kUp, "1\n2\n3\n4\n")),
              ElementsAre(testing::EndsWith("up/1"), "12:30:00 ,info 2/3", "12:30:00 ,info 4"));
  EXPECT_EQ(reader_->counts().records_cut, 2);
}

TEST_F(SourceSequenceTest, WhatFollowsARecordWithoutATimeInheritsFromItAndTheTimeFromBefore) {
  if (FindLineFormat("json") == nullptr) GTEST_SKIP();
  const std::string bytes =
      "{\"level\":\"info\",\"ts\":\"2024-05-01T12:30:00Z\",\"msg\":\"up\"}\n"
      "{\"level\":\"fatal\",\"msg\":\"no time\"}\ntrace\n"
      "{\"level\":\"info\",\"ts\":\"2024-05-01T12:31:00Z\",\"msg\":\"up\"}\n{broken\n";
  EXPECT_THAT(
      Records(bytes),
      ElementsAre(testing::StartsWith("12:30:00 ,info"), testing::StartsWith("12:30:00 ,fatal {"),
                  "12:30:00 ,fatal trace", testing::StartsWith("12:31:00 ,info"),
                  testing::StartsWith("12:31:00 ,unknown {broken")));
  EXPECT_EQ(reader_->counts().malformed_lines, 1);
  const size_t json = FindLineFormat("json") - AllLineFormats().data();
  EXPECT_EQ(reader_->counts().records_by_format[json], 4);
}

// ---- Random logs against a slow, obvious joiner

struct Physical {
  std::string stream;  // what is joined on its own
  std::string text;
  std::string bytes;
  uint64_t offset = 0;
  bool states_time = false;
};

struct Joined {
  std::string text;
  uint64_t offset = 0;
  bool states_time = false;

  std::string Line() const { return absl::StrCat(offset, " ", text); }
};

enum class Look { kBare, kCri, kCompose };

std::string RandomText(Dice* dice) {
  static const std::vector<std::string> kFirst = {"I0501 12:30:00.000000     341 a.go:1] up",
                                                  "E0501 12:30:01.000000     341 b.go:2] boom",
                                                  "  at boom",
                                                  "begin",
                                                  "end",
                                                  "",
                                                  "  x",
                                                  "boom"};
  return dice->Of(kFirst);
}

std::vector<Physical> RandomLines(Dice* dice, Look look) {
  std::vector<Physical> lines(dice->Pick(1, 40));
  uint64_t offset = 0;
  for (Physical& line : lines) {
    line.text = RandomText(dice);
    const std::string name = dice->Of<std::string>({"stdout", "stderr"});
    if (look != Look::kBare) line.stream = name;
    line.states_time = look == Look::kCri || absl::StrContains(line.text, "0501");
    if (look == Look::kBare) line.bytes = line.text;
    if (look == Look::kCri) {
      line.bytes =
          absl::StrCat("2024-05-01T12:30:0", dice->Pick(0, 9), "Z ", name, " F ", line.text);
    }
    if (look == Look::kCompose) line.bytes = absl::StrCat(name, "  | ", line.text);
    if (dice->OneIn(5)) line.bytes += "\r";
    line.bytes += "\n";
    line.offset = offset;
    offset += line.bytes.size();
  }
  return lines;
}

// As the documents say it, with everything in lists.
std::vector<std::string> Oracle(const std::vector<Physical>& lines, const std::string& first,
                                const std::string& last, int max_lines, size_t mark_every) {
  std::map<std::string, std::vector<Physical>> open;
  std::vector<Joined> whole;
  uint64_t boundary = 0;
  const std::function<void(const std::string&)> end = [&](const std::string& stream) {
    std::vector<Physical> parts = std::move(open[stream]);
    open.erase(stream);
    Joined joined;
    for (const Physical& part : parts) {
      absl::StrAppend(&joined.text, &part == &parts[0] ? "" : "\n", part.text);
    }
    joined.offset = parts[0].offset;
    joined.states_time = parts[0].states_time;
    if (joined.states_time && joined.offset >= boundary) {
      while (true) {
        const std::string* earliest = nullptr;
        for (const auto& [other, its] : open) {
          if (its[0].offset > joined.offset) continue;
          if (earliest == nullptr || its[0].offset < open[*earliest][0].offset) earliest = &other;
        }
        if (earliest == nullptr) break;
        end(std::string(*earliest));
      }
      if (joined.offset >= boundary) boundary = (joined.offset / mark_every + 1) * mark_every;
    }
    whole.push_back(joined);
  };
  const auto holds = [](const std::string& text, const std::string& what) {
    return !what.empty() && absl::StartsWith(text, what);
  };
  for (const Physical& line : lines) {
    const bool is_first = holds(line.text, first);
    const bool is_last = holds(line.text, last);
    bool goes_on = open.count(line.stream) > 0;
    bool begins = first.empty() || is_first;
    if (goes_on && is_first) {
      end(line.stream);
      goes_on = false;
    }
    if (goes_on && static_cast<int>(open[line.stream].size()) == max_lines) {
      end(line.stream);
      goes_on = false;
      begins = true;
    }
    open[line.stream].push_back(line);
    if (is_last || (!goes_on && !begins)) end(line.stream);
  }
  while (!open.empty()) {
    const auto earliest = std::min_element(
        open.begin(), open.end(),
        [](const auto& a, const auto& b) { return a.second[0].offset < b.second[0].offset; });
    end(std::string(earliest->first));
  }
  std::vector<std::string> told;
  for (const Joined& joined : whole) told.push_back(joined.Line());
  std::sort(told.begin(), told.end());
  return told;
}

TEST_F(SourceSequenceTest, JoinsWhatTheDocumentsSayHoweverTheBytesComeAndWhereverItRestarts) {
  const std::string every = "{alert: Every, when: count > 0 in 1m, by: [container, severity]}";
  const std::string both =
      absl::StrCat(every, ", {alert: Boom, match: /boo+m/, when: count > 0 in 1m, by: severity}");
  const std::string boom = "{alert: Boom, match: /boo+m/, when: count > 0 in 1m, by: severity}";
  options_.first_year = 2024;
  for (uint32_t seed = 1; seed <= 600; ++seed) {
    Dice dice(seed);
    const Look look = dice.Of<Look>({Look::kBare, Look::kCri, Look::kCompose});
    options_.format = look == Look::kCri ? "cri" : look == Look::kCompose ? "compose" : "glog";
    const std::vector<Physical> lines = RandomLines(&dice, look);
    bytes_.clear();
    for (const Physical& line : lines) bytes_ += line.bytes;
    const std::string first = dice.Of<std::string>({"", "I", "begin", "E"});
    const std::string last = dice.Of<std::string>({"", "end"});
    options_.multiline = {};
    if (!first.empty()) options_.multiline.first = Regex(absl::StrCat("^", first).c_str());
    if (!last.empty()) options_.multiline.last = Regex(absl::StrCat("^", last).c_str());
    if (!options_.multiline.on()) options_.multiline.first = Regex("^never");
    const std::string effective_first = first.empty() && last.empty() ? "never" : first;
    options_.multiline.max_lines = dice.Pick(1, 6);
    options_.mark_every = dice.Of<size_t>({1, 100, 400, 64 << 10});
    const std::string what = absl::StrCat("seed ", seed, "\n", bytes_);

    // The whole as a replay reads it, against the oracle.
    UseRules(both);
    options_.live = false;
    arrival_ = kNoTime;
    options_.block = dice.Of<size_t>({1, 40, 100'000});
    std::vector<SourceItem> items = ReadAll(bytes_);
    const std::vector<std::string> replayed = Told(items);
    std::vector<std::string> texts;
    for (const SourceItem& item : items) {
      if (!item.mark) {
        texts.push_back(
            absl::StrCat(item.record.offset, " ", item.record.matches[0].evidence.view()));
      }
    }
    std::sort(texts.begin(), texts.end());
    ASSERT_EQ(texts, Oracle(lines, effective_first, last, options_.multiline.max_lines,
                            options_.mark_every))
        << what << first << " " << last << " " << options_.multiline.max_lines << " "
        << options_.mark_every;
    options_.block = 1 << 20;
    ASSERT_EQ(Told(ReadAll(bytes_)), replayed) << what;

    // Growing, with and without restarts.
    options_.live = true;
    arrival_ = ParseRfc3339("2024-06-01T00:00:00Z").value();
    std::vector<size_t> steps;
    for (size_t at = 0; at < bytes_.size();) {
      at = std::min(bytes_.size(), at + dice.Pick(1, 300));
      steps.push_back(at);
    }
    const std::vector<std::string> followed = Follow(steps, /*restart=*/false);
    ASSERT_EQ(Follow(steps, /*restart=*/true), followed) << what;
    // With the scan and without it.
    UseRules(boom);
    const std::vector<std::string> scanned = Follow(steps, /*restart=*/false);
    UseRules(boom, CandidateRules::Scan::kOff);
    ASSERT_EQ(Follow(steps, /*restart=*/false), scanned) << what;
  }
}

}  // namespace
}  // namespace tallybell
