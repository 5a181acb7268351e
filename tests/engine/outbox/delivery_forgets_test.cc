// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A receiver that answers that it took an alert, and then forgets all: an Alertmanager that was
// started anew.
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/engine/outbox/queue_fixture.h"

namespace tallybell {
namespace {

constexpr DurationNs kKnownAgain = 70 * kSecond;

// What is true of one alert, and what the receiver was told since it forgot last.
struct Told {
  TimeNs fires_since = kNoTime;  // kNoTime: it does not fire
  TimeNs changed = kNoTime;
  TimeNs firing_told = kNoTime;
};

TEST(DeliveryForgetsTest, WhoForgotWhatFiresKnowsItAgainWithin70Seconds) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    std::mt19937 random(seed);
    QueueFixture fixture(LikeAlertmanager());
    std::map<std::string, Told> alerts;
    TimeNs forgot = fixture.Time();
    for (int second = 0; second < 3'600; ++second) {
      fixture.Advance(kSecond);
      const TimeNs now = fixture.Time();
      if (random() % 60 == 0) {
        const std::string host = absl::StrCat("web", random() % 4);
        Told& alert = alerts[host];
        if (alert.fires_since == kNoTime) {
          alert.fires_since = now;
          fixture.Fire(host);
        } else if (random() % 3 == 0) {
          fixture.End(host, alert.fires_since);
          alert.fires_since = kNoTime;
        }
        alert.changed = now;
      }
      if (random() % 400 == 0) {
        forgot = now;
        for (auto& [host, alert] : alerts) alert.firing_told = kNoTime;
      }
      if (random() % 900 == 0) fixture.Restart();
      for (const std::string& words : fixture.Attempt()) {
        if (absl::StrContains(words, " firing")) {
          alerts[words.substr(0, words.find(' '))].firing_told = now;
        }
      }
      for (const auto& [host, alert] : alerts) {
        if (now - forgot < kKnownAgain || now - alert.changed < kKnownAgain) continue;
        if (alert.fires_since == kNoTime) continue;
        ASSERT_GE(alert.firing_told, now - kKnownAgain) << host << ", seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace tallybell
