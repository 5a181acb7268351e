// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// SourceClock, which skips from mark to mark, against an obvious reader that takes every stamp of a
// log one after the other.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "engine/parse/source_clock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr uint32_t kSeed = 20240501;
constexpr DurationNs kLateness = 45 * kSecond;

TimeNs ToNs(absl::Time time) { return absl::ToUnixNanos(time); }

// What a log says of an instant, with or without the year.
Stamp StampOf(TimeNs time, absl::TimeZone zone, bool with_year) {
  const absl::TimeZone::CivilInfo info = zone.At(absl::FromUnixNanos(time));
  Stamp stamp;
  stamp.year = with_year ? static_cast<int32_t>(info.cs.year()) : 0;
  stamp.month = static_cast<int8_t>(info.cs.month());
  stamp.day = static_cast<int8_t>(info.cs.day());
  stamp.hour = static_cast<int8_t>(info.cs.hour());
  stamp.minute = static_cast<int8_t>(info.cs.minute());
  stamp.second = static_cast<int8_t>(info.cs.second());
  stamp.nanos = static_cast<int32_t>(absl::ToInt64Nanoseconds(info.subsecond));
  return stamp;
}

// The second implementation: tries every year, asks the zone each time, remembers what came before.
class ObviousReader {
 public:
  ObviousReader(absl::TimeZone zone, int first_year) : zone_(zone), first_year_(first_year) {}

  TimeNs Read(const Stamp& stamp) {
    TimeNs best = kNoTime;
    for (int year = 1990; year <= 2050; ++year) {
      if (stamp.year != 0 && year != stamp.year) continue;
      const absl::CivilSecond civil(year, stamp.month, stamp.day, stamp.hour, stamp.minute,
                                    stamp.second);
      if (civil.month() != stamp.month) continue;  // 29 February
      const absl::TimeZone::TimeInfo info = zone_.At(civil);
      TimeNs time = ToNs(info.pre) + stamp.nanos;
      const bool repeated = info.kind == absl::TimeZone::TimeInfo::REPEATED;
      if (repeated && any_ && time < latest_ - kLateness) time = ToNs(info.post) + stamp.nanos;
      const bool first_year = !any_ && year == first_year_;
      const bool nearer = any_ && best != kNoTime && Distance(time, last_) < Distance(best, last_);
      if (best == kNoTime || first_year || nearer) best = time;
    }
    last_ = best;
    latest_ = any_ ? std::max(latest_, best) : best;
    any_ = true;
    return best;
  }

 private:
  static int64_t Distance(TimeNs a, TimeNs b) { return a > b ? a - b : b - a; }

  const absl::TimeZone zone_;
  const int first_year_;
  bool any_ = false;
  TimeNs last_ = 0;
  TimeNs latest_ = 0;
};

struct Corpus {
  std::string about;
  absl::TimeZone zone;
  int first_year = 0;
  std::vector<TimeNs> truth;
  std::vector<Stamp> stamps;
  std::vector<size_t> marks;  // indices; the first and the last line are among them
};

class SourceClockCorpusTest : public testing::TestWithParam<const char*> {
 protected:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  // Lines that begin shortly before something remarkable of that zone: instants that rise, with
  // gaps of all sizes, each line up to some seconds out of order.
  Corpus MakeCorpus(int number) {
    static constexpr absl::string_view kBeginnings[] = {
        "2023-12-31T20:00:00Z", "2024-02-28T12:00:00Z", "2024-02-29T23:00:00Z",
        "2024-03-10T05:30:00Z", "2024-03-30T23:30:00Z", "2024-04-06T13:30:00Z",
        "2024-10-05T14:00:00Z", "2024-10-26T22:00:00Z", "2024-11-03T04:00:00Z",
        "2023-02-28T22:00:00Z", "2024-07-01T00:00:00Z", "2024-12-31T10:00:00Z",
    };
    Corpus corpus;
    EXPECT_TRUE(absl::LoadTimeZone(GetParam(), &corpus.zone));
    const bool with_year = Below(4) == 0;
    const DurationNs usual_gap = (DurationNs[]){kSecond, kMinute, 10 * kMinute, kHour}[Below(4)];
    const size_t leaps_one_in = (size_t[]){20, 200, 1'000'000}[Below(3)];
    const absl::string_view beginning = kBeginnings[Below(std::size(kBeginnings))];
    TimeNs time = ParseRfc3339(beginning).value();
    const TimeNs end = time + 340 * kDay;
    const size_t lines = 1 + Below(300);
    while (corpus.truth.size() < lines && time < end) {
      const TimeNs late = static_cast<DurationNs>(Below(1 + 20 * kSecond)) * (Below(3) == 0);
      corpus.truth.push_back(time - late);
      time += static_cast<DurationNs>(Below(usual_gap));
      if (Below(leaps_one_in) == 0) time += static_cast<DurationNs>(Below(100 * kDay));
    }
    for (const TimeNs t : corpus.truth) {
      corpus.stamps.push_back(StampOf(t, corpus.zone, with_year));
    }
    corpus.first_year = StampOf(corpus.truth[0], corpus.zone, true).year;
    const size_t marks_one_in = 1 + Below(40);
    for (size_t i = 0; i < corpus.truth.size(); ++i) {
      if (i == 0 || i + 1 == corpus.truth.size() || Below(marks_one_in) == 0) {
        corpus.marks.push_back(i);
      }
    }
    corpus.about = absl::StrCat("seed ", kSeed, ", corpus ", number, ", ", GetParam(), " from ",
                                beginning, ", ", corpus.truth.size(), " lines");
    return corpus;
  }

  static SourceClock::Options OptionsOf(const Corpus& corpus) {
    SourceClock::Options options;
    options.zone = corpus.zone;
    options.first_year = corpus.first_year;
    options.lateness = kLateness;
    return options;
  }

  static std::vector<TimeNs> ReadObviously(const Corpus& corpus) {
    ObviousReader reader(corpus.zone, corpus.first_year);
    std::vector<TimeNs> times;
    for (const Stamp& stamp : corpus.stamps) times.push_back(reader.Read(stamp));
    return times;
  }

  // The lines of one segment: all in order where the clock asks for it, else some in any order.
  void ReadSegment(const Corpus& corpus, const std::vector<TimeNs>& expected, size_t begin,
                   size_t end, SourceClock* clock) {
    std::vector<size_t> lines;
    for (size_t i = begin; i < end; ++i) {
      if (clock->NeedsEveryStamp() || Below(2) == 0) lines.push_back(i);
    }
    if (!clock->NeedsEveryStamp()) std::shuffle(lines.begin(), lines.end(), random_);
    for (const size_t i : lines) {
      ASSERT_EQ(FormatRfc3339(clock->Resolve(corpus.stamps[i], kNoTime)),
                FormatRfc3339(expected[i]))
          << "line " << i << " of the segment from " << begin - 1 << " to " << end;
    }
  }

  std::mt19937 random_{kSeed};
};

TEST_P(SourceClockCorpusTest, AgreesWithAReaderOfEveryLine) {
  int quiet_segments = 0;
  for (int number = 0; number < 400; ++number) {
    const Corpus corpus = MakeCorpus(number);
    SCOPED_TRACE(corpus.about);
    const std::vector<TimeNs> expected = ReadObviously(corpus);
    SourceClock clock(OptionsOf(corpus));
    for (size_t m = 0; m < corpus.marks.size(); ++m) {
      const size_t mark = corpus.marks[m];
      const bool last = m + 1 == corpus.marks.size();
      const size_t next = last ? corpus.stamps.size() : corpus.marks[m + 1];
      std::optional<Stamp> following;
      if (!last) following = corpus.stamps[next];
      ASSERT_EQ(FormatRfc3339(clock.NextMark(corpus.stamps[mark], following, kNoTime)),
                FormatRfc3339(expected[mark]))
          << "mark at line " << mark;
      quiet_segments += clock.NeedsEveryStamp() ? 0 : 1;
      ReadSegment(corpus, expected, mark + 1, next, &clock);
      if (HasFatalFailure()) return;
    }
    EXPECT_EQ(clock.clamped(), 0);
  }
  EXPECT_GT(quiet_segments, 400) << "most of the time the marks alone must do";
}

TEST_P(SourceClockCorpusTest, AgreesWhenTheLinesComeOneByOneWithRestartsBetweenThem) {
  for (int number = 0; number < 200; ++number) {
    const Corpus corpus = MakeCorpus(number);
    SCOPED_TRACE(corpus.about);
    const std::vector<TimeNs> expected = ReadObviously(corpus);
    auto clock = std::make_unique<SourceClock>(OptionsOf(corpus));
    for (size_t i = 0; i < corpus.stamps.size(); ++i) {
      const bool mark = std::binary_search(corpus.marks.begin(), corpus.marks.end(), i);
      const TimeNs time = mark ? clock->NextMark(corpus.stamps[i], std::nullopt, kNoTime)
                               : clock->Resolve(corpus.stamps[i], kNoTime);
      ASSERT_TRUE(clock->NeedsEveryStamp());
      ASSERT_EQ(FormatRfc3339(time), FormatRfc3339(expected[i])) << "line " << i;
      if (Below(10) == 0) {
        const std::string state = clock->Encode();
        clock = std::make_unique<SourceClock>(OptionsOf(corpus));
        ASSERT_TRUE(clock->Decode(state).ok());
      }
    }
  }
}

TEST_P(SourceClockCorpusTest, AStampFarInTheFutureMovesNoOther) {
  int64_t clamped = 0;
  for (int number = 0; number < 200; ++number) {
    const Corpus corpus = MakeCorpus(number);
    SCOPED_TRACE(corpus.about);
    const std::vector<TimeNs> expected = ReadObviously(corpus);
    SourceClock clock(OptionsOf(corpus));
    for (size_t m = 0; m + 1 < corpus.marks.size(); ++m) {
      const size_t mark = corpus.marks[m];
      const size_t next = corpus.marks[m + 1];
      clock.NextMark(corpus.stamps[mark], corpus.stamps[next], kNoTime);
      const TimeNs later = std::max(expected[mark], expected[next]);
      const bool long_one = later - expected[mark] > 50 * kDay;
      for (size_t i = mark + 1; i < next; ++i) {
        if (!long_one && Below(3) == 0) {
          const TimeNs wild = later + static_cast<DurationNs>((2 + Below(100)) * kDay);
          const Stamp stamp = StampOf(wild, corpus.zone, corpus.stamps[i].year != 0);
          const TimeNs bound = clock.Resolve(stamp, kNoTime);
          ASSERT_LE(bound, later + kDay);
          // Which of two equal hours the next mark is in is not known yet.
          ASSERT_GE(bound, later + kDay - kHour);
          ++clamped;
        }
        ASSERT_EQ(FormatRfc3339(clock.Resolve(corpus.stamps[i], kNoTime)),
                  FormatRfc3339(expected[i]))
            << "line " << i;
      }
    }
    clamped -= clock.clamped();
    EXPECT_EQ(clamped, 0);
  }
}

TEST_P(SourceClockCorpusTest, IsRightWhereTheLocalClockIsPlain) {
  for (int number = 0; number < 100; ++number) {
    const Corpus corpus = MakeCorpus(number);
    SCOPED_TRACE(corpus.about);
    const std::vector<TimeNs> read = ReadObviously(corpus);
    for (size_t i = 0; i < read.size(); ++i) {
      // What neither a person nor a program can know: which of two equal hours a lonely line is in.
      const absl::Time truth = absl::FromUnixNanos(corpus.truth[i]);
      const absl::CivilSecond shown = absl::ToCivilSecond(truth, corpus.zone);
      if (corpus.zone.At(shown).kind == absl::TimeZone::TimeInfo::REPEATED) continue;
      ASSERT_EQ(FormatRfc3339(read[i]), FormatRfc3339(corpus.truth[i])) << "line " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, SourceClockCorpusTest,
                         testing::Values("UTC", "America/New_York", "Europe/Berlin",
                                         "Australia/Lord_Howe", "Asia/Kolkata"));

}  // namespace
}  // namespace tallybell
