// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/failure_log.h"

#include <algorithm>

#include "engine/base/log.h"

namespace tallybell {
namespace {

// What matters most to whoever reads the log.
int Weight(const Verdict& verdict) {
  if (verdict.unauthorized) return 3;
  switch (verdict.kind) {
    case Verdict::Kind::kRejected:
      return 2;
    case Verdict::Kind::kRetry:
    case Verdict::Kind::kSuspect:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

bool FailureLog::Note(const std::vector<Verdict>& verdicts, TimeNs now) {
  const auto worst =
      std::max_element(verdicts.begin(), verdicts.end(),
                       [](const Verdict& a, const Verdict& b) { return Weight(a) < Weight(b); });
  if (worst == verdicts.end()) return false;
  const bool recent = SubtractNs(now, kAtMost) < logged_at_;
  if (Weight(*worst) == 0) {
    if (answer_.empty() || recent) return false;
    LogInfo("a receiver takes alerts again", {{"receiver", receiver_}});
    answer_.clear();
    logged_at_ = now;
    return true;
  }
  const bool stale = worst->unauthorized && SubtractNs(now, kUnauthorized) >= logged_at_;
  if (recent || (worst->answer == answer_ && !stale)) return false;
  answer_ = worst->answer;
  logged_at_ = now;
  if (worst->unauthorized) {
    LogError("a receiver refuses our key or we its certificate; alerts wait",
             {{"receiver", receiver_}, {"answer", answer_}});
  } else if (worst->kind == Verdict::Kind::kRejected) {
    LogError("a receiver rejects an alert; it is kept as a dead letter",
             {{"receiver", receiver_}, {"answer", answer_}});
  } else {
    LogWarn("a receiver cannot be told; alerts wait",
            {{"receiver", receiver_}, {"answer", answer_}});
  }
  return true;
}

}  // namespace tallybell
