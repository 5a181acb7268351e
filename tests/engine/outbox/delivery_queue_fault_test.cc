// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/outbox/delivery_queue.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/outbox/queue_fixture.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Verdict::Kind;

TEST(DeliveryQueueFaultTest, OffersAgainAMinuteLaterWhatTheReceiverKeptNothingOf) {
  QueueFixture q(LikeAlerta());
  const TimeNs start = q.Time();
  q.Fire("a");
  EXPECT_THAT(q.Attempt(Kind::kDeferred), ElementsAre("a firing 0s"));
  EXPECT_EQ(q.Wait(), kMinute);
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(Kind::kDeferred), ElementsAre("a firing 0s"));
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(Kind::kAccepted), ElementsAre("a firing 0s"));
  q.End("a", start);
  EXPECT_THAT(q.Attempt(Kind::kDeferred), ElementsAre("a end 0s+2m"));
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(Kind::kAccepted), ElementsAre("a end 0s+2m"));
  EXPECT_EQ(q.Count("sink_deferred_total"), 3);
  EXPECT_THAT(q.HistoryKinds(), ElementsAre("deferred", "told", "deferred", "told"));
}

TEST(DeliveryQueueFaultTest, WhatIsDeferredGivesWayToALaterState) {
  QueueFixture q(LikeAlerta());
  TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kDeferred);
  q.End("a", start);
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(Kind::kDeferred), ElementsAre("a end 0s+0s"));
  start = q.Time();
  q.Fire("a");
  EXPECT_THAT(q.Attempt(Kind::kAccepted), ElementsAre("a firing 1m"));
  q.End("a", start);
  EXPECT_THAT(q.Attempt(Kind::kAccepted), ElementsAre("a end 1m+0s"));
  EXPECT_THAT(q.disk(), IsEmpty());
}

TEST(DeliveryQueueFaultTest, BacksOffExponentiallyAndRecoversAtOnce) {
  QueueFixture q(LikeAlertmanager());
  q.Fire("a");
  DurationNs expected = kSecond;
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(q.Attempt(Kind::kRetry), ElementsAre("a firing 0s"));
    const DurationNs wait = q.Wait().value();
    EXPECT_LE(wait, expected);
    EXPECT_GE(wait, expected * 3 / 4);
    q.Advance(wait);
    expected = std::min(2 * expected, 45 * kSecond);
  }
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  q.Fire("b");
  EXPECT_EQ(q.Wait(), 0);
  EXPECT_EQ(q.Count("sink_attempts_failed_total"), 20);
}

TEST(DeliveryQueueFaultTest, MakesFewRequestsInAnOutageAndLosesNothing) {
  QueueFixture q(LikeAlerta());
  for (int i = 0; i < 1000; ++i) q.Fire(absl::StrCat("h", i));
  const TimeNs end = q.Time() + 5 * kMinute;
  int requests = 0;
  while (q.Time() < end) {
    if (!q.Attempt(requests % 2 ? Kind::kRetry : Kind::kSuspect).empty()) ++requests;
    q.Advance(std::max<DurationNs>(q.Wait().value(), kMillisecond));
  }
  EXPECT_LE(requests, 30);
  size_t told = 0;
  while (!q.Attempt().empty()) ++told;
  EXPECT_EQ(told, 1000u);
  EXPECT_EQ(q.Count("sink_parked_total"), 0);
}

// However long nobody was there, everything is told within a minute after somebody is.
TEST(DeliveryQueueFaultTest, TellsAllWithinAMinuteAfterAnOutageOfAnyLength) {
  const std::pair<DurationNs, int> outages[] = {
      {kMinute, 500}, {10 * kMinute, 5'000}, {5 * kHour, 100}};
  for (const auto& [outage, alerts] : outages) {
    QueueFixture q(LikeAlertmanager());
    std::set<std::string> waiting;
    for (int i = 0; i < alerts; ++i) {
      q.Fire(absl::StrCat("h", i));
      waiting.insert(absl::StrCat("h", i, " firing 0s"));
    }
    const TimeNs back = q.Time() + outage;
    while (q.Time() < back) {
      q.Attempt(Kind::kRetry);
      q.Advance(std::min(std::max<DurationNs>(q.Wait().value(), kMillisecond), back - q.Time()));
    }
    const DurationNs first = q.Wait().value();
    EXPECT_LE(first, 45 * kSecond);
    q.Advance(first);
    int requests = 0;
    for (; !waiting.empty(); ++requests) {
      ASSERT_EQ(q.Wait(), 0);  // it answers, so nothing is waited for any more
      for (const std::string& told : q.Attempt()) waiting.erase(told);
    }
    EXPECT_EQ(requests, (alerts + 63) / 64);
    EXPECT_EQ(q.Count("outbox_dropped_total") + q.Count("sink_parked_total"), 0);
  }
}

// A receiver that is away while far more happens than there is room for: what is dropped is
// counted, what has ended goes before what fires, and what is grave is there when the receiver is
// back.
TEST(DeliveryQueueFaultTest, KeepsWhatIsGraveInAFullQueueAndCountsEachThatGoes) {
  QueueFixture q(LikeAlertmanager());
  q.set_max_episodes(1'000);
  const TimeNs start = q.Time();
  for (int i = 0; i < 600; ++i) q.Fire(absl::StrCat("info", i), "info");
  for (int i = 0; i < 300; ++i) q.Fire(absl::StrCat("ended", i), "critical");
  for (int i = 0; i < 300; ++i) q.End(absl::StrCat("ended", i), start, "critical");
  for (int i = 0; i < 500; ++i) q.Fire(absl::StrCat("grave", i), "critical");
  EXPECT_EQ(q.Count("outbox_dropped_total"), 400);
  EXPECT_EQ(q.Count("outbox_waiting"), 1'000);
  EXPECT_EQ(q.HistoryKinds(), std::vector<std::string>(400, "dropped"));
  std::map<std::string, int> told;
  for (auto words = q.Attempt(); !words.empty(); words = q.Attempt()) {
    for (const std::string& word : words) ++told[word.substr(0, word.find_first_of("0123456789"))];
  }
  EXPECT_EQ(told["grave"], 500);
  // The newest hundred gave way when nothing was left that had ended.
  EXPECT_EQ(told["info"], 500);
  EXPECT_EQ(told["ended"], 0);
}

TEST(DeliveryQueueFaultTest, WaitsAsLongAsItIsAsked) {
  QueueFixture q(Plain());
  q.Fire("a");
  Verdict verdict;
  verdict.retry_after = 30 * kSecond;
  q.Attempt(Kind::kRetry, verdict);
  EXPECT_GE(q.Wait().value(), 30 * kSecond);
  EXPECT_LE(q.Wait().value(), 33 * kSecond);
  q.Advance(q.Wait().value());
  verdict.retry_after = 1'000'000'000 * kSecond;
  q.Attempt(Kind::kRetry, verdict);
  EXPECT_LE(q.Wait().value(), 5 * kMinute);
}

TEST(DeliveryQueueFaultTest, LeavesAReceiverThatRefusesTheKeyAloneForLong) {
  QueueFixture q(Plain());
  q.Fire("a");
  Verdict verdict;
  verdict.unauthorized = true;
  q.Attempt(Kind::kRetry, verdict);
  EXPECT_GE(q.Wait().value(), 3 * kMinute);
  EXPECT_LE(q.Wait().value(), 5 * kMinute);
  q.Advance(q.Wait().value());
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
}

TEST(DeliveryQueueFaultTest, ParksWhatIsRejectedAndGoesOnWithTheRest) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  for (const char* host : {"a", "b", "c"}) q.Fire(host);
  const std::vector<Offer> offers = q.Take();
  ASSERT_EQ(offers.size(), 3u);
  std::vector<Verdict> verdicts(3);
  verdicts[0].kind = verdicts[2].kind = Kind::kAccepted;
  verdicts[1] = {Kind::kRejected, "400 bad name", 0, false};
  q.Answer(offers, verdicts);
  EXPECT_EQ(q.Wait(), kMinute);  // no back-off: it answers
  EXPECT_EQ(q.Count("sink_parked_total"), 1);
  EXPECT_EQ(q.Count("outbox_waiting"), 0);
  EXPECT_THAT(q.HistoryKinds(), ElementsAre("told", "parked", "told"));
  EXPECT_THAT(q.disk().at(5).state, HasSubstr("\"reason\":\"400 bad name\""));
  // Its end is of no interest to who does not know it; the dead letter stays, over a restart too.
  q.End("b", start);
  q.Restart();
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s", "c firing again 0s"));
  EXPECT_EQ(q.disk().count(4), 1u);
  // When it fires again, it is tried again.
  q.Advance(kSecond);
  q.Fire("b");
  EXPECT_THAT(q.Attempt(), ElementsAre("b firing 1s"));
}

TEST(DeliveryQueueFaultTest, AParkedAlertThatIsSaidAgainStaysParked) {
  QueueFixture q(Plain());
  q.Fire("a");
  q.Attempt(Kind::kRejected);
  q.Fire("a");
  EXPECT_EQ(q.Wait(), std::nullopt);
}

TEST(DeliveryQueueFaultTest, OneAlertAtFaultIsParkedAfterAFewTriesAndHoldsNobodyUp) {
  QueueFixture q(LikeAlerta());
  q.Fire("poison");
  for (int i = 0; i < 5; ++i) q.Fire(absl::StrCat("h", i));
  int told = 0;
  int tries = 0;
  for (int i = 0; i < 100 && q.Count("sink_parked_total") == 0; ++i) {
    const std::vector<Offer> offers = q.Take();
    for (const Offer& offer : offers) {
      const bool poison = offer.alert.labels.Get("host") == "poison";
      (poison ? tries : told)++;
      q.Answer(offers, {Verdict{poison ? Kind::kSuspect : Kind::kAccepted, "500", 0, false}});
    }
    q.Advance(q.Wait().value());
  }
  EXPECT_EQ(q.Count("sink_parked_total"), 1);
  EXPECT_EQ(told, 5);
  EXPECT_LE(tries, 4);
}

TEST(DeliveryQueueFaultTest, ALonelyAlertThatFailsIsDoubtedForAnHourBeforeItIsParked) {
  QueueFixture q(LikeAlerta());
  const TimeNs start = q.Time();
  q.Fire("a");
  while (q.Count("sink_parked_total") == 0) {
    ASSERT_THAT(q.Attempt(Kind::kSuspect), ElementsAre("a firing 0s"));
    ASSERT_LT(q.Time(), start + 2 * kHour);
    if (q.Wait().has_value()) q.Advance(*q.Wait());
  }
  EXPECT_GE(q.Time(), start + kHour);
}

TEST(DeliveryQueueFaultTest, OneThatNeverAnswersForOneAlertStillTakesTheOthers) {
  QueueFixture q(Plain());
  q.Fire("slow");
  q.Attempt(Kind::kRetry);
  q.Fire("a");
  q.Fire("b");
  q.Advance(q.Wait().value());
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("b firing 0s"));
}

TEST(DeliveryQueueFaultTest, ARepeatThatIsRejectedIsTriedAgainWithTheNextTurn) {
  QueueFixture q(LikeAlertmanager());
  q.Fire("a");
  q.Attempt();
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(Kind::kRejected), ElementsAre("a firing again 0s"));
  EXPECT_EQ(q.Wait(), kMinute);
  EXPECT_EQ(q.Count("sink_parked_total"), 0);
}

TEST(DeliveryQueueFaultTest, ASinkThatSaysTooLittleIsAskedAgain) {
  QueueFixture q(LikeAlertmanager());
  q.Fire("a");
  q.Fire("b");
  q.Answer(q.Take(), {Verdict{Kind::kAccepted, "", 0, false}});
  q.Advance(q.Wait().value());
  EXPECT_THAT(q.Attempt(), ElementsAre("b firing 0s"));
}

}  // namespace
}  // namespace tallybell
