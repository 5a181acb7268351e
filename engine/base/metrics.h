// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Counters and gauges, by name and labels.
#ifndef TALLYBELL_ENGINE_BASE_METRICS_H_
#define TALLYBELL_ENGINE_BASE_METRICS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tallybell {

// A number that threads may change and read without a lock.
class Metric {
 public:
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void Set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Owns all metrics of a process or of one replay. Thread-safe; a Metric lives as long as the
// registry, so hot code looks its metric up once and keeps the reference.
class Metrics {
 public:
  struct Sample {
    std::string name;
    MetricLabels labels;
    int64_t value;
  };

  // The metric of that name and those labels, in whatever order, made at the first call. A name
  // ends in _total for a counter; `name` is without the prefix "tallybell_".
  Metric& Get(absl::string_view name, MetricLabels labels = {});

  // Every metric, sorted by name and labels.
  std::vector<Sample> Samples() const;

  // The sum of all metrics of that name.
  int64_t Total(absl::string_view name) const;

 private:
  using Key = std::pair<std::string, MetricLabels>;

  mutable absl::Mutex mutex_;
  std::map<Key, std::unique_ptr<Metric>> metrics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_METRICS_H_
