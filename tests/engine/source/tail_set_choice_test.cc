// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "engine/source/tail_set.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

using Lines = std::vector<std::string>;

class TailSetChoiceTest : public testing::Test {
 protected:
  TailSet::Options Options() {
    TailSet::Options options;
    options.paths = {directory_.Path("*.log")};
    options.choose = [this](TimeNs now, std::vector<FileGlob::File>* files) {
      asked_at_ = now;
      for (FileGlob::File& file : *files) {
        file.left_out = !left_out_.empty() && absl::EndsWith(file.path, left_out_);
      }
    };
    return options;
  }

  const LogDirectory directory_;
  std::string left_out_;
  TimeNs asked_at_ = kNoTime;
  Metrics metrics_;
};

TEST_F(TailSetChoiceTest, WhatIsLeftOutIsNotOpenedUntilItIsNot) {
  left_out_ = "b.log";
  directory_.Append("a.log", "a\n");
  directory_.Append("b.log", "b\n");
  Follower follower(Options(), &metrics_);
  follower.Step(7);
  EXPECT_EQ(asked_at_, 7);
  EXPECT_EQ(follower.lines(), Lines{"a"});
  left_out_ = "";
  follower.Step(8);
  EXPECT_EQ(follower.lines(), (Lines{"a", "b"}));
}

TEST_F(TailSetChoiceTest, AnOpenFileThatIsLeftOutIsGivenUpAndReadOnLaterFromWhereItWas) {
  directory_.Append("a.log", "one\n");
  Follower follower(Options(), &metrics_);
  follower.Step(0);
  left_out_ = "a.log";
  follower.Step(1);
  directory_.Append("a.log", "two\n");
  follower.Step(2);
  follower.Commit();
  follower.Step(3);
  EXPECT_EQ(follower.lines(), Lines{"one"});
  EXPECT_TRUE(follower.set().files().empty());
  left_out_ = "";
  follower.Step(4);
  EXPECT_EQ(follower.lines(), (Lines{"one", "two"}));
}

TEST_F(TailSetChoiceTest, WhatIsLeftOutAfterARestartIsNotFoundByItsPosition) {
  directory_.Append("a.log", "one\n");
  Follower follower(Options(), &metrics_);
  follower.Step(0);
  follower.Commit();
  directory_.Append("a.log", "two\n");
  left_out_ = "a.log";
  follower.Crash();
  follower.Step(1);
  follower.Step(2);
  EXPECT_EQ(follower.lines(), Lines{"one"});
}

}  // namespace
}  // namespace tallybell
