// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/bisection.h"

#include <random>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

using Kind = Verdict::Kind;

// Every choice of bad notices, against looking at each alone.
TEST(BisectionTest, FindsExactlyTheBadOnes) {
  constexpr uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    const size_t n = 1 + random() % 64;
    const uint32_t share = 1 + random() % 20;
    std::vector<Alert> alerts(n);
    std::vector<Notice> notices;
    for (Alert& alert : alerts) {
      alert.value = random() % share == 0;  // bad
      notices.push_back({&alert, 0, true});
    }
    size_t bad = 0;
    for (const Alert& alert : alerts) bad += static_cast<size_t>(alert.value);
    size_t requests = 0;
    const auto verdicts =
        SendBisecting(notices, kSecond, [&](absl::Span<const Notice> batch, DurationNs) {
          ++requests;
          BatchAnswer answer;
          answer.verdict.kind = Kind::kAccepted;
          for (const Notice& notice : batch) {
            if (notice.alert->value != 0) answer.verdict.kind = Kind::kRejected;
          }
          return answer;
        });
    for (size_t i = 0; i < n; ++i) {
      EXPECT_EQ(verdicts[i].kind, alerts[i].value ? Kind::kRejected : Kind::kAccepted)
          << "seed " << kSeed << " round " << round;
    }
    EXPECT_LE(requests, bad == 0 ? 1 : std::min(2 * n - 1, 1 + bad * 12));
  }
}

}  // namespace
}  // namespace tallybell
