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

// What of an answer may stand in the log: a receiver that answers with text may repeat the lines it
// was told, so of that the status alone. Whole answers are in the history.
absl::string_view Logged(absl::string_view answer) {
  const size_t digits = std::min(answer.find_first_not_of("0123456789"), answer.size());
  return digits == 3 ? answer.substr(0, digits) : answer;
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
             {{"receiver", receiver_}, {"answer", std::string(Logged(answer_))}});
  } else if (worst->kind == Verdict::Kind::kRejected) {
    LogError("a receiver rejects an alert; it is kept as a dead letter",
             {{"receiver", receiver_}, {"answer", std::string(Logged(answer_))}});
  } else {
    LogWarn("a receiver cannot be told; alerts wait",
            {{"receiver", receiver_}, {"answer", std::string(Logged(answer_))}});
  }
  return true;
}

}  // namespace tallybell
