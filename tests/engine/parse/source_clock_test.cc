// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/source_clock.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/parse/glog.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// The stamp of a glog line that begins so: "0501 12:32:30.426698".
Stamp At(absl::string_view stamp) {
  Stamp read;
  GlogHeader header;
  EXPECT_TRUE(ParseGlog("I" + std::string(stamp) + " 1 f.go:1] m", &read, &header)) << stamp;
  return read;
}

TimeNs Utc(absl::string_view text) { return ParseRfc3339(text).value(); }

SourceClock::Options InZone(absl::string_view name) {
  SourceClock::Options options;
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone(std::string(name), &zone)) << name;
  options.zone = zone;
  return options;
}

SourceClock::Options Ending(absl::string_view time) {
  SourceClock::Options options;
  options.ends = Utc(time);
  return options;
}

// The instant that the clock gives, as a person reads it.
std::string Mark(SourceClock* clock, absl::string_view mark,
                 const std::optional<std::string>& following = std::nullopt) {
  std::optional<Stamp> next;
  if (following.has_value()) next = At(*following);
  return FormatRfc3339(clock->NextMark(At(mark), next, kNoTime));
}

std::string Resolved(SourceClock* clock, absl::string_view stamp) {
  return FormatRfc3339(clock->Resolve(At(stamp), kNoTime));
}

TEST(SourceClockTest, TakesTheYearOfAFirstMarkFromTheTimeOfLastChange) {
  SourceClock clock(Ending("2024-05-02T00:00:00Z"));
  EXPECT_EQ(Mark(&clock, "0501 12:32:30.426698"), "2024-05-01T12:32:30.426698000Z");
}

TEST(SourceClockTest, PrefersAFirstMarkThatIsNotAfterTheTimeOfLastChange) {
  SourceClock clock(Ending("2024-05-01T00:00:00Z"));
  // 5 May 2024 is four days away, but the file did not exist then.
  EXPECT_EQ(Mark(&clock, "0505 00:00:00.000000"), "2023-05-05T00:00:00.000000000Z");
}

TEST(SourceClockTest, AllowsAFirstMarkWithinADayAfterTheTimeOfLastChange) {
  SourceClock clock(Ending("2023-12-31T20:00:00Z"));
  EXPECT_EQ(Mark(&clock, "0101 03:00:00.000000"), "2024-01-01T03:00:00.000000000Z");
}

TEST(SourceClockTest, PrefersAFirstMarkThatIsNotBeforeTheFilesBeginning) {
  SourceClock clock(Ending("2026-01-01T00:00:00Z"));
  Stamp created = At("20210304 01:42:32.000000");
  clock.FileBegins(created);
  // Seven months later is nearer than five months before in that a file has no earlier lines.
  EXPECT_EQ(Mark(&clock, "1001 00:00:00.000000"), "2021-10-01T00:00:00.000000000Z");
}

TEST(SourceClockTest, FindsTheYearAnewWhereTheNextFileOfASourceBegins) {
  SourceClock clock(Ending("2026-01-01T00:00:00Z"));
  clock.FileBegins(At("20210304 01:42:32.000000"));
  EXPECT_EQ(Mark(&clock, "0304 01:42:32.983766"), "2021-03-04T01:42:32.983766000Z");
  clock.FileBegins(At("20231121 08:00:06.000000"));
  EXPECT_EQ(Mark(&clock, "1121 08:00:06.967318"), "2023-11-21T08:00:06.967318000Z");
}

TEST(SourceClockTest, TakesTheUsersYearForTheFirstMarkAndGoesOnOverNewYear) {
  SourceClock::Options options = Ending("2026-01-01T00:00:00Z");
  options.first_year = 2019;
  SourceClock clock(options);
  EXPECT_EQ(Mark(&clock, "1231 23:59:58.000000"), "2019-12-31T23:59:58.000000000Z");
  EXPECT_EQ(Mark(&clock, "0101 00:00:01.000000"), "2020-01-01T00:00:01.000000000Z");
}

TEST(SourceClockTest, ASmallStepBackOverNewYearIsTheOldYear) {
  SourceClock clock(Ending("2024-01-02T00:00:00Z"));
  EXPECT_EQ(Mark(&clock, "0101 00:00:01.000000"), "2024-01-01T00:00:01.000000000Z");
  EXPECT_EQ(Mark(&clock, "1231 23:59:59.000000"), "2023-12-31T23:59:59.000000000Z");
}

TEST(SourceClockTest, A29FebruaryIsInTheNearestLeapYear) {
  SourceClock clock(Ending("2026-03-01T00:00:00Z"));
  EXPECT_EQ(Mark(&clock, "0229 10:00:00.000000"), "2024-02-29T10:00:00.000000000Z");
  SourceClock::Options options;
  options.first_year = 2023;
  SourceClock stated(options);
  EXPECT_EQ(Mark(&stated, "0229 10:00:00.000000"), "2024-02-29T10:00:00.000000000Z");
}

TEST(SourceClockTest, A29FebruaryWithinASegmentOfTheDayBefore) {
  SourceClock clock(Ending("2024-03-01T00:00:00Z"));
  Mark(&clock, "0228 10:00:00.000000", "0301 10:00:00.000000");
  EXPECT_FALSE(clock.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&clock, "0229 10:00:00.000000"), "2024-02-29T10:00:00.000000000Z");
}

TEST(SourceClockTest, ALeapSecondIsHeldWithinTheSecondBeforeIt) {
  SourceClock clock(Ending("2017-01-01T00:00:10Z"));
  EXPECT_EQ(Mark(&clock, "1231 23:59:60.500000"), "2016-12-31T23:59:59.999999999Z");
}

TEST(SourceClockTest, AQuietSegmentTakesItsStampsInAnyOrder) {
  SourceClock clock(Ending("2024-01-01T12:00:00Z"));
  EXPECT_EQ(Mark(&clock, "1231 23:00:00.000000", "0101 01:00:00.000000"),
            "2023-12-31T23:00:00.000000000Z");
  EXPECT_FALSE(clock.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&clock, "0101 00:30:00.000000"), "2024-01-01T00:30:00.000000000Z");
  EXPECT_EQ(Resolved(&clock, "1231 23:30:00.000001"), "2023-12-31T23:30:00.000001000Z");
}

TEST(SourceClockTest, NeedsEveryStampWhereTheNextMarkIsNotKnown) {
  SourceClock clock(Ending("2024-01-01T12:00:00Z"));
  EXPECT_TRUE(clock.NeedsEveryStamp());
  Mark(&clock, "1231 23:00:00.000000");
  EXPECT_TRUE(clock.NeedsEveryStamp());
}

TEST(SourceClockTest, NeedsEveryStampWhereMarksStepBackAndFollowsThemOverALongSilence) {
  SourceClock::Options options;
  options.first_year = 2024;
  SourceClock clock(options);
  EXPECT_EQ(Mark(&clock, "0110 00:00:00.000000", "1101 00:00:00.000000"),
            "2024-01-10T00:00:00.000000000Z");
  EXPECT_TRUE(clock.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&clock, "0601 00:00:00.000000"), "2024-06-01T00:00:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "1101 00:00:00.000000"), "2024-11-01T00:00:00.000000000Z");
  EXPECT_EQ(clock.clamped(), 0);
}

TEST(SourceClockTest, ARepeatedHourIsItsFirstOccurrenceUntilTimeStepsBack) {
  SourceClock::Options options = InZone("Europe/Berlin");
  options.first_year = 2024;
  SourceClock clock(options);
  EXPECT_EQ(Mark(&clock, "1027 01:30:00.000000", "1027 03:30:00.000000"),
            "2024-10-26T23:30:00.000000000Z");
  EXPECT_TRUE(clock.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&clock, "1027 02:00:00.000000"), "2024-10-27T00:00:00.000000000Z");
  EXPECT_EQ(Resolved(&clock, "1027 02:59:59.000000"), "2024-10-27T00:59:59.000000000Z");
  EXPECT_EQ(Resolved(&clock, "1027 02:59:30.000000"), "2024-10-27T00:59:30.000000000Z")
      << "29 s are within the lateness";
  EXPECT_EQ(Resolved(&clock, "1027 02:00:01.000000"), "2024-10-27T01:00:01.000000000Z");
  EXPECT_EQ(Resolved(&clock, "1027 02:59:58.000000"), "2024-10-27T00:59:58.000000000Z")
      << "held back before the hour came again";
  EXPECT_EQ(Resolved(&clock, "1027 02:30:00.000000"), "2024-10-27T01:30:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "1027 03:30:00.000000"), "2024-10-27T02:30:00.000000000Z");
}

TEST(SourceClockTest, ARepeatedHourIsDecidedAcrossMarks) {
  SourceClock::Options options = InZone("America/New_York");
  options.first_year = 2024;
  SourceClock clock(options);
  EXPECT_EQ(Mark(&clock, "1103 01:50:00.000000", "1103 01:10:00.000000"),
            "2024-11-03T05:50:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "1103 01:10:00.000000", "1103 01:55:00.000000"),
            "2024-11-03T06:10:00.000000000Z");
  EXPECT_TRUE(clock.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&clock, "1103 01:49:00.000000"), "2024-11-03T06:49:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "1103 01:55:00.000000"), "2024-11-03T06:55:00.000000000Z");
}

TEST(SourceClockTest, ASkippedHourIsMappedForward) {
  SourceClock::Options options = InZone("America/New_York");
  options.first_year = 2024;
  SourceClock clock(options);
  EXPECT_EQ(Mark(&clock, "0310 02:30:00.000000"), "2024-03-10T07:30:00.000000000Z");
}

TEST(SourceClockTest, AStampFarAheadOfBothMarksIsTheBound) {
  SourceClock clock(Ending("2024-05-03T00:00:00Z"));
  Mark(&clock, "0501 10:00:00.000000", "0501 12:00:00.000000");
  EXPECT_EQ(Resolved(&clock, "0502 11:59:59.000000"), "2024-05-02T11:59:59.000000000Z");
  EXPECT_EQ(Resolved(&clock, "0502 12:00:01.000000"), "2024-05-02T12:00:00.000000000Z");
  EXPECT_EQ(clock.clamped(), 1);
}

TEST(SourceClockTest, AMarkFarAheadOfBothItsNeighboursIsTheBound) {
  SourceClock clock(Ending("2024-05-03T00:00:00Z"));
  Mark(&clock, "0501 10:00:00.000000", "0801 00:00:00.000000");
  EXPECT_EQ(Mark(&clock, "0801 00:00:00.000000", "0501 10:00:02.000000"),
            "2024-05-02T10:00:02.000000000Z");
  EXPECT_EQ(Mark(&clock, "0501 10:00:02.000000", "0501 10:00:09.000000"),
            "2024-05-01T10:00:02.000000000Z");
  EXPECT_EQ(clock.clamped(), 1);
}

TEST(SourceClockTest, ALastMarkFarAfterTheTimeOfLastChangeIsTheBound) {
  SourceClock clock(Ending("2024-05-03T00:00:00Z"));
  EXPECT_EQ(Mark(&clock, "20240501 10:00:00.000000", "20990501 00:00:00.000000"),
            "2024-05-01T10:00:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "20990501 00:00:00.000000"), "2024-05-04T00:00:00.000000000Z");
}

TEST(SourceClockTest, AStatedYearGoesBeforeATimeOfLastChangeThatCannotBe) {
  SourceClock clock(Ending("1970-01-01T00:00:01Z"));
  EXPECT_EQ(Mark(&clock, "20240501 10:00:00.000000"), "2024-05-01T10:00:00.000000000Z");
  EXPECT_EQ(Mark(&clock, "20240601 10:00:00.000000"), "2024-06-01T10:00:00.000000000Z");
}

TEST(SourceClockTest, ALiveStampIsAtMostSoFarAheadOfItsArrival) {
  SourceClock::Options options;
  options.max_future = kMinute;
  SourceClock clock(options);
  const TimeNs arrival = Utc("2024-05-01T12:00:00Z");
  EXPECT_EQ(clock.NextMark(At("0501 12:00:59.000000"), std::nullopt, arrival),
            Utc("2024-05-01T12:00:59Z"));
  EXPECT_EQ(clock.Resolve(At("0501 12:01:01.000000"), arrival), Utc("2024-05-01T12:01:00Z"));
  EXPECT_EQ(clock.clamped(), 1);
}

TEST(SourceClockTest, AnEnvelopeGivesTheYearAndTheZone) {
  const SourceClock clock{SourceClock::Options()};
  const TimeNs new_year = Utc("2024-01-01T00:00:03Z");
  EXPECT_EQ(clock.InEnvelope(At("1231 23:59:59.000000"), new_year, 0).instant,
            Utc("2023-12-31T23:59:59Z"));
  EXPECT_EQ(clock.InEnvelope(At("0101 08:00:01.000000"), new_year, 8 * 3600).instant,
            Utc("2024-01-01T00:00:01Z"));
}

TEST(SourceClockTest, AnEnvelopeShowsTheZoneOfTheStampWithin) {
  // CRI in +08:00 around UTC, docker -t in -07:00 around UTC, and UTC around India.
  const SourceClock clock{SourceClock::Options()};
  EXPECT_EQ(
      clock.InEnvelope(At("0818 02:47:25.111000"), Utc("2023-08-18T10:47:25.112+08:00"), 8 * 3600)
          .instant,
      Utc("2023-08-18T02:47:25.111Z"));
  EXPECT_EQ(clock
                .InEnvelope(At("0320 04:19:14.763494"), Utc("2020-03-19T21:19:14.763544793-07:00"),
                            -7 * 3600)
                .instant,
            Utc("2020-03-20T04:19:14.763494Z"));
  EXPECT_EQ(clock.InEnvelope(At("0101 05:29:59.000000"), Utc("2024-01-01T00:00:03Z"), 0).instant,
            Utc("2023-12-31T23:59:59Z"));
}

TEST(SourceClockTest, WhereNoZoneFitsTheConfiguredOneCountsAndThenThatOfTheEnvelope) {
  const Stamp late = At("0101 12:00:00.000000");
  const TimeNs read = Utc("2024-01-01T12:10:00Z");
  EXPECT_EQ(SourceClock(InZone("Asia/Shanghai")).InEnvelope(late, read, 0).instant,
            Utc("2024-01-01T04:00:00Z"));
  EXPECT_EQ(SourceClock(SourceClock::Options()).InEnvelope(late, read, 0).instant,
            Utc("2024-01-01T12:00:00Z"));
  // No zone is a quarter of an hour west of UTC.
  EXPECT_EQ(
      SourceClock(SourceClock::Options()).InEnvelope(late, Utc("2024-01-01T12:15:00Z"), 0).instant,
      Utc("2024-01-01T12:00:00Z"));
}

TEST(SourceClockTest, AnEnvelopeTellsTheTwoOccurrencesOfARepeatedHourApart) {
  const SourceClock clock(InZone("Europe/Berlin"));
  const Stamp repeated = At("1027 02:30:00.000000");
  EXPECT_EQ(clock.InEnvelope(repeated, Utc("2024-10-27T00:30:01Z"), 0).instant,
            Utc("2024-10-27T00:30:00Z"));
  EXPECT_EQ(clock.InEnvelope(repeated, Utc("2024-10-27T01:30:01Z"), 0).instant,
            Utc("2024-10-27T01:30:00Z"));
}

TEST(SourceClockTest, GoesOnAfterARestartWhereItWas) {
  SourceClock::Options options = InZone("Europe/Berlin");
  options.first_year = 2024;
  SourceClock before(options);
  Mark(&before, "1027 02:50:00.000000");
  EXPECT_EQ(Resolved(&before, "1027 02:01:00.000000"), "2024-10-27T01:01:00.000000000Z");
  SourceClock after(options);
  ASSERT_TRUE(after.Decode(before.Encode()).ok());
  EXPECT_EQ(after.Encode(), before.Encode());
  EXPECT_TRUE(after.NeedsEveryStamp());
  EXPECT_EQ(Resolved(&after, "1027 02:50:00.000000"), "2024-10-27T01:50:00.000000000Z");
}

TEST(SourceClockTest, ALineWithItsZoneNeedsNoOther) {
  SourceClock clock(InZone("America/New_York"));
  Stamp stamp = At("20240501 10:00:00.000000");
  stamp.has_zone = true;
  stamp.utc_offset_seconds = 19'800;
  EXPECT_EQ(clock.NextMark(stamp, std::nullopt, kNoTime), Utc("2024-05-01T04:30:00Z"));
  EXPECT_EQ(clock.Resolve(Stamp::At(Utc("2024-05-01T05:00:00Z")), kNoTime),
            Utc("2024-05-01T05:00:00Z"));
}

// A clock remembers the day of a stamp; one that resolves its first stamp of a segment cannot.
TEST(SourceClockTest, ADayThatIsRememberedChangesNoStamp) {
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  const std::vector<std::vector<std::string>> segments = {
      {"0501 10:00:00.000000", "0501 11:00:00.000000"},
      {"0501 23:59:00.000000", "0502 00:01:00.000000"},
      {"0331 00:30:00.000000", "0331 01:30:00.000000"},  // the clock is set later that day
      {"1026 23:00:00.000000", "1027 00:30:00.000000"},
      {"1231 23:59:30.000000", "0101 00:00:30.000000"},
      {"0228 23:00:00.000000", "0229 01:00:00.000000"},
      {"0229 22:00:00.000000", "0301 02:00:00.000000"},
  };
  for (const char* const zone : {"UTC", "Europe/Berlin", "America/Sao_Paulo"}) {
    for (const std::vector<std::string>& segment : segments) {
      SourceClock::Options options = InZone(zone);
      options.ends = Utc("2024-12-31T23:59:59Z");
      SourceClock fresh(options);
      fresh.NextMark(At(segment[0]), At(segment[1]), kNoTime);
      SourceClock used = fresh;
      for (int round = 0; round < 400; ++round) {
        Stamp stamp = At(segment[random() % 2]);
        const int32_t kind = static_cast<int32_t>(random() % 8);
        stamp.hour = static_cast<int8_t>(random() % 24);
        stamp.minute = static_cast<int8_t>(random() % 60);
        stamp.second = static_cast<int8_t>(random() % 61);
        if (kind == 0) stamp.day = static_cast<int8_t>(1 + random() % 28);
        if (kind == 1) stamp.month = static_cast<int8_t>(1 + random() % 12);
        if (kind == 1) stamp.day = std::min<int8_t>(stamp.day, 28);
        if (kind == 2) stamp.year = 2023;
        if (kind == 3) stamp.has_zone = true;
        if (stamp.year != 0) stamp.day = std::min<int8_t>(stamp.day, 28);
        if (fresh.NeedsEveryStamp()) break;  // nothing is remembered then
        // What is saved has no such memory; the mark after the segment's has left one.
        SourceClock once = fresh;
        ASSERT_TRUE(once.Decode(fresh.Encode()).ok());
        ASSERT_EQ(FormatRfc3339(used.Resolve(stamp, kNoTime)),
                  FormatRfc3339(once.Resolve(stamp, kNoTime)))
            << zone << " " << segment[0] << ", seed " << kSeed << ", round " << round;
      }
    }
  }
}

TEST(SourceClockTest, RefusesAStateThatIsNotOne) {
  SourceClock clock{SourceClock::Options()};
  const std::string before = clock.Encode();
  for (const absl::string_view bad : {"", "1 2 3", "2 0 0 0 0 0 0", "1 a 0 0 0 0 0"}) {
    EXPECT_EQ(clock.Decode(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_EQ(clock.Encode(), before);
}

TEST(SourceClockTest, ADamagedStateDoesNoMoreThanBeWrong) {
  const std::string least = std::to_string(kNoTime);
  const std::string most = std::to_string(kNever);
  for (int bits = 0; bits < 1 << 6; ++bits) {
    std::string state = "1";
    for (int i = 0; i < 5; ++i) state += " " + (bits >> i & 1 ? least : most);
    SourceClock clock(InZone("Europe/Berlin"));
    ASSERT_TRUE(clock.Decode(state + (bits >> 5 & 1 ? " 1" : " 0")).ok());
    clock.Resolve(At("1027 02:30:00.000000"), kNoTime);
    clock.NextMark(At("0229 02:30:00.000000"), At("99991231 23:59:60.000000"), kNoTime);
    clock.Resolve(At("00010101 00:00:00.000000"), Utc("2024-01-01T00:00:00Z"));
    EXPECT_NE(clock.NextMark(At("0101 00:00:00.000000"), std::nullopt, kNoTime), kNoTime);
  }
}

}  // namespace
}  // namespace tallybell
