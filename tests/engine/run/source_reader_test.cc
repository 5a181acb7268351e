// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_reader.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/engine/run/random_logs.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

// A file that grows when it is told to.
class GrowingFile : public ByteReader {
 public:
  GrowingFile(const std::string* bytes, size_t at, const size_t* end)
      : bytes_(bytes), at_(at), end_(end) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, *end_ - at_);
    bytes_->copy(buffer, n, at_);
    at_ += n;
    return n;
  }

 private:
  const std::string* const bytes_;
  size_t at_;
  const size_t* const end_;
};

class SourceReaderTest : public ::testing::Test {
 protected:
  SourceReaderTest() {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("r",
                               "groups: [{name: g, rules: [{alert: A, match: boom, "
                               "when: count > 0 in 1m, by: file}]}]",
                               &diagnostics);
    matcher_ = std::make_unique<RuleMatcher>(&rules_, &redactor_, &metrics_);
    candidates_ = std::make_unique<CandidateRulesCache>(&rules_);
    options_.name = "log";
    options_.first_year = 2024;
  }

  std::unique_ptr<SourceReader> Open(uint64_t offset) {
    options_.offset = offset;
    file_ = std::make_unique<GrowingFile>(&bytes_, offset, &end_);
    return std::make_unique<SourceReader>(options_, file_.get(), candidates_.get(), matcher_.get());
  }

  void ReadToEnd(SourceReader* reader, std::vector<SourceItem>* items) {
    for (;;) {
      const absl::StatusOr<bool> at_end = reader->Read(arrival_, items);
      ASSERT_TRUE(at_end.ok()) << at_end.status();
      if (*at_end) return;
    }
  }

  // The whole of `bytes` as a replay reads it.
  std::vector<SourceItem> ReadAll(std::string bytes) {
    bytes_ = std::move(bytes);
    end_ = bytes_.size();
    reader_ = Open(0);
    std::vector<SourceItem> items;
    ReadToEnd(reader_.get(), &items);
    return items;
  }

  // The times of what counted, as hh:mm:ss.
  static std::vector<std::string> Matches(const std::vector<SourceItem>& items) {
    std::vector<std::string> times;
    for (const SourceItem& item : items) {
      if (!item.mark) times.push_back(FormatRfc3339(item.time).substr(11, 8));
    }
    return times;
  }

  // Reads a growing file live; with `restart`, a new reader takes up after each step.
  std::vector<std::string> Follow(const std::vector<size_t>& steps, bool restart) {
    end_ = 0;
    std::vector<SourceItem> items;
    std::unique_ptr<SourceReader> reader = Open(0);
    for (size_t i = 0; i < steps.size(); ++i) {
      end_ = steps[i];
      if (i + 1 == steps.size()) reader->Finish();
      ReadToEnd(reader.get(), &items);
      if (!restart || i + 1 == steps.size()) continue;
      const std::string state = reader->SaveState();
      const uint64_t offset = reader->resume_offset();
      reader = Open(offset);
      EXPECT_TRUE(reader->RestoreState(state).ok());
    }
    std::vector<std::string> told;
    for (const SourceItem& item : items) {
      std::string text = absl::StrCat(FormatRfc3339(item.time), item.mark ? " mark" : "");
      for (const RuleMatch& match : item.record.matches) {
        absl::StrAppend(&text, " ", item.record.offset, " ", match.by_values[0], " ",
                        match.evidence);
      }
      told.push_back(std::move(text));
    }
    return told;
  }

  RuleSet rules_;
  const Redactor redactor_;
  Metrics metrics_;
  std::unique_ptr<RuleMatcher> matcher_;
  std::unique_ptr<CandidateRulesCache> candidates_;
  SourceReader::Options options_;
  TimeNs arrival_ = kNoTime;
  std::string bytes_;
  size_t end_ = 0;
  std::unique_ptr<GrowingFile> file_;
  std::unique_ptr<SourceReader> reader_;
};

constexpr char kHeader[] = "I0501 12:30:00.000000     341 a.go:114] ";

TEST_F(SourceReaderTest, WhatStandsBeforeTheFirstTimeTakesItHoweverFarBehindItIs) {
  std::string bytes = "boom\n";
  while (bytes.size() < (200 << 10)) bytes += "goroutine 1 [running]\n";
  EXPECT_THAT(Matches(ReadAll(bytes + kHeader + "up\n")), ElementsAre("12:30:00"));
  EXPECT_EQ(reader_->counts().without_time, 0);
}

TEST_F(SourceReaderTest, AFileThatStatesNoTimeTakesThatOfItsLastChange) {
  options_.ends = ParseRfc3339("2024-05-02T01:02:03Z").value();
  EXPECT_THAT(Matches(ReadAll("boom\nbang\nboom\n")), ElementsAre("01:02:03", "01:02:03"));
  EXPECT_EQ(reader_->counts().without_time, 2);
}

TEST_F(SourceReaderTest, ALineWithoutEndIsCutAndWhatFollowsCounts) {
  const std::string endless(10 << 20, 'x');
  const std::vector<SourceItem> items =
      ReadAll(absl::StrCat(endless, "\n", kHeader, "boom\n", endless, "\n", "boom\n"));
  EXPECT_THAT(Matches(items), ElementsAre("12:30:00", "12:30:00"));
  EXPECT_EQ(reader_->counts().lines_cut, 2);
  EXPECT_EQ(reader_->counts().lines, 4);
}

TEST_F(SourceReaderTest, TheLastTimeIsAMarkAlsoBehindALineThatWasCut) {
  const std::vector<SourceItem> items =
      ReadAll(absl::StrCat(kHeader, "one\n", "I0501 12:45:00.000000     341 a.go:114] two\n",
                           std::string(1 << 20, 'x'), "\n"));
  ASSERT_FALSE(items.empty());
  EXPECT_EQ(FormatRfc3339(items.back().time).substr(11, 8), "12:45:00");
}

TEST_F(SourceReaderTest, ALineWhoseLastPieceNeverCameCounts) {
  EXPECT_THAT(Matches(ReadAll("2024-05-01T12:30:00Z stdout F up\n2024-05-01T12:30:01Z stdout P bo\n"
                              "2024-05-01T12:30:01Z stdout P om\n")),
              ElementsAre("12:30:01"));
}

TEST_F(SourceReaderTest, ALineThatLostItsEnvelopeTakesTheTimeOfTheLineBeforeIt) {
  EXPECT_THAT(Matches(ReadAll("2024-05-01T12:30:00Z stdout F up\n2024-05-01T12:40:00Z stderr F up\n"
                              "01T12:40:05Z stdout F boom\n2024-05-01T12:50:00Z stdout F up\n")),
              ElementsAre("12:40:00"));
}

TEST_F(SourceReaderTest, TheFormatIsFoundOutHoweverFewBytesComeAtATime) {
  options_.block = 1;
  EXPECT_THAT(Matches(ReadAll(absl::StrCat("starting\n", kHeader, "boom\n"))),
              ElementsAre("12:30:00"));
  EXPECT_EQ(reader_->format()->Describe(), "glog");
}

TEST_F(SourceReaderTest, WhenAFileWasBegunIsRememberedOverARestartBeforeTheFirstRecord) {
  options_.first_year = 0;
  options_.live = true;
  options_.max_future = 365 * kDay;
  arrival_ = ParseRfc3339("2026-01-01T00:00:00Z").value();
  bytes_ = "Log file created at: 2021/03/04 01:42:32\nRunning on machine: Mac-mini\n";
  const size_t header = bytes_.size();
  bytes_ += "I0304 01:42:33.000000     341 a.go:114] boom\n";
  const std::vector<std::string> told = Follow({header, bytes_.size()}, /*restart=*/true);
  EXPECT_EQ(told, Follow({header, bytes_.size()}, /*restart=*/false));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].substr(0, 10), "2021-03-04");
}

TEST_F(SourceReaderTest, GoesOnAfterARestartAnywhereAsIfThereHadBeenNone) {
  options_.live = true;
  arrival_ = ParseRfc3339("2024-06-01T00:00:00Z").value();
  for (uint32_t seed = 1; seed <= 1500; ++seed) {
    Dice dice(seed);
    const RandomLog log = MakeRandomLog(&dice);
    bytes_ = log.files[0].bytes;
    options_.block = dice.Of<size_t>({1, 40, 1000});
    options_.mark_every = dice.Of<size_t>({1, 100, 400, 64 << 10});
    std::vector<size_t> steps;
    for (size_t at = 0; at < bytes_.size();) {
      at = std::min(bytes_.size(), at + dice.Pick(1, 300));
      steps.push_back(at);
    }
    ASSERT_EQ(Follow(steps, /*restart=*/true), Follow(steps, /*restart=*/false))
        << "seed " << seed << "\n"
        << bytes_;
  }
}

}  // namespace
}  // namespace tallybell
