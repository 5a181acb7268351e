// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/local_time.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/parse/date_stamp.h"
#include "gtest/gtest.h"
#include "tests/engine/parse/line_oracle.h"

namespace tallybell {
namespace {

// A date without its year is written with the year 4444, which is a leap year.
Stamp StampOf(absl::string_view text) {
  Stamp stamp;
  EXPECT_EQ(ParseDateStamp(text, &stamp), text.size()) << text;
  if (stamp.year == 4444) stamp.year = 0;
  return stamp;
}

std::string Enclosed(absl::string_view inner, absl::string_view outer) {
  const Stamp stamp = EnclosedStamp(StampOf(inner), StampOf(outer));
  if (stamp.instant != kNoTime) return FormatRfc3339(stamp.instant);
  return absl::StrCat(stamp.year, "-", +stamp.month, "-", +stamp.day, " ", +stamp.hour, ":",
                      +stamp.minute, ":", +stamp.second, ".", stamp.nanos / kMillisecond,
                      stamp.has_zone ? "Z" : "");
}

TEST(EnclosedStampTest, AStampThatLacksNothingStaysAsItIs) {
  EXPECT_EQ(Enclosed("2024-05-01T12:00:00.5Z", "2024-05-01T19:00:00+02:00"),
            "2024-5-1 12:0:0.500Z");
}

TEST(EnclosedStampTest, TakesTheZoneThatBringsItToAnOuterInstant) {
  EXPECT_EQ(Enclosed("4444-03-20T04:19:14.763", "2020-03-19T21:19:15-07:00"),
            "2020-03-20T04:19:14.763000000Z");
  EXPECT_EQ(Enclosed("2024-12-31T23:59:59.9", "2025-01-01T05:00:01Z"),
            "2025-01-01T04:59:59.900000000Z");
  // No zone of the world: the one that the outer stamp is in.
  EXPECT_EQ(Enclosed("2024-05-01T11:07:00", "2024-05-01T12:00:00+02:00"),
            "2024-05-01T09:07:00.000000000Z");
}

TEST(EnclosedStampTest, ANewYearLiesBetweenThem) {
  EXPECT_EQ(Enclosed("4444-12-31T23:59:59", "2025-01-01T00:00:00Z"),
            "2024-12-31T23:59:59.000000000Z");
  EXPECT_EQ(Enclosed("4444-01-01T00:59:59", "2024-12-31T23:59:59Z"),
            "2024-12-31T23:59:59.000000000Z");
}

TEST(EnclosedStampTest, OfTwoThatKnowNoZoneTheInnerOneWins) {
  EXPECT_EQ(Enclosed("4444-05-01T12:00:00.25", "4444-05-01T12:00:01"), "0-5-1 12:0:0.250");
  EXPECT_EQ(Enclosed("2024-05-01T12:00:00.25", "4444-05-01T12:00:01"), "2024-5-1 12:0:0.250");
  EXPECT_EQ(Enclosed("4444-05-01T12:00:00.25", "2024-05-01T12:00:01"), "2024-5-1 12:0:0.250");
  EXPECT_EQ(Enclosed("4444-05-01T02:07:00.25", "4444-05-01T12:00:01"), "0-5-1 2:7:0.250");
}

TEST(EnclosedStampTest, WhereTheyDifferAsZonesDoTheOuterOneIsInTheZoneOfTheSource) {
  EXPECT_EQ(Enclosed("4444-05-01T10:00:00.25", "4444-05-01T12:00:01"), "0-5-1 12:0:1.0");
  EXPECT_EQ(Enclosed("2023-12-31T22:00:00.25", "4444-01-01T00:00:01"), "2024-1-1 0:0:1.0");
  EXPECT_EQ(Enclosed("4444-02-29T06:30:00", "4444-02-29T12:00:00"), "0-2-29 12:0:0.0");
}

}  // namespace
}  // namespace tallybell
