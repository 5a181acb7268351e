// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/early_line.h"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/run/source_reader_fixture.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kHeader[] = "I0501 12:30:00.000000     341 a.go:114] ";

// Which rule counted (1000: cleared) which line, by where that begins; one for each time.
using Counts = std::multiset<std::pair<uint64_t, uint32_t>>;

class EarlyLineTest : public SourceReaderFixture {
 protected:
  EarlyLineTest() {
    options_.live = true;
    arrival_ = ParseRfc3339("2024-05-01T12:31:00Z").value();
    UseRules(
        "{alert: Boom, match: boom, when: count > 0 in 1m},"
        "{alert: Bang, match: bang, clear: over, when: count > 0 in 1m}");
    reader_ = Open(0);
  }

  void Write(absl::string_view bytes) {
    absl::StrAppend(&bytes_, bytes);
    end_ = bytes_.size();
    ReadToEnd(reader_.get(), &items_);
  }
  void Wait() { reader_->TellUnfinished(arrival_, &items_); }
  void Restart() {
    const std::string state = reader_->SaveState();
    const uint64_t offset = reader_->resume_offset();
    reader_ = Open(offset);
    ASSERT_TRUE(reader_->RestoreState(state).ok()) << state;
    ReadToEnd(reader_.get(), &items_);
  }
  void Finish() {
    reader_->Finish();
    ReadToEnd(reader_.get(), &items_);
  }

  Counts Counted() const {
    Counts told;
    for (const SourceItem& item : items_) {
      for (const RuleMatch& match : item.record.matches) {
        told.insert({item.record.offset, match.rule + (match.clear ? 1000 : 0)});
      }
    }
    return told;
  }

  std::vector<SourceItem> items_;
};

TEST_F(EarlyLineTest, ALastLineWithoutNewlineCountsOnceItWasQuietAndNotAgainWithItsNewline) {
  Write(absl::StrCat(kHeader, "up\n", kHeader, "boom"));
  EXPECT_THAT(Counted(), IsEmpty());
  Wait();
  Wait();
  EXPECT_THAT(Counted(), ElementsAre(Counts::value_type(43, 0)));
  EXPECT_EQ(FormatRfc3339(items_.back().time).substr(11, 8), "12:30:00");
  EXPECT_EQ(reader_->resume_offset(), 43);
  Write("\n");
  EXPECT_EQ(Counted().size(), 1);
  EXPECT_EQ(reader_->counts().lines, 2);
}

TEST_F(EarlyLineTest, ALineThatDidNotCountInPartIsLookedAtAsAWhole) {
  Write("bo");
  Wait();
  Write("om\nbo\nom\n");
  EXPECT_THAT(Counted(), ElementsAre(Counts::value_type(0, 0)));
}

TEST_F(EarlyLineTest, WhatWasToldIsKnownAfterARestart) {
  Write(absl::StrCat(kHeader, "up\nboom"));
  Wait();
  Restart();
  Wait();
  Write(" and more\nboom\n");
  Restart();
  EXPECT_EQ(Counted(), (Counts{{43, 0}, {57, 0}}));
}

TEST_F(EarlyLineTest, ARuleThatOnlyTheWholeLineFitsCountsIt) {
  Write("boom");
  Wait();
  Write(" bang");
  Wait();
  Restart();
  Write(" over\n");
  EXPECT_EQ(Counted(), (Counts{{0, 0}, {0, 1}, {0, 1001}}));
}

TEST_F(EarlyLineTest, OtherBytesAtItsPlaceAreAnotherLine) {
  Write("up\nboom");
  Wait();
  const std::string state = reader_->SaveState();
  bytes_ = "up\nBOOM boom\n";
  end_ = bytes_.size();
  reader_ = Open(3);
  ASSERT_TRUE(reader_->RestoreState(state).ok());
  ReadToEnd(reader_.get(), &items_);
  EXPECT_EQ(Counted(), (Counts{{3, 0}, {3, 0}}));
}

TEST_F(EarlyLineTest, TheEndOfTheFileIsNotAnotherLine) {
  Write("up\nboom");
  Wait();
  Finish();
  EXPECT_EQ(Counted(), (Counts{{3, 0}}));
}

TEST_F(EarlyLineTest, ALineOfJsonWaitsForItsEnd) {
  Write("{\"level\":\"info\",\"msg\":\"up\"}\n{\"level\":\"error\",\"msg\":\"boom");
  Wait();
  EXPECT_THAT(Counted(), IsEmpty());
  Write("\"}");
  Wait();
  EXPECT_EQ(Counted().size(), 1);
  Write("\n");
  EXPECT_EQ(Counted().size(), 1);
}

TEST_F(EarlyLineTest, ALineThatARuntimeWritesWaitsForItsNewline) {
  const std::string line =
      "{\"log\":\"boom\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:30:00Z\"}";
  Write(line + "\n" + line);
  Wait();
  EXPECT_EQ(Counted().size(), 1);
  Write("\n");
  EXPECT_EQ(Counted().size(), 2);
}

TEST_F(EarlyLineTest, AStateThatIsNoneIsRefused) {
  EarlyLine line;
  for (const char* text : {"1", "{}", R"({"offset":1,"length":1,"told":[]})",
                           R"({"offset":1,"length":1,"hash":-1,"told":[]})",
                           R"({"offset":1,"length":1,"hash":1,"told":[1]})"}) {
    EXPECT_FALSE(line.Restore(ParseJson(text).value())) << text;
  }
}

// The obvious way: the whole file at once.
Counts WholeLines(absl::string_view bytes) {
  Counts told;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t newline = std::min(bytes.find('\n', begin), bytes.size());
    const absl::string_view line = bytes.substr(begin, newline - begin);
    if (line.find("boom") != absl::string_view::npos) told.insert({begin, 0});
    if (line.find("over") != absl::string_view::npos) {
      told.insert({begin, 1001});
    } else if (line.find("bang") != absl::string_view::npos) {
      told.insert({begin, 1});
    }
    begin = newline + 1;
  }
  return told;
}

TEST_F(EarlyLineTest, CountsEveryLineOnceHoweverItComesAndWheneverItIsRestarted) {
  static constexpr absl::string_view kPieces[] = {"boom", "bang",  "\n",   "\n", "\n",
                                                  " ",    kHeader, "\r\n", "b",  "oom"};
  for (int seed = 0; seed < 1500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    bytes_.clear();
    items_.clear();
    end_ = 0;
    reader_ = Open(0);
    for (int step = random() % 40; step >= 0; --step) {
      if (random() % 3 == 0) Wait();
      if (random() % 5 == 0) Restart();
      const absl::string_view piece = kPieces[random() % std::size(kPieces)];
      Write(piece.substr(0, random() % piece.size() + 1));
    }
    Finish();
    ASSERT_EQ(Counted(), WholeLines(bytes_)) << bytes_;
  }
}

}  // namespace
}  // namespace tallybell
