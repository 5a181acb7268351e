// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/metrics.h"

#include <algorithm>

namespace tallybell {

Metric& Metrics::Get(absl::string_view name, MetricLabels labels) {
  std::sort(labels.begin(), labels.end());
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Metric>& slot = metrics_[Key(std::string(name), std::move(labels))];
  if (slot == nullptr) slot = std::make_unique<Metric>();
  return *slot;
}

std::vector<Metrics::Sample> Metrics::Samples() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Sample> samples;
  samples.reserve(metrics_.size());
  for (const auto& [key, metric] : metrics_) {
    samples.push_back({key.first, key.second, metric->Value()});
  }
  return samples;
}

int64_t Metrics::Total(absl::string_view name) const {
  absl::MutexLock lock(&mutex_);
  int64_t total = 0;
  for (auto it = metrics_.lower_bound(Key(std::string(name), {}));
       it != metrics_.end() && it->first.first == name; ++it) {
    total += it->second->Value();
  }
  return total;
}

}  // namespace tallybell
