// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Random histories of a few alerts, a receiver that fails at random, and crashes at random. What
// reached the receiver is compared with the plain list of what happened.

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/outbox/queue_fixture.h"

namespace tallybell {
namespace {

constexpr int kHosts = 3;

// What evaluation said, and what the receiver accepted, for each host: starts and ends in order.
struct Story {
  std::vector<std::pair<TimeNs, TimeNs>> said;  // ends: kNoTime while it fires
  // Every first acceptance; repeats, of a restart or of a lost answer, are taken together.
  std::vector<std::pair<TimeNs, TimeNs>> heard;

  void Hear(TimeNs starts_at, TimeNs ends_at) {
    if (heard.empty() || heard.back() != std::make_pair(starts_at, ends_at)) {
      heard.emplace_back(starts_at, ends_at);
    }
  }
};

class Simulation {
 public:
  Simulation(SinkPolicy policy, uint32_t seed) : q_(policy), policy_(policy), random_(seed) {}

  void Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      switch (random_() % 8) {
        case 0:
        case 1:
          Change(static_cast<int>(random_() % kHosts));
          break;
        case 2:
          q_.Advance(static_cast<DurationNs>(random_() % 10) * kMinute);
          break;
        case 3:
          if (random_() % 4 == 0) q_.Restart();
          break;
        case 4:
          down_ = random_() % 3 == 0;
          break;
        default:
          Attempt();
      }
    }
    down_ = false;
    for (int i = 0; i < 1000 && q_.Count("outbox_waiting") > 0; ++i) {
      Attempt();
      if (const auto wait = q_.Wait()) q_.Advance(*wait);
    }
  }

  Story& story(int host) { return stories_[host]; }
  int64_t waiting() const { return q_.Count("outbox_waiting"); }
  int64_t dropped() const { return q_.Count("outbox_dropped_total"); }

 private:
  static std::string Name(int host) { return absl::StrCat("h", host); }

  void Change(int host) {
    q_.Advance(1 + static_cast<DurationNs>(random_() % 300) * kSecond);
    Story& story = stories_[host];
    const bool firing = !story.said.empty() && story.said.back().second == kNoTime;
    if (firing) {
      story.said.back().second = q_.Time();
      q_.End(Name(host), story.said.back().first);
    } else {
      story.said.emplace_back(q_.Time(), kNoTime);
      q_.Fire(Name(host));
    }
  }

  void Attempt() {
    const std::vector<Offer> offers = q_.Take();
    std::vector<Verdict> verdicts(offers.size());
    for (size_t i = 0; i < offers.size(); ++i) {
      const Offer& offer = offers[i];
      const bool heard = !down_ && random_() % 4 != 0;
      if (heard) {
        const int host = offer.alert.labels.Get("host")[1] - '0';
        stories_[host].Hear(offer.alert.starts_at, offer.alert.ends_at);
      }
      // An answer may be lost on its way back.
      if (heard && random_() % 8 != 0) verdicts[i].kind = Verdict::Kind::kAccepted;
    }
    // A crash between the receiver's having it and our knowing it.
    if (!offers.empty() && random_() % 16 == 0) {
      q_.Restart();
    } else {
      q_.Answer(offers, verdicts);
    }
  }

  QueueFixture q_;
  const SinkPolicy policy_;
  std::mt19937 random_;
  bool down_ = false;
  Story stories_[kHosts];
};

class DeliveryQueueRandomTest : public ::testing::TestWithParam<uint32_t> {};

// Without a hold, the receiver hears each firing and each end, in order, each with its own times.
TEST_P(DeliveryQueueRandomTest, EverythingIsHeardInOrder) {
  SinkPolicy policy;
  policy.max_batch = 2;
  Simulation simulation(policy, GetParam());
  simulation.Run(60);
  ASSERT_EQ(simulation.waiting(), 0) << "seed " << GetParam();
  if (simulation.dropped() > 0) return;
  for (int host = 0; host < kHosts; ++host) {
    Story& story = simulation.story(host);
    std::vector<std::pair<TimeNs, TimeNs>> expected;
    for (const auto& [starts_at, ends_at] : story.said) {
      expected.emplace_back(starts_at, kNoTime);
      if (ends_at != kNoTime) expected.emplace_back(starts_at, ends_at);
    }
    EXPECT_EQ(story.heard, expected) << "seed " << GetParam() << " host " << host;
  }
}

// With a hold and repeats, episodes may grow into one; but a firing comes before its end, nothing
// that was not said is heard, starts never go back, and the last word is the last state.
TEST_P(DeliveryQueueRandomTest, TheLastWordIsTheLastState) {
  SinkPolicy policy;
  policy.max_batch = 64;
  policy.resend_firing = kMinute;
  policy.resend_resolved = 15 * kMinute;
  policy.min_firing = 5 * kMinute + 30 * kSecond;
  Simulation simulation(policy, GetParam());
  simulation.Run(60);
  ASSERT_EQ(simulation.waiting(), 0) << "seed " << GetParam();
  for (int host = 0; host < kHosts; ++host) {
    Story& story = simulation.story(host);
    if (story.said.empty()) continue;
    ASSERT_FALSE(story.heard.empty()) << "seed " << GetParam();
    EXPECT_EQ(story.heard.back().second, story.said.back().second) << "seed " << GetParam();
    TimeNs last_start = kNoTime;
    bool ended = true;
    for (const auto& [starts_at, ends_at] : story.heard) {
      EXPECT_GE(starts_at, last_start) << "seed " << GetParam();
      if (ends_at != kNoTime) {
        EXPECT_EQ(starts_at, last_start) << "seed " << GetParam() << ": an end without a firing";
      } else if (starts_at == last_start) {
        EXPECT_FALSE(ended) << "seed " << GetParam() << ": it fires after its end";
      }
      ended = ends_at != kNoTime;
      last_start = starts_at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DeliveryQueueRandomTest, ::testing::Range(1u, 301u));

}  // namespace
}  // namespace tallybell
