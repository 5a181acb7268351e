// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_words.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(StatusWordsTest, NumbersAreReadableAtAnySize) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1'000), "1,000");
  EXPECT_EQ(CountText(-123'456), "-123,456");
  EXPECT_EQ(CountText(INT64_MIN), "-9,223,372,036,854,775,808");
  EXPECT_EQ(CountOf(1, "alert"), "1 alert");
  EXPECT_EQ(CountOf(1'200, "alert"), "1,200 alerts");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(int64_t{700} << 20), "700 MiB");
  EXPECT_EQ(BytesText(INT64_MAX), "8.0 EiB");
}

TEST(StatusWordsTest, AgesHaveAtMostTwoUnits) {
  EXPECT_EQ(AgeText(-kHour), "0 s");
  EXPECT_EQ(AgeText(59 * kSecond + 999 * kMillisecond), "59 s");
  EXPECT_EQ(AgeText(60 * kSecond), "1 min");
  EXPECT_EQ(AgeText(3 * kHour + 5 * kMinute), "3 h 5 min");
  EXPECT_EQ(AgeText(4 * kDay + 2 * kHour + kMinute), "4 d 2 h");
  EXPECT_EQ(AgeText(INT64_MAX), "106751 d 23 h");
}

TEST(StatusWordsTest, AConditionIsASentence) {
  RuleView rule;
  rule.threshold = 3;
  rule.window = 20 * kMinute;
  EXPECT_EQ(ConditionText(rule), "more than 3 in 20m");
  rule.by = {"host", "vm"};
  rule.hold = 5 * kMinute;
  rule.keep_firing_for = kHour;
  EXPECT_EQ(ConditionText(rule), "more than 3 in 20m for each host, vm, for 5m, kept for 1h");
  RuleView absence;
  absence.window = kHour;
  absence.op = Comparison::kLess;
  absence.threshold = 1;
  EXPECT_EQ(ConditionText(absence), "none in 1h");
  absence.threshold = 2;
  EXPECT_EQ(ConditionText(absence), "fewer than 2 in 1h");
  absence.op = Comparison::kEqual;
  absence.threshold = 0;
  EXPECT_EQ(ConditionText(absence), "none in 1h");
}

TEST(StatusWordsTest, ANearestMissSaysOfHowMany) {
  RuleView rule;
  rule.threshold = 3;
  EXPECT_EQ(NearestText(rule), "");
  rule.nearest = NearestMiss{3, 0, {}};
  EXPECT_EQ(NearestText(rule), "3 of 4");
  rule.op = Comparison::kGreaterOrEqual;
  EXPECT_EQ(NearestText(rule), "3 of 3");
  rule.op = Comparison::kLess;
  EXPECT_EQ(NearestText(rule), "lowest 3, fires below 3");
  rule.op = Comparison::kLessOrEqual;
  EXPECT_EQ(NearestText(rule), "lowest 3, fires at 3");
  rule.op = Comparison::kEqual;
  EXPECT_EQ(NearestText(rule), "peak 3");
  // No number of a rule is too large to speak of.
  rule.op = Comparison::kGreater;
  rule.threshold = INT64_MAX;
  EXPECT_EQ(NearestText(rule), "3, fires above 9223372036854775807");
}

TEST(StatusWordsTest, AnEventSaysWhatItsKindDoesNot) {
  HistoryEvent event;
  event.kind = "firing";
  event.value = 4;
  event.exact = false;
  EXPECT_EQ(EventText(event), "value 4+");
  event.kind = "resolved";
  EXPECT_EQ(EventText(event), "");
  event.starts_at = kHour;
  event.time = 3 * kHour + 1;
  EXPECT_EQ(EventText(event), "after 2h");
  event.kind = "nearest";
  event.exact = true;
  event.enough = 5;
  EXPECT_EQ(EventText(event), "peak 4 of 5");
  DeliveryRecord& delivery = event.delivery.emplace();
  delivery.answer = "503";
  EXPECT_EQ(EventText(event), "503");
  delivery.attempts = 3;
  EXPECT_EQ(EventText(event), "503, 3 attempts");
}

TEST(StatusWordsTest, TheNameOfAnAlertIsNoLabelToShow) {
  EXPECT_EQ(ShownLabels(Labels{{"alertname", "A"}}), "");
  EXPECT_EQ(ShownLabels(Labels{{"alertname", "A"}, {"host", "x"}}), "{host=\"x\"}");
}

}  // namespace
}  // namespace tallybell
