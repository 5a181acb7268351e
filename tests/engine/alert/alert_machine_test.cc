// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/alert/alert_machine.h"

#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr auto kPending = AlertState::kPending;
constexpr auto kFiring = AlertState::kFiring;
constexpr auto kInactive = AlertState::kInactive;
constexpr auto kResolved = AlertState::kResolved;

// An alert that is led through time.
class LedAlert {
 public:
  explicit LedAlert(AlertPolicy policy) : policy_(policy) {}

  std::optional<AlertState> True(TimeNs at) { return AdvanceAlert(policy_, {at, true}, &status_); }
  std::optional<AlertState> False(TimeNs at) {
    return AdvanceAlert(policy_, {at, false}, &status_);
  }
  std::optional<AlertState> Ended(TimeNs at) {
    return AdvanceAlert(policy_, {at, false, /*ended=*/true}, &status_);
  }
  TimeNs Timer() const { return NextAlertTimer(policy_, status_); }
  const AlertStatus& status() const { return status_; }

 private:
  AlertPolicy policy_;
  AlertStatus status_;
};

TEST(AlertMachineTest, WithoutForItFiresAtOnce) {
  LedAlert alert({});
  EXPECT_EQ(alert.True(10), kFiring);
  EXPECT_EQ(alert.status().since, 10);
  EXPECT_EQ(alert.Timer(), kNever);
}

TEST(AlertMachineTest, WithoutKeepFiringForItResolvesAtOnce) {
  LedAlert alert({});
  alert.True(10);
  EXPECT_EQ(alert.False(20), kResolved);
  EXPECT_EQ(alert.status().state, kInactive);
  EXPECT_EQ(alert.status().since, kNoTime);
}

TEST(AlertMachineTest, AFifthMatchDoesNotRingAgain) {
  LedAlert alert({});
  alert.True(10);
  EXPECT_EQ(alert.True(11), std::nullopt);
  EXPECT_EQ(alert.status().since, 10);
}

TEST(AlertMachineTest, TrueForTheHoldItFiresAtItsEnd) {
  LedAlert alert({/*hold=*/5});
  EXPECT_EQ(alert.True(10), kPending);
  EXPECT_EQ(alert.Timer(), 15);
  EXPECT_EQ(alert.True(14), std::nullopt);
  EXPECT_EQ(alert.Timer(), 15);
  EXPECT_EQ(alert.True(15), kFiring);
  EXPECT_EQ(alert.status().since, 15);
}

TEST(AlertMachineTest, FalseAtTheEndOfTheHoldItDoesNotFire) {
  LedAlert alert({/*hold=*/5});
  alert.True(10);
  EXPECT_EQ(alert.False(15), kInactive);
  EXPECT_EQ(alert.Timer(), kNever);
}

TEST(AlertMachineTest, AHoldThatWasBrokenBeginsAnew) {
  LedAlert alert({/*hold=*/5});
  alert.True(10);
  EXPECT_EQ(alert.False(12), kInactive);
  EXPECT_EQ(alert.True(13), kPending);
  EXPECT_EQ(alert.Timer(), 18);
}

TEST(AlertMachineTest, KeepsFiringUntilItHasBeenFalseLongEnough) {
  LedAlert alert({0, /*keep_firing_for=*/5});
  alert.True(10);
  EXPECT_EQ(alert.False(20), std::nullopt);
  EXPECT_EQ(alert.Timer(), 25);
  EXPECT_EQ(alert.False(24), std::nullopt);
  EXPECT_EQ(alert.False(25), kResolved);
}

TEST(AlertMachineTest, TrueAgainItKeepsFiringAndItsStart) {
  LedAlert alert({0, /*keep_firing_for=*/5});
  alert.True(10);
  alert.False(20);
  EXPECT_EQ(alert.True(25), std::nullopt);
  EXPECT_EQ(alert.Timer(), kNever);
  EXPECT_EQ(alert.status().since, 10);
  EXPECT_EQ(alert.False(30), std::nullopt);
  EXPECT_EQ(alert.Timer(), 35);
}

TEST(AlertMachineTest, AClearDoesNotWaitForKeepFiringFor) {
  LedAlert alert({0, /*keep_firing_for=*/5});
  alert.True(10);
  EXPECT_EQ(alert.Ended(11), kResolved);
  alert.True(12);
  alert.False(13);
  EXPECT_EQ(alert.Ended(14), kResolved);
}

TEST(AlertMachineTest, AClearEndsAPendingAlertTooAndSaysNothingOfAnInactiveOne) {
  LedAlert alert({/*hold=*/5});
  EXPECT_EQ(alert.Ended(9), std::nullopt);
  alert.True(10);
  EXPECT_EQ(alert.Ended(11), kInactive);
  EXPECT_EQ(alert.False(12), std::nullopt);
}

TEST(AlertMachineTest, DurationsNearTheEndOfTimeNeverRunOut) {
  LedAlert alert({kNever, kNever});
  EXPECT_EQ(alert.True(10), kPending);
  EXPECT_EQ(alert.Timer(), kNever);
  LedAlert kept({0, kNever});
  kept.True(10);
  EXPECT_EQ(kept.False(20), std::nullopt);
  EXPECT_EQ(kept.Timer(), kNever);
}

// The same in hindsight: each instant is judged from the whole list of those before it.
std::vector<std::string> InHindsight(const AlertPolicy& policy,
                                     const std::vector<AlertLook>& looks) {
  std::vector<std::string> steps;
  bool firing = false;
  TimeNs true_since = kNoTime;   // of the unbroken run of trues that ends here
  TimeNs false_since = kNoTime;  // of the unbroken run of falses that ends here
  for (const AlertLook& look : looks) {
    const bool was_pending = !firing && true_since != kNoTime;
    if (look.holds) {
      if (true_since == kNoTime) true_since = look.at;
      false_since = kNoTime;
      if (!firing && look.at - true_since >= policy.hold) {
        firing = true;
        steps.push_back(absl::StrCat(look.at, " firing"));
      } else if (!firing && !was_pending) {
        steps.push_back(absl::StrCat(look.at, " pending"));
      }
      continue;
    }
    true_since = kNoTime;
    if (false_since == kNoTime) false_since = look.at;
    if (firing && (look.ended || look.at - false_since >= policy.keep_firing_for)) {
      firing = false;
      steps.push_back(absl::StrCat(look.at, " resolved"));
    } else if (was_pending) {
      steps.push_back(absl::StrCat(look.at, " inactive"));
    }
  }
  return steps;
}

TEST(AlertMachineTest, AgreesWithHindsightOnRandomLooks) {
  constexpr uint32_t kSeed = 41;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 3'000; ++round) {
    const AlertPolicy policy = {static_cast<DurationNs>(random() % 4 * 3),
                                static_cast<DurationNs>(random() % 4 * 3)};
    AlertStatus status;
    std::vector<AlertLook> looks;
    std::vector<std::string> steps;
    TimeNs at = 0;
    for (int i = 0; i < 30; ++i) {
      at += 1 + random() % 4;
      AlertLook look = {at, random() % 2 == 0, false};
      look.ended = !look.holds && random() % 5 == 0;
      looks.push_back(look);
      const std::optional<AlertState> entered = AdvanceAlert(policy, look, &status);
      if (entered.has_value()) steps.push_back(absl::StrCat(at, " ", AlertStateName(*entered)));
      // A timer that has run out by now would have been looked at.
      ASSERT_GT(NextAlertTimer(policy, status), at) << "seed " << kSeed << ", round " << round;
    }
    ASSERT_EQ(steps, InHindsight(policy, looks)) << "seed " << kSeed << ", round " << round;
  }
}

}  // namespace
}  // namespace tallybell
