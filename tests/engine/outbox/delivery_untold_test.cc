// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What waits or is parked, as people see it, and what they can do about it.

#include <algorithm>
#include <map>
#include <random>

#include "engine/outbox/delivery_record.h"
#include "engine/outbox/stored_outbox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/outbox/queue_fixture.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Verdict::Kind;

Verdict Answering(absl::string_view answer) {
  Verdict verdict;
  verdict.answer = std::string(answer);
  return verdict;
}

// What became of each state, in words.
std::vector<std::string> Records(const QueueFixture& q) {
  std::vector<std::string> words;
  for (const HistoryRow& row : q.history()) {
    const auto record = DeliveryRecordOf(row);
    EXPECT_TRUE(record.has_value()) << row.detail;
    if (!record.has_value()) continue;
    words.push_back(absl::StrCat(record->kind, " ", record->state, " ", record->attempts));
  }
  return words;
}

TEST(DeliveryUntoldTest, ListsWhatWaitsWithItsAttemptsAndTheLastAnswer) {
  QueueFixture q(Plain());
  q.Fire("a");
  ASSERT_EQ(q.Untold().size(), 1u);
  EXPECT_EQ(q.Untold()[0].attempts, 0);
  EXPECT_EQ(q.Untold()[0].offered_at, kNoTime);
  const TimeNs first = q.Time();
  q.Attempt(Kind::kRetry, Answering("503"));
  q.Advance(*q.Wait());
  q.Attempt(Kind::kRetry, Answering("no connection"));
  const Untold untold = q.Untold()[0];
  EXPECT_EQ(untold.attempts, 2);
  EXPECT_EQ(untold.offered_at, first);
  EXPECT_EQ(untold.answer, "no connection");
  EXPECT_EQ(untold.next_attempt, q.Time() + *q.Wait());
  EXPECT_FALSE(untold.end);
  EXPECT_FALSE(untold.parked);
  EXPECT_EQ(untold.since(), untold.alert->starts_at);
  q.Advance(*q.Wait());
  q.Attempt();
  EXPECT_THAT(q.Untold(), IsEmpty());
  EXPECT_THAT(Records(q), ElementsAre("failed firing 1", "told firing 3"));
}

TEST(DeliveryUntoldTest, WhatWaitsIsTheSameAfterARestart) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Fire("b");
  q.Attempt(Kind::kRetry, Answering("503"));
  const std::vector<Untold> before = q.Untold();
  q.Restart();
  const std::vector<Untold> after = q.Untold();
  ASSERT_EQ(after.size(), 2u);
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].id, before[i].id);
    EXPECT_EQ(after[i].attempts, 1);
    EXPECT_EQ(after[i].answer, "503");
    EXPECT_EQ(after[i].offered_at, start);
    EXPECT_EQ(after[i].next_attempt, before[i].next_attempt);
  }
  EXPECT_NE(before[0].id, before[1].id);
  q.Attempt();
  EXPECT_THAT(q.Untold(), IsEmpty());
}

TEST(DeliveryUntoldTest, AnEndThatIsHeldSaysUntilWhen) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  const TimeNs until = q.Time() + 5 * kMinute + 30 * kSecond;
  q.Advance(kSecond);
  q.End("a", start);
  ASSERT_EQ(q.Untold().size(), 1u);
  EXPECT_TRUE(q.Untold()[0].end);
  EXPECT_EQ(q.Untold()[0].next_attempt, until);
  EXPECT_THAT(Records(q), ElementsAre("told firing 1", "held resolved 0"));
  EXPECT_EQ(DeliveryRecordOf(q.history()[1])->until, until);
}

TEST(DeliveryUntoldTest, SaysWhyAnEndOrAFiringWasNotTold) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.Advance(kSecond);
  q.End("a", start);
  q.Advance(kSecond);
  q.Fire("a");
  EXPECT_THAT(Records(q), ElementsAre("told firing 1", "held resolved 0", "superseded resolved 0",
                                      "merged firing 0"));
  EXPECT_EQ(DeliveryRecordOf(q.history()[3])->starts_at, start + 2 * kSecond);

  SinkPolicy no_ends = Plain();
  no_ends.wants_resolved = false;
  QueueFixture deaf(no_ends);
  const TimeNs then = deaf.Time();
  deaf.Fire("a");
  deaf.Attempt();
  deaf.End("a", then);
  EXPECT_THAT(Records(deaf), ElementsAre("told firing 1", "skipped resolved 0"));
}

TEST(DeliveryUntoldTest, WhatALaterFiringTookThePlaceOfIsSaid) {
  QueueFixture q(LikeAlerta());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kDeferred, Answering("202"));
  q.End("a", start);
  q.Advance(DeliveryQueue::kDeferral);
  q.Fire("a");
  q.Attempt(Kind::kDeferred, Answering("202"));
  EXPECT_THAT(Records(q),
              ElementsAre("deferred firing 1", "superseded firing 1", "deferred firing 1"));
}

TEST(DeliveryUntoldTest, WhatIsParkedIsOfferedAnewWhenItIsRetried) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kRejected, Answering("400 bad label"));
  ASSERT_EQ(q.Untold().size(), 1u);
  const Untold parked = q.Untold()[0];
  EXPECT_TRUE(parked.parked);
  EXPECT_EQ(parked.answer, "400 bad label");
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(q.Retry("0123456789ab")));
  ASSERT_TRUE(q.Retry(parked.id).ok());
  EXPECT_EQ(q.Untold()[0].id, parked.id);
  EXPECT_FALSE(q.Untold()[0].parked);
  EXPECT_TRUE(absl::IsNotFound(q.Retry(parked.id)));
  q.Restart();  // it is durable
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  q.Advance(kMinute);
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
  EXPECT_THAT(q.disk(), IsEmpty());
  EXPECT_THAT(Records(q), ElementsAre("parked firing 1", "retried firing 0", "told firing 1",
                                      "told resolved 1"));
}

TEST(DeliveryUntoldTest, WhatEndedWhileItWasParkedIsToldWhole) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kRejected);
  q.Advance(kMinute);
  q.End("a", start);
  EXPECT_THAT(q.Attempt(), IsEmpty());
  EXPECT_EQ(q.RetryAll(), 1);
  EXPECT_EQ(q.RetryAll(), 0);
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
  EXPECT_THAT(q.disk(), IsEmpty());
}

TEST(DeliveryUntoldTest, WhatWasParkedIsNotToldAfterALaterFiring) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kRejected);
  const std::string id = q.Untold()[0].id;
  q.Advance(kMinute);
  q.End("a", start);
  q.Fire("a");
  const std::vector<Offer> offers = q.Take();
  EXPECT_TRUE(absl::IsFailedPrecondition(q.Retry(id)));
  q.Answer(offers, {Verdict{Kind::kAccepted, "", 0, false}});
  EXPECT_TRUE(absl::IsFailedPrecondition(q.Retry(id)));
  EXPECT_EQ(q.RetryAll(), 0);
}

TEST(DeliveryUntoldTest, WhatWasParkedIsToldBeforeALaterFiringThatWaits) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt(Kind::kRejected);
  const std::string id = q.Untold()[0].id;
  q.Advance(kMinute);
  q.End("a", start);
  q.Fire("a");
  ASSERT_TRUE(q.Retry(id).ok());
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 0s"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a end 0s+1m"));
  EXPECT_THAT(q.Attempt(), ElementsAre("a firing 1m"));
}

TEST(DeliveryUntoldTest, WhatWasDroppedIsNotToldNorItsEndButTheNextFiringIs) {
  for (const bool parked : {false, true}) {
    QueueFixture q(Plain());
    const TimeNs start = q.Time();
    q.Fire("a");
    if (parked) q.Attempt(Kind::kRejected);
    const std::string id = q.Untold()[0].id;
    EXPECT_TRUE(absl::IsNotFound(q.Drop("0123456789ab")));
    ASSERT_TRUE(q.Drop(id).ok());
    EXPECT_THAT(q.Untold(), IsEmpty());
    EXPECT_TRUE(absl::IsNotFound(q.Drop(id)));
    EXPECT_TRUE(absl::IsNotFound(q.Retry(id)));
    EXPECT_EQ(q.Count("outbox_waiting"), 0);
    q.Restart();
    // Said again after a restart, it is the same firing.
    q.Say(AlertUpdate::Kind::kFiring, TestAlert("a", start));
    EXPECT_THAT(q.Attempt(), IsEmpty());
    q.Advance(kMinute);
    q.End("a", start);
    EXPECT_THAT(q.Attempt(), IsEmpty());
    EXPECT_THAT(q.disk(), IsEmpty());
    q.Fire("a");
    EXPECT_THAT(q.Attempt(), ElementsAre("a firing 1m"));
  }
}

TEST(DeliveryUntoldTest, WhatIsBeingToldCannotBeDropped) {
  QueueFixture q(Plain());
  q.Fire("a");
  const std::string id = q.Untold()[0].id;
  const std::vector<Offer> offers = q.Take();
  EXPECT_TRUE(absl::IsUnavailable(q.Drop(id)));
  q.Answer(offers, {Answering("503")});
  EXPECT_TRUE(q.Drop(id).ok());
  EXPECT_THAT(q.disk().size(), 2u);  // that it fires, and that nobody is to hear of it
}

TEST(DeliveryUntoldTest, AnEndThatIsDroppedIsNotTold) {
  QueueFixture q(LikeAlertmanager());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.End("a", start);
  ASSERT_TRUE(q.Drop(q.Untold()[0].id).ok());
  EXPECT_EQ(q.Wait(), std::nullopt);
  EXPECT_THAT(q.disk(), IsEmpty());
}

TEST(DeliveryUntoldTest, AReceiverThatWantsNoEndsAnyMoreIsToldNone) {
  QueueFixture q(Plain());
  const TimeNs start = q.Time();
  q.Fire("a");
  q.Attempt();
  q.End("a", start);
  SinkPolicy no_ends = Plain();
  no_ends.wants_resolved = false;
  q.RestartWith(no_ends);
  EXPECT_EQ(q.Wait(), std::nullopt);
  EXPECT_THAT(q.disk(), IsEmpty());
}

// The few numbers are those of the list.
void ExpectStandingOf(const std::vector<Untold>& list, const ReceiverStanding& standing) {
  int64_t waiting = 0;
  int64_t parked = 0;
  TimeNs first = kNoTime;
  for (const Untold& untold : list) {
    ++(untold.parked ? parked : waiting);
    if (untold.parked || untold.offered_at == kNoTime) continue;
    first = first == kNoTime ? untold.offered_at : std::min(first, untold.offered_at);
  }
  EXPECT_EQ(standing.waiting, waiting);
  EXPECT_EQ(standing.parked, parked);
  EXPECT_EQ(standing.offered_at, first);
  if (first == kNoTime) return;
  const bool is_one_of_them = std::any_of(list.begin(), list.end(), [&](const Untold& untold) {
    return !untold.parked && untold.offered_at == first && untold.attempts == standing.attempts &&
           untold.answer == standing.answer && untold.next_attempt == standing.next_attempt;
  });
  EXPECT_TRUE(is_one_of_them);
}

// Of random states of a queue, the rows on disk say the same as the queue itself.
TEST(StoredOutboxTest, ListsWhatTheQueueLists) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    QueueFixture q(Plain());
    std::map<int, TimeNs> firing;
    for (int step = 0; step < 30; ++step) {
      q.Advance(static_cast<DurationNs>(random() % 120) * kSecond);
      const int host = static_cast<int>(random() % 4);
      const std::string name = absl::StrCat("h", host);
      switch (random() % 4) {
        case 0:
          if (firing.contains(host)) {
            q.End(name, firing[host]);
            firing.erase(host);
          } else {
            firing[host] = q.Time();
            q.Fire(name);
          }
          break;
        case 1:
          q.Attempt(Kind::kRejected, Answering("400"));
          break;
        default:
          q.Attempt(random() % 2 == 0 ? Kind::kAccepted : Kind::kRetry, Answering("503"));
      }
    }
    const auto words = [](const std::vector<Untold>& list) {
      std::vector<std::string> all;
      for (const Untold& u : list) {
        all.push_back(absl::StrCat(u.id, u.end, u.parked, u.attempts, u.answer, u.offered_at,
                                   FormatLabels(u.alert->labels), u.since()));
      }
      return all;
    };
    const StoredOutbox stored(q.Rows(), q.Now());
    EXPECT_EQ(words(stored.ListUntold()), words(q.Untold()));
    ExpectStandingOf(q.Untold(), q.Standing());
  }
}

TEST(StoredOutboxTest, EndsAnAlertForWhoeverWasToldOrIsToBeTold) {
  QueueFixture q(LikeAlertmanager());
  q.Fire("told");
  q.Attempt();
  q.Fire("waits");
  q.Advance(kMinute);
  StoredOutbox stored(q.Rows(), q.Now());
  Delta delta;
  const TimeNs now = q.Time();
  for (const char* host : {"told", "waits", "unknown"}) {
    const std::string fingerprint = FormatFingerprint(TestAlert(host, 0).Fingerprint());
    const std::optional<Alert> ended = stored.End(fingerprint, now, &delta);
    EXPECT_EQ(ended.has_value(), host != std::string("unknown"));
    if (!ended.has_value()) continue;
    EXPECT_EQ(ended->ends_at, now);
    EXPECT_EQ(ended->evidence.size(), 1u);
    EXPECT_FALSE(stored.End(fingerprint, now, &delta).has_value()) << "it has ended";
  }
  q.Write(delta);
  q.Restart();
  EXPECT_THAT(q.Attempt(), ElementsAre("waits firing 0s", "told firing again 0s"));
  q.Advance(10 * kMinute);
  EXPECT_THAT(q.Attempt(), ElementsAre("told end 0s+1m", "waits end 0s+1m"));
}

}  // namespace
}  // namespace tallybell
