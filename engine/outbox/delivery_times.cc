// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/delivery_times.h"

#include <algorithm>

namespace tallybell {
namespace {

MetricLabels WithOutcome(const std::string& receiver, const char* outcome) {
  return {{"receiver", receiver}, {"outcome", outcome}};
}

bool Accepted(const Verdict& verdict) { return verdict.kind == Verdict::Kind::kAccepted; }

}  // namespace

DeliveryTimes::DeliveryTimes(const std::string& receiver, Metrics* metrics)
    : accepted_(
          metrics->GetHistogram("delivery_duration_seconds", WithOutcome(receiver, "accepted"))),
      failed_(metrics->GetHistogram("delivery_duration_seconds", WithOutcome(receiver, "failed"))),
      line_to_told_(metrics->GetHistogram("line_to_told_seconds", {{"receiver", receiver}})) {}

void DeliveryTimes::Note(const std::vector<Offer>& offers, const std::vector<Verdict>& verdicts,
                         DurationNs took, TimeNs now) {
  const bool any = std::any_of(verdicts.begin(), verdicts.end(), Accepted);
  (any ? accepted_ : failed_).Observe(took);
  for (size_t i = 0; i < offers.size() && i < verdicts.size(); ++i) {
    if (!Accepted(verdicts[i]) || offers[i].kind != Offer::Kind::kFiring) continue;
    line_to_told_.Observe(std::max<DurationNs>(SubtractNs(now, offers[i].alert.starts_at), 0));
  }
}

}  // namespace tallybell
