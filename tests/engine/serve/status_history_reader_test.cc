// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_history_reader.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// A state file whose readers look when the test says so.
class StatusHistoryReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    Store::Options options;
    options.path = ":memory:";
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  void Add(const std::string& rule) {
    Delta delta;
    HistoryRow row;
    row.time = kHour;
    row.kind = "firing";
    row.rule = rule;
    row.labels = "{host=\"<b>\"}";
    row.detail = "{}";
    delta.history.push_back(std::move(row));
    ASSERT_TRUE(store_->Commit(delta, kHour).ok());
  }

  std::unique_ptr<Store> store_;
  std::vector<Committer::Reader> waiting_;
  StatusHistoryReader history_{
      [this](Committer::Reader reader) { waiting_.push_back(std::move(reader)); }};
};

TEST_F(StatusHistoryReaderTest, GivesTheNewestEvents) {
  for (int64_t i = 0; i < StatusHistoryReader::kEvents + 10; ++i) Add(absl::StrCat("R", i));
  history_.Begin();
  history_.Begin();  // by somebody else meanwhile
  ASSERT_EQ(waiting_.size(), 1u);
  EXPECT_FALSE(waiting_[0](store_.get()));
  const auto events = history_.Take(kMinute);
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), static_cast<size_t>(StatusHistoryReader::kEvents));
  EXPECT_EQ((*events)[0].rule, absl::StrCat("R", StatusHistoryReader::kEvents + 9));
  EXPECT_EQ((*events)[0].labels.Get("host"), "<b>");
  EXPECT_EQ(history_.Take(kMinute)->size(), events->size());
}

TEST_F(StatusHistoryReaderTest, ADiskThatHangsIsWaitedForOnce) {
  history_.Begin();
  EXPECT_FALSE(history_.Take(kMillisecond).has_value());
  // This would take a day.
  EXPECT_FALSE(history_.Take(kDay).has_value());
  history_.Begin();
  ASSERT_EQ(waiting_.size(), 1u);
  waiting_[0](store_.get());
  EXPECT_TRUE(history_.Take(kDay).has_value());
}

TEST_F(StatusHistoryReaderTest, AReaderThatIsThrownAwayGivesNothing) {
  history_.Begin();
  waiting_.clear();
  EXPECT_FALSE(history_.Take(kDay).has_value());
  history_.Begin();
  EXPECT_EQ(waiting_.size(), 1u);
}

TEST_F(StatusHistoryReaderTest, AReaderMayOutliveThePage) {
  auto history = std::make_unique<StatusHistoryReader>(
      [this](Committer::Reader reader) { waiting_.push_back(std::move(reader)); });
  history->Begin();
  history.reset();
  EXPECT_FALSE(waiting_[0](store_.get()));
}

TEST(HistoryEventTest, LabelsAreReadAsTheyWereWritten) {
  Labels labels;
  labels.Set("a", std::string("nul\0nul\x1b[2J\x7f", 12));
  labels.Set("b", "tab\tline\r\n\"quoted\", c=\"d\" back\\slash \\u0041");
  labels.Set("c", "gr\xc3\xbc\xc3\x9f\xc2\x85");
  EXPECT_EQ(ReadLabels(FormatLabels(labels)), labels) << FormatLabels(labels);
  for (const char* const cut : {"{a=\"", "{a=\"b\\", "{a=\"b\\u00", "{a", "", "{a=\"b\", "}) {
    EXPECT_LE(ReadLabels(cut).pairs().size(), 1u) << cut;
  }
}

}  // namespace
}  // namespace tallybell
