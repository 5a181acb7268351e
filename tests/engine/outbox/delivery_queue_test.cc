// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

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

TEST(DeliveryQueueTest, TellsAFiringAndThenItsEnd) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_EQ(q.Wait(), std::nullopt);
  q.Advance(kMinute);
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
  EXPECT_EQ(q.Wait(), std::nullopt);
  EXPECT_THAT(q.disk(), IsEmpty());
  EXPECT_THAT(q.HistoryKinds(), ElementsAre("told", "told"));
  EXPECT_THAT(q.history()[0].detail, HasSubstr("\"answer\":\"words\""));
  EXPECT_EQ(q.Count("sink_notices_sent_total"), 2);
}

TEST(DeliveryQueueTest, TellsNothingBeforeItIsCommitted) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Say(AlertUpdate::Kind::kFiring, TestAlert("a", start), false);
  EXPECT_EQ(q.Wait(), std::nullopt);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  q.CommitPending();
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  Alert ended = TestAlert("a", start);
  ended.ends_at = q.Time();
  q.Say(AlertUpdate::Kind::kResolved, ended, false);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  q.CommitPending();
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+0s"));
}

TEST(DeliveryQueueTest, GoesOnRepeatingAFiringWhoseEndIsNotCommitted) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kHour);
  Alert ended = TestAlert("a", start);
  ended.ends_at = q.Time();
  q.Say(AlertUpdate::Kind::kResolved, ended, false);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s"));
  q.CommitPending();
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1h"));
}

TEST(DeliveryQueueTest, TellsTheFiringBeforeTheEndHoweverLateItIs) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Advance(kMinute);
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
}

TEST(DeliveryQueueTest, TellsEachEpisodeOfAnOutageWithItsOwnStart) {
  QueueFixture q(Plain());
  for (int i = 0; i < 3; ++i) {
    const TimeNs start = q.Time();
    q.Fire("a");
    q.Advance(kMinute);
    if (i < 2) q.End("a", start);
    q.Advance(kMinute);
  }
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 2m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 2m+1m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 4m"));
  EXPECT_THAT(q.Attempt(), IsEmpty());
}

TEST(DeliveryQueueTest, KeepsTenEpisodesThatNobodyTookAndCountsTheRest) {
  QueueFixture q(Plain());
  for (int i = 0; i < 13; ++i) {
    const TimeNs start = q.Time();
    q.Fire("a");
    q.Advance(kMinute);
    q.End("a", start);
  }
  EXPECT_EQ(q.Count("outbox_dropped_total"), 3);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 3m"));
  EXPECT_EQ(q.disk().size(), 11u);  // ten, and the answer to the first
}

TEST(DeliveryQueueTest, AFiringSaidAgainOnlyMovesItsStartBack) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  const auto before = q.disk().at(2).state;
  q.Say(AlertUpdate::Kind::kFiring, TestAlert("a", start + kMinute));
  EXPECT_EQ(q.disk().at(2).state, before);
  q.Say(AlertUpdate::Kind::kFiring, TestAlert("a", start - kMinute));
  EXPECT_NE(q.disk().at(2).state, before);
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again -1m"));
}

TEST(DeliveryQueueTest, AChangeOfValueMakesNoRowAndIsToldWithTheNextRepeat) {
  QueueFixture q(LikeAlertmanager());
  Alert alert = TestAlert("a", q.Time());
  q.Fire("a");
  q.Attempt();
  const auto before = q.disk().at(2).state;
  alert.value = 9;
  alert.evidence.push_back({"a.log", 20, "newer"});
  q.Say(AlertUpdate::Kind::kValue, alert);
  EXPECT_EQ(q.disk().at(2).state, before);
  EXPECT_THAT(q.Take(), IsEmpty());
  q.Advance(kMinute);
  const std::vector<Offer> offers = q.Take();
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(offers[0].alert.value, 9);
  EXPECT_EQ(offers[0].alert.evidence.size(), 2u);
  EXPECT_EQ(offers[0].first_value, 4);
}

TEST(DeliveryQueueTest, RepeatsAFiringEveryMinuteAndItsEndForFifteen) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(q.Wait(), kMinute);
    q.Advance(kMinute);
    EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s"));
  }
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+10m"));
  EXPECT_THAT(q.disk(), IsEmpty());
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(q.Wait(), kMinute);
    q.Advance(kMinute);
    EXPECT_THAT(q.Attempt(), ElementsAre("a end again 0s+10m"));
  }
  q.Advance(kMinute);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_EQ(q.Wait(), std::nullopt);
  EXPECT_EQ(q.Count("sink_notices_sent_total"), 27);
  EXPECT_THAT(q.HistoryKinds(), ElementsAre("told", "told"));
}

TEST(DeliveryQueueTest, HoldsAnEndUntilTheReceiverHadTheFiringLongEnough) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Advance(kSecond);
  q.Attempt();  // the hold counts from here
  q.Advance(kSecond);
  q.End("a", start);
  for (int i = 0; i < 5; ++i) {
    q.Advance(i == 0 ? kMinute - kSecond : kMinute);
    EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s"));
  }
  EXPECT_EQ(q.Wait(), 30 * kSecond);
  q.Advance(30 * kSecond);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+2s"));
}

TEST(DeliveryQueueTest, WhatFiresAgainDuringTheHoldStaysOneAlert) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kMinute);
  q.End("a", start);
  q.Advance(kMinute);
  const TimeNs again = q.Time();
  q.Fire("a");
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s"));
  q.Advance(kHour);
  q.End("a", again);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1h2m"));
}

TEST(DeliveryQueueTest, TheHoldGoesOnOverARestart) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kMinute);
  q.End("a", start);
  q.Advance(2 * kMinute);
  q.Restart();
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 0s"));  // it may have been forgotten
  q.Advance(2 * kMinute + 30 * kSecond);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
}

TEST(DeliveryQueueTest, WhatFiresAfterItsEndWasTakenIsANewEpisode) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kHour);
  q.End("a", start);
  q.Attempt();
  q.Advance(30 * kSecond);
  q.Fire("a");
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 1h30s"));
  q.Advance(kMinute);
  // The end of the first is not repeated any more.
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing again 1h30s"));
}

TEST(DeliveryQueueTest, WhatFiresWhileItsEndIsOnTheWayIsANewEpisode) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kMinute);
  q.End("a", start);
  const std::vector<Offer> end = q.Take();
  q.Advance(kSecond);
  q.Fire("a");
  EXPECT_THAT(q.Take(), IsEmpty());  // one in flight for each alert
  q.Answer(end, {Verdict{Kind::kAccepted, "", 0, false}});
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 1m1s"));
}

TEST(DeliveryQueueTest, RecordsButDoesNotTellWhatEndedTooLongAgo) {
  QueueFixture q(Plain());
  Alert old = TestAlert("a", q.Time() - 14 * kHour);
  q.Say(AlertUpdate::Kind::kFiring, old);
  old.ends_at = q.Time() - 13 * kHour;
  q.Say(AlertUpdate::Kind::kResolved, old);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_THAT(q.disk(), IsEmpty());
  EXPECT_THAT(q.HistoryKinds(), ElementsAre("skipped"));
  // One whose firing was told ends for the receiver too, however late.
  Alert told = TestAlert("b", q.Time() - 14 * kHour);
  q.Say(AlertUpdate::Kind::kFiring, told);
  q.Attempt();
  told.ends_at = q.Time() - 13 * kHour;
  q.Say(AlertUpdate::Kind::kResolved, told);
  EXPECT_THAT(q.Attempt(), ElementsAre("b end -14h+1h"));
}

TEST(DeliveryQueueTest, TellsFiringAndEndOfWhatItNeverHeardOf) {
  QueueFixture q(Plain());
  q.End("a", q.Time() - kMinute);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing -1m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end -1m+1m"));
}

TEST(DeliveryQueueTest, DoesNotTellEndsToAReceiverThatWantsNone) {
  SinkPolicy policy = Plain();
  policy.wants_resolved = false;
  QueueFixture q(policy);
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_THAT(q.disk(), IsEmpty());
}

TEST(DeliveryQueueTest, WhenItIsFullTheOldestEndedGoThenTheLeastGrave) {
  QueueFixture q(Plain());
  q.set_max_episodes(5);
  const TimeNs start = q.Time();
  q.Fire("ended1", "critical");
  q.End("ended1", start, "critical");
  q.Fire("ended2", "critical");
  q.End("ended2", start, "critical");
  q.Fire("info", "info");
  q.Fire("warning", "warning");
  q.Fire("critical1", "critical");
  EXPECT_EQ(q.Count("outbox_dropped_total"), 0);
  for (int i = 2; i < 6; ++i) q.Fire(absl::StrCat("critical", i), "critical");
  EXPECT_EQ(q.Count("outbox_dropped_total"), 4);
  q.Fire("debug", "debug");  // less grave than all that wait
  EXPECT_EQ(q.Count("outbox_dropped_total"), 5);
  std::vector<std::string> told;
  for (auto words = q.Attempt(); !words.empty(); words = q.Attempt()) told.push_back(words[0]);
  EXPECT_THAT(told, ElementsAre("critical1 firing 0s", "critical2 firing 0s", "critical3 firing 0s",
                                "critical4 firing 0s", "critical5 firing 0s"));
  EXPECT_EQ(q.Count("outbox_waiting"), 0);
}

TEST(DeliveryQueueTest, CountsWhatWaits) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Fire("b");
  EXPECT_EQ(q.Count("outbox_waiting"), 2);
  q.Attempt();
  EXPECT_EQ(q.Count("outbox_waiting"), 0);
  q.End("a", start);
  EXPECT_EQ(q.Count("outbox_waiting"), 1);
}

TEST(DeliveryQueueTest, GoesOnAfterARestartWhereItWas) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("told");
  q.Attempt();
  q.Fire("untold");
  q.Advance(kMinute);
  q.Fire("ended");
  q.End("told", start);
  q.Restart();
  EXPECT_THAT(q.Attempt(), ElementsAre("untold firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("ended firing 1m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("told end 0s+1m"));
  EXPECT_THAT(q.Attempt(), IsEmpty());
  q.Fire("new");
  EXPECT_THAT(q.Attempt(), ElementsAre("new firing 1m"));
  EXPECT_EQ(q.disk().size(), 6u);
}

TEST(DeliveryQueueTest, ErasesRowsThatMakeNoSenseAndCountsThem) {
  QueueFixture q(Plain());
  q.Fire("a");
  for (int64_t id = 100; id < 110; id += 2) q.disk()[id] = {"test", id, "0000", "{", false};
  q.disk()[200] = {"test", 200, "0000", "{\"labels\":5}", false};
  q.disk()[301] = {"test", 301, "0000", "{\"v\":1}", false};  // an answer to nothing
  q.Restart();
  EXPECT_EQ(q.disk().size(), 1u);
  EXPECT_EQ(q.Count("outbox_dropped_total"), 6);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
}

}  // namespace
}  // namespace tallybell
