// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A running engine whose clock does what clocks do: it is set, it stands still, it starts wrong.

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/run/live_engine.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr TimeNs kStart = 1'714'566'750 * kSecond;  // 2024-05-01 12:32:30

// The wall clock is one thing, the time that passes another.
class TwoClocks : public Clock {
 public:
  TimeNs Now() const override { return wall_; }
  TimeNs Monotonic() const override { return monotonic_; }
  void Pass(DurationNs by) {
    wall_ = wall_ + by;
    monotonic_ = monotonic_ + by;
  }
  void Set(TimeNs wall) { wall_ = wall; }

 private:
  std::atomic<TimeNs> wall_{kStart};
  std::atomic<TimeNs> monotonic_{1000 * kSecond};
};

// What it was told: "firing Burst a".
class Notebook {
 public:
  void Write(std::string line) {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(std::move(line));
  }
  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_;
};

class NotebookSink : public Sink {
 public:
  explicit NotebookSink(Notebook* notebook) : notebook_(notebook) { policy_.max_batch = 64; }
  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs) override {
    for (const Notice& notice : notices) {
      notebook_->Write(absl::StrCat(notice.alert->ends_at == kNoTime ? "firing " : "resolved ",
                                    notice.alert->rule, " ", notice.alert->labels.Get("key")));
    }
    Verdict accepted;
    accepted.kind = Verdict::Kind::kAccepted;
    return std::vector<Verdict>(notices.size(), accepted);
  }

 private:
  const std::string name_ = "notebook";
  SinkPolicy policy_;
  Notebook* const notebook_;
};

constexpr char kBurst[] = R"(
groups:
  - name: g
    rules:
      - {alert: Burst, match: '/burst (?P<key>\w+)/', when: count > 3 in 20m, by: [key]}
)";

constexpr char kQuiet[] = R"(
groups:
  - name: g
    rules:
      - {alert: Quiet, match: beat, when: count == 0 in 5m}
)";

class LiveEngineClockTest : public ::testing::Test {
 protected:
  LiveEngineClockTest() {
    std::string name = absl::StrCat(::testing::TempDir(), "clock-XXXXXX");
    directory_ = mkdtemp(name.data());
    log_ = absl::StrCat(directory_, "/app.log");
    std::ofstream(log_, std::ios::app).flush();
  }
  ~LiveEngineClockTest() override {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  void Start(const std::string& rules) {
    Configuration configuration;
    FileSourceConfig file;
    file.paths = {log_};
    file.lateness = 10 * kSecond;
    configuration.files.push_back(std::move(file));
    Store::Options options;
    options.path = absl::StrCat(directory_, "/state.db");
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<NotebookSink>(&notebook_));
    Diagnostics diagnostics;
    engine_ = std::make_unique<LiveEngine>(std::move(configuration),
                                           LoadRulesFromText("r", rules, &diagnostics),
                                           std::move(sinks), *std::move(store), &clock_, &metrics_);
    ASSERT_TRUE(engine_->Start().ok());
    Settle();
  }

  void Stop() {
    if (engine_ != nullptr) engine_->Stop();
    engine_.reset();
  }

  void Append(const std::string& text) { std::ofstream(log_, std::ios::app) << text << std::flush; }
  // A line with what the wall clock says now, or with something else.
  void Say(const std::string& text, TimeNs at = kNoTime) {
    Append(absl::StrCat(FormatRfc3339(at == kNoTime ? clock_.Now() : at), " ", text, "\n"));
  }

  // Lets it do all that it would do at this time. It must come to rest: what is due at once again
  // and again would keep it busy.
  void Settle() {
    for (int i = 0; i < 1000; ++i) {
      while (!engine_->Ready()) std::this_thread::yield();  // for the disk
      const bool more = engine_->Step();
      if (!more && engine_->Ready() && engine_->NextWakeups().patience > 0) return;
    }
    ADD_FAILURE() << "it does not come to rest";
  }

  // Time passes, a second at a time; it runs when it says that it must.
  void Pass(DurationNs by, DurationNs each = kSecond) {
    for (DurationNs passed = 0; passed < by; passed += each) {
      clock_.Pass(each);
      Settle();
    }
  }
  // The same, with a line a minute.
  void Beat(int minutes) {
    for (int i = 0; i < minutes; ++i) {
      Say("beat");
      Pass(kMinute, 5 * kSecond);
    }
  }

  // All that was told; stops it, so that nothing is under way.
  // What was told. Of one alert it is in order; among each other alerts are in none.
  std::vector<std::string> Told() {
    Stop();
    return notebook_.lines();
  }

  TwoClocks clock_;
  Metrics metrics_;
  Notebook notebook_;
  std::string directory_;
  std::string log_;
  std::unique_ptr<LiveEngine> engine_;
};

TEST_F(LiveEngineClockTest, SetBackByAnHourItEndsNothingAndComesToRest) {
  Start(kBurst);
  Pass(kMinute);
  for (int i = 0; i < 4; ++i) Say("burst a");
  Pass(5 * kSecond);
  clock_.Set(clock_.Now() - kHour);
  Pass(2 * kMinute);
  EXPECT_THAT(Told(), UnorderedElementsAre("firing Burst a", "firing TallybellClockSetBack "));
}

TEST_F(LiveEngineClockTest, SetBackByAnHourItEndsWhatFiresWhenItsTimeHasCome) {
  Start(kBurst);
  for (int i = 0; i < 4; ++i) Say("burst a");
  Pass(kMinute);
  clock_.Set(clock_.Now() - kHour);
  Pass(kHour, 20 * kSecond);
  Pass(21 * kMinute, 5 * kSecond);
  EXPECT_THAT(Told(), UnorderedElementsAre("firing Burst a", "firing TallybellClockSetBack ",
                                           "resolved TallybellClockSetBack ", "resolved Burst a"));
}

// What it does not see because of that is said, over a restart too.
TEST_F(LiveEngineClockTest, SetBackItSaysSoUntilTheClockIsWhereItWas) {
  Start(kBurst);
  Say("burst a");
  Pass(kMinute);
  EXPECT_EQ(metrics_.Total("clock_behind_seconds"), 0);
  clock_.Set(clock_.Now() - kHour);
  Pass(kSecond);
  EXPECT_GT(metrics_.Total("clock_behind_seconds"), 59 * kMinute);
  for (int i = 0; i < 4; ++i) Say("burst unseen");
  Pass(30 * kMinute, kMinute);
  EXPECT_GT(metrics_.Total("clock_behind_seconds"), 28 * kMinute);
  Stop();
  EXPECT_THAT(notebook_.lines(), ElementsAre("firing TallybellClockSetBack "));
  Start(kBurst);
  Pass(10 * kMinute, kMinute);
  EXPECT_GT(metrics_.Total("clock_behind_seconds"), 18 * kMinute);
  Pass(20 * kMinute, kMinute);
  EXPECT_EQ(metrics_.Total("clock_behind_seconds"), 0);
  for (int i = 0; i < 4; ++i) Say("burst seen");
  Pass(kMinute);
  EXPECT_THAT(Told(), UnorderedElementsAre("firing TallybellClockSetBack ",
                                           "resolved TallybellClockSetBack ", "firing Burst seen"));
}

TEST_F(LiveEngineClockTest, SetBackByLessThanStampsMayBeAheadIsNothingToTell) {
  Start(kBurst);
  Say("burst a");
  Pass(kMinute);
  clock_.Set(clock_.Now() - 90 * kSecond);
  Pass(2 * kMinute);
  EXPECT_EQ(metrics_.Total("clock_behind_seconds"), 0);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LiveEngineClockTest, SetAheadByAnHourItComesToRestAndCountsWhatIsWrittenThen) {
  Start(kBurst);
  Pass(kMinute);
  clock_.Set(clock_.Now() + kHour);
  Settle();
  for (int i = 0; i < 4; ++i) Say("burst a");
  Pass(kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Burst a"));
}

TEST_F(LiveEngineClockTest, AClockThatStartsIn1970CountsOnceItIsRight) {
  clock_.Set(17 * kSecond);
  Start(kBurst);
  Pass(30 * kSecond);
  EXPECT_GT(engine_->NextWakeups().patience, 0);
  clock_.Set(kStart);
  Settle();
  for (int i = 0; i < 4; ++i) Say("burst a");
  Pass(2 * kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Burst a"));
}

TEST_F(LiveEngineClockTest, TenYearsAheadItComesToRest) {
  Start(kBurst);
  clock_.Set(kStart + 3650 * kDay);
  Pass(10 * kSecond);
  for (int i = 0; i < 4; ++i) Say("burst a");
  Pass(2 * kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Burst a"));
}

TEST_F(LiveEngineClockTest, LinesOfTomorrowTakeNoTimeFromThoseOfToday) {
  Start(kBurst);
  Pass(kMinute);
  for (int i = 0; i < 3; ++i) Say("burst tomorrow", clock_.Now() + kDay);
  Pass(kMinute);
  for (int i = 0; i < 4; ++i) Say("burst today");
  Pass(kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Burst today"));
}

TEST_F(LiveEngineClockTest, AMachineThatSleptEightHoursMissesNothing) {
  Start(kQuiet);
  Beat(10);
  clock_.Set(clock_.Now() + 8 * kHour);
  Settle();
  Beat(10);
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(LiveEngineClockTest, WhatIsSilentAfterTheSleepIsAbsentAfterOneWindow) {
  Start(kQuiet);
  Beat(10);
  clock_.Set(clock_.Now() + 8 * kHour);
  Pass(4 * kMinute, 5 * kSecond);
  EXPECT_THAT(notebook_.lines(), IsEmpty());
  Pass(2 * kMinute, 5 * kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Quiet "));
}

TEST_F(LiveEngineClockTest, AnAbsenceThatFiresIsNotEndedBySleep) {
  Start(kQuiet);
  Beat(10);
  Pass(6 * kMinute, 5 * kSecond);
  clock_.Set(clock_.Now() + 8 * kHour);
  Pass(10 * kMinute, 5 * kSecond);
  EXPECT_THAT(Told(), ElementsAre("firing Quiet "));
}

// The lines went on while it was down, so nothing was absent.
TEST_F(LiveEngineClockTest, ItsOwnDowntimeIsNoAbsence) {
  for (const int minutes : {4, 10}) {
    Start(kQuiet);
    Beat(10);
    Stop();
    for (int i = 0; i < minutes; ++i) {
      Say("beat");
      clock_.Pass(kMinute);
    }
    Start(kQuiet);
    Beat(6);
    Stop();
  }
  EXPECT_THAT(notebook_.lines(), IsEmpty());
}

}  // namespace
}  // namespace tallybell
