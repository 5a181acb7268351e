// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/unique_fd.h"
#include "engine/base/worker_crew.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/run/random_logs.h"
#include "tests/engine/run/source_reader_fixture.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;

using SourceReaderTest = SourceReaderFixture;

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

TEST_F(SourceReaderTest, WhatStatesNoTimeIsNotHeldBackWhereOthersReadAhead) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/untimed");
  std::string bytes;
  while (bytes.size() < (2 << 20)) bytes += "boom\n";
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  unlink(path.c_str());
  WorkerCrew crew(1);
  options_.block = 256 << 10;
  options_.ahead = {fd.get(), &crew, 256 << 10, 2};
  bytes_ = bytes;
  end_ = bytes_.size();
  const std::unique_ptr<SourceReader> reader = Open(0);
  size_t lines = 0;
  const int reads = ReadInPieces(
      reader.get(), [&](const std::vector<SourceItem>& items) { lines += items.size(); });
  EXPECT_GT(reads, 4);
  EXPECT_EQ(lines, bytes.size() / 5);
}

TEST_F(SourceReaderTest, WhatABlockOfAReplaySaysComesInPieces) {
  options_.mark_every = 4096;
  constexpr int kLines = 5000;
  std::string bytes;
  for (int i = 0; i < kLines; ++i) {
    absl::StrAppend(&bytes, "E0501 12:30:00.", 100'000 + i, "     341 a.go:114] boom\n");
  }
  options_.block = 1;  // as small as can be: nothing is left of one
  const std::vector<std::string> expected = Told(ReadAll(bytes));
  EXPECT_GT(expected.size(), size_t{kLines});

  options_.block = 1 << 20;
  bytes_ = bytes;
  end_ = bytes_.size();
  const std::unique_ptr<SourceReader> reader = Open(0);
  std::vector<std::string> told;
  const int reads = ReadInPieces(reader.get(), [&](const std::vector<SourceItem>& items) {
    EXPECT_LT(items.size(), 600u);
    for (std::string& one : Told(items)) told.push_back(std::move(one));
  });
  EXPECT_GT(reads, 10);
  EXPECT_EQ(told, expected);
  EXPECT_EQ(reader->counts().lines, kLines);
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
