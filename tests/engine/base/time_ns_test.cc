// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/time_ns.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

TimeNs Parsed(absl::string_view text) {
  const absl::StatusOr<TimeNs> t = ParseRfc3339(text);
  EXPECT_TRUE(t.ok()) << text << ": " << t.status();
  return t.value_or(kNoTime);
}

void ExpectRefused(absl::string_view text) {
  const absl::StatusOr<TimeNs> t = ParseRfc3339(text);
  EXPECT_EQ(t.status().code(), absl::StatusCode::kInvalidArgument) << "\"" << text << "\"";
}

TEST(InstantTest, IsWrittenWithNineDigitsInUtc) {
  EXPECT_EQ(FormatRfc3339(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(FormatRfc3339(1714566750426698000), "2024-05-01T12:32:30.426698000Z");
  EXPECT_EQ(FormatRfc3339Millis(1714566750426998000), "2024-05-01T12:32:30.426Z");
}

TEST(InstantTest, BeforeTheEpochCountsFractionsForward) {
  EXPECT_EQ(FormatRfc3339(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(FormatRfc3339Millis(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(Parsed("1969-12-31T23:59:59.999999999Z"), -1);
  EXPECT_EQ(Parsed("1900-02-28T23:59:59Z"), Parsed("1900-03-01T00:00:00Z") - kSecond);
}

TEST(InstantTest, ReachesToBothEndsOfTheRangeAndNoFurther) {
  EXPECT_EQ(Parsed("2262-04-11T23:47:16.854775806Z"), kNever - 1);
  EXPECT_EQ(Parsed("1677-09-21T00:12:43.145224193Z"), kNoTime + 1);
  EXPECT_EQ(FormatRfc3339(kNever - 1), "2262-04-11T23:47:16.854775806Z");
  EXPECT_EQ(FormatRfc3339(kNoTime + 1), "1677-09-21T00:12:43.145224193Z");
  // The ends themselves mean "never" and "not known".
  ExpectRefused("2262-04-11T23:47:16.854775807Z");
  ExpectRefused("1677-09-21T00:12:43.145224192Z");
  ExpectRefused("2262-04-12T00:00:00Z");
  ExpectRefused("1677-09-20T00:00:00Z");
  ExpectRefused("9999-12-31T23:59:59Z");
  ExpectRefused("0000-01-01T00:00:00Z");
}

TEST(InstantTest, TakesAnOffsetAway) {
  const TimeNs noon = Parsed("2024-05-01T12:00:00Z");
  EXPECT_EQ(Parsed("2024-05-01T14:00:00+02:00"), noon);
  EXPECT_EQ(Parsed("2024-05-01T06:30:00-05:30"), noon);
  EXPECT_EQ(Parsed("2024-05-02T11:59:00+23:59"), noon);
  EXPECT_EQ(Parsed("2024-05-01T12:00:00-00:00"), noon);
  // The offset may carry a stamp over the end of the range, or back into it.
  ExpectRefused("2262-04-11T23:47:16-00:01");
  EXPECT_EQ(Parsed("2262-04-12T00:47:16+01:00"), Parsed("2262-04-11T23:47:16Z"));
}

TEST(InstantTest, CutsFractionsAfterTheNinthDigit) {
  EXPECT_EQ(Parsed("1970-01-01T00:00:00.5Z"), 500 * kMillisecond);
  EXPECT_EQ(Parsed("1970-01-01T00:00:00.000000001Z"), 1);
  EXPECT_EQ(Parsed("1970-01-01T00:00:00.0000000019999999Z"), 1);
  EXPECT_EQ(Parsed(absl::StrCat("1970-01-01T00:00:00.", std::string(10'000, '9'), "Z")),
            999'999'999);
  ExpectRefused("1970-01-01T00:00:00.Z");
}

TEST(InstantTest, TakesLowerCaseLettersAndASpace) {
  EXPECT_EQ(Parsed("1970-01-01t00:00:01z"), kSecond);
  EXPECT_EQ(Parsed("1970-01-01 00:00:01Z"), kSecond);
}

TEST(InstantTest, ALeapSecondIsTheSecondAfterIt) {
  EXPECT_EQ(Parsed("2016-12-31T23:59:60Z"), Parsed("2017-01-01T00:00:00Z"));
  EXPECT_EQ(Parsed("2016-12-31T23:59:60.25Z"), Parsed("2017-01-01T00:00:00.25Z"));
  ExpectRefused("2016-12-31T23:59:61Z");
}

TEST(InstantTest, AFaultElsewhereIsNotExcusedByALeapSecond) {
  ExpectRefused("2016-13-31T23:59:60Z");
  ExpectRefused("2016-02-30T23:59:60Z");
  ExpectRefused("2016-12-31T24:59:60Z");
  ExpectRefused("2016-12-31T23:60:60Z");
}

TEST(InstantTest, KnowsWhichDaysThereAre) {
  EXPECT_TRUE(ParseRfc3339("2024-02-29T00:00:00Z").ok());
  EXPECT_TRUE(ParseRfc3339("2000-02-29T00:00:00Z").ok());
  ExpectRefused("2023-02-29T00:00:00Z");
  ExpectRefused("2100-02-29T00:00:00Z");
  ExpectRefused("2024-04-31T00:00:00Z");
  ExpectRefused("2024-00-01T00:00:00Z");
  ExpectRefused("2024-01-00T00:00:00Z");
  ExpectRefused("2024-01-01T24:00:00Z");
  ExpectRefused("2024-01-01T00:60:00Z");
}

TEST(InstantTest, RefusesWhatIsNotRfc3339) {
  for (const absl::string_view text :
       {"", "2024", "2024-05-01", "2024-05-01T12:00:00", "2024-05-01T12:00Z",
        "2024-05-01T12:00:00+02", "2024-05-01T12:00:00+0200", "2024-05-01T12:00:00+24:00",
        "2024-05-01T12:00:00+02:60", "2024-05-01T12:00:00Zx", "2024-05-01T12:00:00Z ",
        " 2024-05-01T12:00:00Z", "2024-5-01T12:00:00Z", "-024-05-01T12:00:00Z",
        "+2024-05-01T12:00:00Z", "20240501T120000Z", "2024-05-01T12:00:00,5Z"}) {
    ExpectRefused(text);
  }
}

// Abseil's formatting and parsing are the slow second implementation.
TEST(InstantTest, AgreesWithAbseilOnRandomInstants) {
  constexpr uint32_t kSeed = 11;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    const TimeNs t = static_cast<TimeNs>(random());
    if (t == kNoTime || t == kNever) continue;
    const std::string text = FormatRfc3339(t);
    ASSERT_EQ(text,
              absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", absl::FromUnixNanos(t), absl::UTCTimeZone()))
        << "seed " << kSeed;
    ASSERT_EQ(Parsed(text), t) << "seed " << kSeed;
    const int offset = static_cast<int>(random() % (24 * 60)) - 12 * 60;
    const std::string shifted = absl::FormatTime("%Y-%m-%dT%H:%M:%E9S%Ez", absl::FromUnixNanos(t),
                                                 absl::FixedTimeZone(offset * 60));
    ASSERT_EQ(Parsed(shifted), t) << shifted << ", seed " << kSeed;
  }
}

TEST(InstantArithmeticTest, IsHeldAtTheEndsOfTheRange) {
  EXPECT_EQ(AddNs(kNever - 1, 5), kNever);
  EXPECT_EQ(AddNs(kNoTime + 1, -5), kNoTime);
  EXPECT_EQ(SubtractNs(kNoTime + 1, 5), kNoTime);
  EXPECT_EQ(SubtractNs(kNever - 1, -5), kNever);
  EXPECT_EQ(SubtractNs(0, kNoTime), kNever);
  EXPECT_EQ(AddNs(10, -3), 7);
  EXPECT_EQ(SubtractNs(10, 3), 7);
}

TEST(InstantArithmeticTest, NeverAndNotKnownStayWhatTheyAre) {
  EXPECT_EQ(AddNs(kNever, -kDay), kNever);
  EXPECT_EQ(SubtractNs(kNever, kDay), kNever);
  EXPECT_EQ(AddNs(kNoTime, kDay), kNoTime);
  EXPECT_EQ(SubtractNs(kNoTime, -kDay), kNoTime);
}

}  // namespace
}  // namespace tallybell
