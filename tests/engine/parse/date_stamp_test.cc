// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/date_stamp.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// What a stamp states, and behind a bar what follows it.
std::string ReadDate(absl::string_view text) {
  // Memory of exactly that size, so that a sanitizer sees a read beyond its end.
  std::unique_ptr<char[]> exact(new char[text.size()]);
  if (!text.empty()) std::memcpy(exact.get(), text.data(), text.size());
  Stamp stamp;
  const size_t size = ParseDateStamp(absl::string_view(exact.get(), text.size()), &stamp);
  if (size == 0) return "none";
  EXPECT_EQ(stamp.instant, kNoTime);
  const std::string zone =
      stamp.has_zone ? absl::StrFormat("%+d", stamp.utc_offset_seconds) : "no zone";
  return absl::StrFormat("%d-%d-%d %d:%d:%d.%09d %s|%s", stamp.year, stamp.month, stamp.day,
                         stamp.hour, stamp.minute, stamp.second, stamp.nanos, zone,
                         text.substr(size));
}

std::string ReadEpoch(absl::string_view number) {
  Stamp stamp;
  if (!ParseEpochStamp(number, &stamp)) return "none";
  return FormatRfc3339(stamp.instant);
}

TEST(DateStampTest, ReadsTheWaysInWhichZapWritesATime) {
  EXPECT_EQ(ReadDate("2026-11-21T07:57:48.446Z"), "2026-11-21 7:57:48.446000000 +0|");
  EXPECT_EQ(ReadDate("2022-03-13T17:21:30.783-0700"), "2022-3-13 17:21:30.783000000 -25200|");
  EXPECT_EQ(ReadDate("2025-03-01T04:34:10.336768+0530"), "2025-3-1 4:34:10.336768000 +19800|");
  EXPECT_EQ(ReadDate("2022-03-13T10:19:34.98218Z"), "2022-3-13 10:19:34.982180000 +0|");
  EXPECT_EQ(ReadDate("2022-03-13T10:19:34Z"), "2022-3-13 10:19:34.000000000 +0|");
  EXPECT_EQ(ReadDate("2026-11-21T03:10:23.11684029-05:00"), "2026-11-21 3:10:23.116840290 -18000|");
}

TEST(DateStampTest, ReadsSlashesSpacesCommasAndSmallLetters) {
  EXPECT_EQ(ReadDate("2022/04/25 16:22:44 http: panic"),
            "2022-4-25 16:22:44.000000000 no zone| http: panic");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30.426698 W | etcdserver"),
            "2019-5-1 12:32:30.426698000 no zone| W | etcdserver");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30,426 main"), "2019-5-1 12:32:30.426000000 no zone| main");
  EXPECT_EQ(ReadDate("2019-05-01t12:32:30z"), "2019-5-1 12:32:30.000000000 +0|");
  EXPECT_EQ(ReadDate("2019-05-01T12:32:30+05"), "2019-5-1 12:32:30.000000000 +18000|");
}

TEST(DateStampTest, NineDigitsOfAFractionCount) {
  EXPECT_EQ(ReadDate("2019-05-01T12:32:30.1Z"), "2019-5-1 12:32:30.100000000 +0|");
  EXPECT_EQ(ReadDate("2019-05-01T12:32:30.123456789123456789Z"), "2019-5-1 12:32:30.123456789 +0|");
  EXPECT_EQ(ReadDate(absl::StrCat("2019-05-01T12:32:30.", std::string(100'000, '9'), "+01:00")),
            "2019-5-1 12:32:30.999999999 +3600|");
}

TEST(DateStampTest, WhatIsNoFractionOrZoneStaysBehindTheStamp) {
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30. Done"), "2019-5-1 12:32:30.000000000 no zone|. Done");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30, Done"), "2019-5-1 12:32:30.000000000 no zone|, Done");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30-1"), "2019-5-1 12:32:30.000000000 no zone|-1");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30-123"), "2019-5-1 12:32:30.000000000 no zone|-123");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30-12345"), "2019-5-1 12:32:30.000000000 no zone|-12345");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30+24"), "2019-5-1 12:32:30.000000000 no zone|+24");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30+0560"), "2019-5-1 12:32:30.000000000 no zone|+0560");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30+05:6"), "2019-5-1 12:32:30.000000000 +18000|:6");
  EXPECT_EQ(ReadDate("2019-05-01 12:32:30 -0400"), "2019-5-1 12:32:30.000000000 no zone| -0400");
}

TEST(DateStampTest, ASixtiethSecondIsALeapSecondAndASixtyFirstIsNone) {
  EXPECT_EQ(ReadDate("2016-12-31T23:59:60Z"), "2016-12-31 23:59:60.000000000 +0|");
  EXPECT_EQ(ReadDate("2016-12-31T23:59:61Z"), "none");
}

TEST(DateStampTest, OnlyDaysThatExistAreDays) {
  EXPECT_EQ(ReadDate("2024-02-29T00:00:00Z"), "2024-2-29 0:0:0.000000000 +0|");
  EXPECT_EQ(ReadDate("9999-12-31T00:00:00Z"), "9999-12-31 0:0:0.000000000 +0|");
  for (const char* text : {"2023-02-29T00:00:00Z", "2024-00-01T00:00:00Z", "2024-13-01T00:00:00Z",
                           "2024-04-31T00:00:00Z", "2024-04-00T00:00:00Z", "0000-01-01T00:00:00Z",
                           "2024-04-01T24:00:00Z", "2024-04-01T00:60:00Z"}) {
    EXPECT_EQ(ReadDate(text), "none") << text;
  }
}

TEST(DateStampTest, LeavesTheStampAsItWasIfThereIsNone) {
  for (const char* text :
       {"", "2024", "2024-04-01", "2024-04-01T00:00", "2024-04/01 00:00:00", "2024.04.01 00:00:00",
        "2024-04-01_00:00:00", "2024-04-01  00:00:00", "20240401T000000Z", "2024-4-1T00:00:00Z",
        "x2024-04-01T00:00:00Z", " 2024-04-01T00:00:00Z", "2024-04-01T00:00:000",
        "2o24-04-01T00:00:00Z", "2024-04-01T-1:00:00Z", "2024-04-01T00:00:0"}) {
    Stamp stamp = Stamp::At(7);
    stamp.year = 8;
    EXPECT_EQ(ParseDateStamp(text, &stamp), 0u) << text;
    EXPECT_EQ(stamp.instant, 7) << text;
    EXPECT_EQ(stamp.year, 8) << text;
  }
}

// Against absl's own reading of times that it printed itself.
TEST(DateStampTest, AgreesWithAbslOnAnyInstant) {
  constexpr uint32_t kSeed = 20240501;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937_64 random(kSeed);
  static constexpr const char* kLayouts[] = {"%Y-%m-%dT%H:%M:%E*SZ", "%Y/%m/%d %H:%M:%E*SZ",
                                             "%Y-%m-%d %H:%M:%E6S%z", "%Y-%m-%dt%H:%M:%E9S%Ez"};
  for (int i = 0; i < 20'000; ++i) {
    const int64_t nanos = static_cast<int64_t>(random() % 9'000'000'000'000'000'000u);
    const int pick = static_cast<int>(random() % 4);
    const int offset_minutes = pick < 2 ? 0 : static_cast<int>(random() % 1681) - 840;
    const absl::TimeZone zone = absl::FixedTimeZone(offset_minutes * 60);
    const std::string text = absl::FormatTime(kLayouts[pick], absl::FromUnixNanos(nanos), zone);
    Stamp stamp;
    ASSERT_EQ(ParseDateStamp(text, &stamp), text.size()) << text;
    ASSERT_TRUE(stamp.has_zone);
    ASSERT_EQ(stamp.utc_offset_seconds, offset_minutes * 60) << text;
    const absl::CivilSecond local(stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute,
                                  stamp.second);
    const int64_t whole = pick == 2 ? nanos / 1000 * 1000 : nanos;
    ASSERT_EQ(absl::ToUnixNanos(absl::FromCivil(local, zone)) + stamp.nanos, whole) << text;
  }
}

TEST(EpochStampTest, TheUnitShowsInHowGreatTheNumberIs) {
  EXPECT_EQ(ReadEpoch("0"), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(ReadEpoch("1"), "1970-01-01T00:00:01.000000000Z");
  EXPECT_EQ(ReadEpoch("1795248623"), "2026-11-21T08:10:23.000000000Z");
  EXPECT_EQ(ReadEpoch("1795248623116"), "2026-11-21T08:10:23.116000000Z");
  EXPECT_EQ(ReadEpoch("1795248623116413"), "2026-11-21T08:10:23.116413000Z");
  EXPECT_EQ(ReadEpoch("1795248623116413113"), "2026-11-21T08:10:23.116413113Z");
  EXPECT_EQ(ReadEpoch("9214646399"), "2261-12-31T23:59:59.000000000Z");
  EXPECT_EQ(ReadEpoch("100000000000"), "1973-03-03T09:46:40.000000000Z");
  EXPECT_EQ(ReadEpoch("100000000000000"), "1973-03-03T09:46:40.000000000Z");
  EXPECT_EQ(ReadEpoch("100000000000000000"), "1973-03-03T09:46:40.000000000Z");
  EXPECT_EQ(ReadEpoch("9214646399999999999"), "2261-12-31T23:59:59.999999999Z");
}

TEST(EpochStampTest, IsExactToTheNanosecond) {
  EXPECT_EQ(ReadEpoch("1646315443.450814"), "2022-03-03T13:50:43.450814000Z");
  EXPECT_EQ(ReadEpoch("1526586617.1647713"), "2018-05-17T19:50:17.164771300Z");
  EXPECT_EQ(ReadEpoch("1795248623115.7893"), "2026-11-21T08:10:23.115789300Z");
  EXPECT_EQ(ReadEpoch("1.7952486231177404e+09"), "2026-11-21T08:10:23.117740400Z");
  EXPECT_EQ(ReadEpoch("1.7952486231177404E9"), "2026-11-21T08:10:23.117740400Z");
  EXPECT_EQ(ReadEpoch("17952486231177404e-7"), "2026-11-21T08:10:23.117740400Z");
  EXPECT_EQ(ReadEpoch("1795248623.9999999999999"), "2026-11-21T08:10:23.999999999Z");
  EXPECT_EQ(ReadEpoch("0.000000001"), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(ReadEpoch("0.0000000019"), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(ReadEpoch("0001795248623"), "2026-11-21T08:10:23.000000000Z");
}

TEST(EpochStampTest, RefusesWhatIsNoNumberOrTooLate) {
  for (const char* number : {"",
                             "-1",
                             "+1",
                             ".5",
                             "1.",
                             "1.e3",
                             "1e",
                             "1e+",
                             "1e1.5",
                             "e5",
                             "1 ",
                             " 1",
                             "1x",
                             "0x10",
                             "1_000",
                             "NaN",
                             "inf",
                             "1..2",
                             "1e5e5",
                             "9214646400",
                             "99999999999",
                             "9214646400000000000",
                             "10000000000000000000",
                             "99999999999999999999999999999",
                             "1e300",
                             "1e99999999999999999999999999"}) {
    Stamp stamp = Stamp::At(7);
    EXPECT_FALSE(ParseEpochStamp(number, &stamp)) << number;
    EXPECT_EQ(stamp.instant, 7) << number;
  }
}

TEST(EpochStampTest, ExponentsOfAnyLengthTakeNoTime) {
  EXPECT_EQ(ReadEpoch("0e99999999999999999999999999"), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(ReadEpoch("1e-99999999999999999999999999"), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(ReadEpoch(absl::StrCat("0.", std::string(200'000, '0'), "1795248623e200010")),
            "2026-11-21T08:10:23.000000000Z");
  EXPECT_EQ(ReadEpoch(absl::StrCat("1795248623", std::string(200'000, '0'), "e-200000")),
            "2026-11-21T08:10:23.000000000Z");
}

// The second implementation: writes the number out without its exponent, then cuts and pads text.
std::string SlowEpoch(std::string whole, std::string fraction, int exponent) {
  for (; exponent > 0; --exponent) {
    if (fraction.empty()) fraction = "0";
    whole += fraction[0];
    fraction.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    if (whole.empty()) whole = "0";
    fraction.insert(fraction.begin(), whole.back());
    whole.pop_back();
  }
  while (!whole.empty() && whole[0] == '0') whole.erase(0, 1);
  const size_t places = whole.size() <= 11   ? 9
                        : whole.size() <= 14 ? 6
                        : whole.size() <= 17 ? 3
                                             : 0;
  fraction.resize(places, '0');
  int64_t nanos = 0;
  if (!absl::SimpleAtoi(absl::StrCat("0", whole, fraction), &nanos)) return "none";
  return nanos >= int64_t{9'214'646'400} * kSecond ? "none" : FormatRfc3339(nanos);
}

TEST(EpochStampTest, AgreesWithTheNumberWrittenOut) {
  constexpr uint32_t kSeed = 20240502;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937 random(kSeed);
  const auto digits = [&random](size_t least, size_t most) {
    std::string text;
    for (size_t i = least + random() % (most - least + 1); i > 0; --i) {
      text += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
    }
    return text;
  };
  for (int i = 0; i < 50'000; ++i) {
    const std::string whole = digits(1, 21);
    const std::string fraction = random() % 2 == 0 ? "" : digits(1, 21);
    const int exponent = random() % 2 == 0 ? 0 : static_cast<int>(random() % 41) - 20;
    std::string number = whole;
    if (!fraction.empty()) absl::StrAppend(&number, ".", fraction);
    if (exponent != 0) absl::StrAppend(&number, random() % 2 == 0 ? "e" : "E", exponent);
    ASSERT_EQ(ReadEpoch(number), SlowEpoch(whole, fraction, exponent)) << number;
  }
}

}  // namespace
}  // namespace tallybell
