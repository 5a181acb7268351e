// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/base/time_ns.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

DurationNs Parsed(absl::string_view text) {
  const absl::StatusOr<DurationNs> d = ParseDuration(text);
  EXPECT_TRUE(d.ok()) << text << ": " << d.status();
  return d.value_or(-1);
}

std::string Fault(absl::string_view text) {
  const absl::StatusOr<DurationNs> d = ParseDuration(text);
  EXPECT_EQ(d.status().code(), absl::StatusCode::kInvalidArgument) << "\"" << text << "\"";
  return std::string(d.status().message());
}

TEST(DurationTest, IsReadAsPrometheusWritesIt) {
  EXPECT_EQ(Parsed("90s"), 90 * kSecond);
  EXPECT_EQ(Parsed("20m"), 20 * kMinute);
  EXPECT_EQ(Parsed("1h30m"), 90 * kMinute);
  EXPECT_EQ(Parsed("7d"), 7 * kDay);
  EXPECT_EQ(Parsed("1w"), 7 * kDay);
  EXPECT_EQ(Parsed("2y"), 730 * kDay);
  EXPECT_EQ(Parsed("250ms"), 250 * kMillisecond);
  EXPECT_EQ(Parsed("1y2w3d4h5m6s7ms"),
            382 * kDay + 4 * kHour + 5 * kMinute + 6 * kSecond + 7 * kMillisecond);
}

TEST(DurationTest, ZeroNeedsNoUnit) {
  EXPECT_EQ(Parsed("0"), 0);
  EXPECT_EQ(Parsed("0s"), 0);
  EXPECT_THAT(Fault("00"), HasSubstr("unit is missing"));
}

TEST(DurationTest, UnitsComeLargestFirstAndOnce) {
  EXPECT_THAT(Fault("30m1h"), HasSubstr("largest first, each once"));
  EXPECT_THAT(Fault("1h1h"), HasSubstr("largest first, each once"));
  EXPECT_THAT(Fault("1ms1s"), HasSubstr("largest first, each once"));
}

TEST(DurationTest, SaysWhatIsWrong) {
  EXPECT_THAT(Fault(""), HasSubstr("empty"));
  EXPECT_THAT(Fault("20"), HasSubstr("unit is missing"));
  EXPECT_THAT(Fault("1h30"), HasSubstr("unit is missing"));
  EXPECT_THAT(Fault("m"), HasSubstr("like 90s, 20m or 1h30m"));
  EXPECT_THAT(Fault("-5m"), HasSubstr("like 90s, 20m or 1h30m"));
  EXPECT_THAT(Fault("5M"), HasSubstr("units are y w d h m s ms"));
  EXPECT_THAT(Fault("5min"), HasSubstr("units are y w d h m s ms"));
  EXPECT_THAT(Fault("1.5h"), HasSubstr("unit is missing"));
  EXPECT_THAT(Fault("5 m"), HasSubstr("unit is missing"));
  EXPECT_THAT(Fault("5m "), HasSubstr("like 90s, 20m or 1h30m"));
}

TEST(DurationTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Parsed("292y"), 292 * 365 * kDay);
  EXPECT_THAT(Fault("293y"), HasSubstr("too long"));
  EXPECT_THAT(Fault("292y99999999999d"), HasSubstr("too long"));
  EXPECT_THAT(Fault("99999999999999999999s"), HasSubstr("too long"));
  EXPECT_THAT(Fault(absl::StrCat(std::string(100'000, '9'), "s")), HasSubstr("too long"));
}

TEST(DurationTest, IsWrittenInDaysAndLess) {
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(90 * kMinute), "1h30m");
  EXPECT_EQ(FormatDuration(8 * kDay), "8d");
  EXPECT_EQ(FormatDuration(1'500 * kMillisecond), "1s500ms");
  EXPECT_EQ(FormatDuration(-90 * kSecond), "-1m30s");
}

TEST(DurationTest, BelowAMillisecondIsCut) {
  EXPECT_EQ(FormatDuration(999 * kMicrosecond), "0s");
  EXPECT_EQ(FormatDuration(kMillisecond + 1), "1ms");
}

TEST(DurationTest, TheLongestSpansCanBeWritten) {
  EXPECT_EQ(FormatDuration(kNever), "106751d23h47m16s854ms");
  EXPECT_EQ(FormatDuration(kNoTime), "-106751d23h47m16s854ms");
}

TEST(DurationTest, ReadsBackWhatItWrote) {
  constexpr uint32_t kSeed = 12;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    // Small ones as often as large ones.
    const DurationNs d =
        static_cast<DurationNs>(random() >> (1 + random() % 63)) / kMillisecond * kMillisecond;
    ASSERT_EQ(Parsed(FormatDuration(d)), d) << FormatDuration(d) << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace tallybell
