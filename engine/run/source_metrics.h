// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_METRICS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_METRICS_H_

#include <array>
#include <string>

#include "engine/base/metrics.h"
#include "engine/run/source_item.h"

namespace tallybell {

// What was read of one source of a running engine, as metrics. Belongs to the evaluation thread.
class SourceMetrics {
 public:
  SourceMetrics(const std::string& source, Metrics* metrics);

  // Adds what a reader counted since `before`.
  void Add(const SourceCounts& before, const SourceCounts& now);

  int64_t lines() const { return lines_.Value(); }
  int64_t bytes() const { return bytes_.Value(); }

 private:
  const std::string source_;
  Metrics* const metrics_;
  Metric& lines_;
  Metric& bytes_;
  Metric& without_time_;
  Metric& malformed_envelopes_;
  Metric& malformed_lines_;
  Metric& lines_cut_;
  Metric& records_cut_;
  Metric& clamped_times_;
  std::array<Metric*, SourceCounts::kFormats> records_{};  // null: none of that format yet
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_METRICS_H_
