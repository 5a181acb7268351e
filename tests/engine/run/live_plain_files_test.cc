// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/run/plain_files.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

class PlainFilesTest : public testing::Test {
 protected:
  PlainFilesTest() {
    config_.paths = {directory_.Path("*")};
    files_ = std::make_unique<PlainFiles>(&config_, &metrics_);
  }

  static std::string Name(absl::string_view severity, absl::string_view stamp = "20240501-120000") {
    return absl::StrCat("agent.mac7.root.log.", severity, ".", stamp, ".77");
  }

  // The names of what is read of the files that are there.
  std::set<std::string> Read(TimeNs now) {
    FileGlob found = FileGlob::Find(files_->Patterns());
    files_->Choose(now, &found.files);
    std::set<std::string> names;
    for (const FileGlob::File& file : found.files) {
      if (!file.left_out) names.insert(file.path.substr(file.path.rfind('/') + 1));
    }
    return names;
  }

  int64_t LeftOut() { return metrics_.Total("source_files_left_out"); }

  const LogDirectory directory_;
  FileSourceConfig config_;
  Metrics metrics_;
  std::unique_ptr<PlainFiles> files_;
};

using Names = std::set<std::string>;

TEST_F(PlainFilesTest, ReadsOnlyTheLowestSeverityOfAProgram) {
  for (const char* severity : {"INFO", "WARNING", "ERROR"}) directory_.Append(Name(severity), "x");
  directory_.Append("other.mac7.root.log.ERROR.20240501-120000.5", "x");
  directory_.Append("app.log", "x");
  EXPECT_EQ(Read(0),
            (Names{Name("INFO"), "other.mac7.root.log.ERROR.20240501-120000.5", "app.log"}));
  EXPECT_EQ(LeftOut(), 2);
}

TEST_F(PlainFilesTest, LinksAreTheFilesThatTheyLeadTo) {
  config_.paths = {directory_.Path("agent.ERROR"), directory_.Path("agent.INFO")};
  for (const char* severity : {"INFO", "ERROR"}) {
    directory_.Append(Name(severity), "x");
    directory_.Link(Name(severity), absl::StrCat("agent.", severity));
  }
  EXPECT_EQ(Read(0), (Names{"agent.INFO"}));
}

TEST_F(PlainFilesTest, AHigherOneIsNotTakenUpWhenTheLowestIsGone) {
  for (const char* severity : {"INFO", "ERROR"}) directory_.Append(Name(severity), "x");
  EXPECT_EQ(Read(0), Names{Name("INFO")});
  directory_.Remove(Name("INFO"));
  EXPECT_EQ(Read(kHour), Names{});
  // Nor after a restart.
  ASSERT_TRUE(files_->Changed());
  const std::string state = files_->Save();
  EXPECT_FALSE(files_->Changed());
  files_ = std::make_unique<PlainFiles>(&config_, &metrics_);
  files_->Restore(state);
  EXPECT_EQ(Read(2 * kHour), Names{});
  directory_.Append(Name("INFO", "20240502-120000"), "x");
  EXPECT_EQ(Read(3 * kHour), (Names{Name("INFO", "20240502-120000")}));
}

TEST_F(PlainFilesTest, AFileThatComesWaitsForALowerOne) {
  EXPECT_EQ(Read(0), Names{});
  directory_.Append(Name("ERROR"), "x");
  EXPECT_EQ(Read(kSecond), Names{});
  directory_.Append(Name("INFO"), "x");
  EXPECT_EQ(Read(2 * kSecond), Names{Name("INFO")});
}

TEST_F(PlainFilesTest, AFileThatStaysAloneIsRead) {
  EXPECT_EQ(Read(0), Names{});
  directory_.Append(Name("ERROR"), "x");
  EXPECT_EQ(Read(kSecond), Names{});
  EXPECT_EQ(Read(kSecond + PlainFiles::kWaitForLower), Names{Name("ERROR")});
}

TEST_F(PlainFilesTest, WhatIsThereAtTheStartIsReadAtOnce) {
  directory_.Append(Name("ERROR"), "x");
  EXPECT_EQ(Read(0), Names{Name("ERROR")});
}

TEST_F(PlainFilesTest, WhatIsCompressedIsNotRead) {
  for (const char* name : {"app.log", "app.log.1", "app.log.2.gz", "app.log.3.zst"}) {
    directory_.Append(name, "x");
  }
  EXPECT_EQ(Read(0), (Names{"app.log", "app.log.1"}));
  EXPECT_EQ(LeftOut(), 2);
}

}  // namespace
}  // namespace tallybell
