// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The metrics as Prometheus reads them.
#ifndef TALLYBELL_ENGINE_SERVE_METRICS_PAGE_H_
#define TALLYBELL_ENGINE_SERVE_METRICS_PAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"

namespace tallybell {

inline constexpr char kMetricsContentType[] = "text/plain; version=0.0.4; charset=utf-8";

// All of `metrics` in Prometheus's text format 0.0.4, each name with the prefix "tallybell_", its
// type and a line of help; docs/metrics.md lists them. Thread-safe.
std::string MetricsPage(const Metrics& metrics);

// The line of help of a metric, without the prefix; empty if nobody has written one.
absl::string_view MetricHelp(absl::string_view name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_METRICS_PAGE_H_
