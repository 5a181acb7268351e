// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The sections of the status page, each with a bound on its size in bytes.
#ifndef TALLYBELL_ENGINE_SERVE_STATUS_PARTS_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_PARTS_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "engine/serve/status_html.h"
#include "engine/serve/status_view.h"

namespace tallybell {

// The ids of the rules that the page shows, as ids of elements: others link to those only.
using ShownRules = absl::flat_hash_set<std::string>;

// The line that says how all is, and what is not well.
StatusHtml StatusHead(const StatusView& view);
// What fires, what is pending, and the alert that was asked for.
StatusHtml StatusAlerts(const StatusView& view, const ShownRules& rules);
// Notes in `*shown` what it shows.
StatusHtml StatusRules(const StatusView& view, ShownRules* shown);
StatusHtml StatusSources(const StatusView& view);
StatusHtml StatusReceivers(const StatusView& view);
StatusHtml StatusHistory(const StatusView& view);

// How many alerts fire or are pending.
struct StatusCounts {
  int64_t firing = 0;
  int64_t pending = 0;
};
StatusCounts CountAlerts(const EngineSnapshot& snapshot);

// A line of small bars, one for each half hour of the last day; nothing without matches.
StatusHtml StatusSparkline(const std::vector<uint32_t>& recent);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_PARTS_H_
