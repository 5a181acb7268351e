// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/metrics.h"

#include <algorithm>

namespace tallybell {

void Histogram::Observe(int64_t nanoseconds) {
  const auto* const bound = std::lower_bound(std::begin(kBounds), std::end(kBounds), nanoseconds);
  counts_[bound - std::begin(kBounds)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(nanoseconds, std::memory_order_relaxed);
}

Histogram::Values Histogram::Read() const {
  Values values;
  for (size_t i = 0; i < kBuckets; ++i) {
    values.counts[i] = counts_[i].load(std::memory_order_relaxed);
  }
  values.sum = sum_.load(std::memory_order_relaxed);
  return values;
}

Metric& Metrics::Get(absl::string_view name, MetricLabels labels) {
  std::sort(labels.begin(), labels.end());
  absl::MutexLock lock(&mutex_);
  return metrics_[Key(std::string(name), std::move(labels))].metric;
}

Histogram& Metrics::GetHistogram(absl::string_view name, MetricLabels labels) {
  std::sort(labels.begin(), labels.end());
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<Histogram>& slot = histograms_[Key(std::string(name), std::move(labels))];
  if (slot == nullptr) slot = std::make_unique<Histogram>();
  return *slot;
}

std::vector<Metrics::HistogramSample> Metrics::HistogramSamples() const {
  absl::MutexLock lock(&mutex_);
  std::vector<HistogramSample> samples;
  samples.reserve(histograms_.size());
  for (const auto& [key, histogram] : histograms_) {
    samples.push_back({key.first, key.second, histogram->Read()});
  }
  return samples;
}

void Metrics::VisitSamples(Visit visit) const {
  absl::MutexLock lock(&mutex_);
  for (const auto& [key, slot] : metrics_) visit(key.first, key.second, slot.metric.Value());
}

std::vector<Metrics::Sample> Metrics::Samples() const {
  std::vector<Sample> samples;
  VisitSamples([&samples](const std::string& name, const MetricLabels& labels, int64_t value) {
    samples.push_back({name, labels, value});
  });
  return samples;
}

int64_t Metrics::Total(absl::string_view name) const {
  absl::MutexLock lock(&mutex_);
  int64_t total = 0;
  for (auto it = metrics_.lower_bound(Key(std::string(name), {}));
       it != metrics_.end() && it->first.first == name; ++it) {
    total += it->second.metric.Value();
  }
  return total;
}

}  // namespace tallybell
