// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the status page says in words. Pure.
#ifndef TALLYBELL_ENGINE_SERVE_STATUS_WORDS_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_WORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/run/engine_snapshot.h"
#include "engine/serve/history_event.h"

namespace tallybell {

// "1,234,567".
std::string CountText(int64_t number);

// "1 alert", "2 alerts".
std::string CountOf(int64_t number, absl::string_view one);

// "1.2 MiB".
std::string BytesText(int64_t bytes);

// How long something has been, in at most two units: "12 s", "3 h 5 min", "4 d 2 h". What has not
// begun is "0 s".
std::string AgeText(DurationNs age);

// The condition: "more than 3 in 20m for each host", "none in 10m".
std::string ConditionText(const RuleView& rule);

// How near it came: "3 of 4", "lowest 2, fires below 1"; empty if nothing was counted yet.
std::string NearestText(const RuleView& rule);

// What an event of history says besides its kind: "value 4", "after 20m", "200, 2 attempts".
std::string EventText(const HistoryEvent& event);

// {a="x", b="y"} without `alertname`; empty if there is nothing else.
std::string ShownLabels(const Labels& labels);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_WORDS_H_
