// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Counters, gauges and histograms, by name and labels.
#ifndef TALLYBELL_ENGINE_BASE_METRICS_H_
#define TALLYBELL_ENGINE_BASE_METRICS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace tallybell {

// A number that threads may change and read without a lock.
class Metric {
 public:
  void Add(int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  // The same, a tenth of the cost, for the only thread that changes it.
  void AddAlone(int64_t n = 1) { Set(Value() + n); }
  void Set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// How long things took, as counts of what took at most so long. Threads may add to it and read it
// without a lock; a reader may see an observation in the sum that is not in the counts yet.
class Histogram {
 public:
  // Upper bounds in ns, ascending; what took longer than the last is in one more bucket.
  static constexpr int64_t kBounds[] = {
      500'000,       1'000'000,      2'500'000,      5'000'000,      10'000'000,     25'000'000,
      50'000'000,    100'000'000,    250'000'000,    500'000'000,    1'000'000'000,  2'500'000'000,
      5'000'000'000, 10'000'000'000, 30'000'000'000, 60'000'000'000, 300'000'000'000};
  static constexpr size_t kBuckets = std::size(kBounds) + 1;

  void Observe(int64_t nanoseconds);

  struct Values {
    std::array<int64_t, kBuckets> counts{};  // of each bucket alone
    int64_t sum = 0;                         // ns
  };
  Values Read() const;

 private:
  std::array<std::atomic<int64_t>, kBuckets> counts_{};
  std::atomic<int64_t> sum_{0};
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

  struct HistogramSample {
    std::string name;
    MetricLabels labels;
    Histogram::Values values;
  };

  // The metric of that name and those labels, in whatever order, made at the first call. A name
  // ends in _total for a counter; `name` is without the prefix "tallybell_". A gauge whose name
  // ends in _seconds holds nanoseconds.
  Metric& Get(absl::string_view name, MetricLabels labels = {});
  // The same for a histogram, whose name ends in _seconds.
  Histogram& GetHistogram(absl::string_view name, MetricLabels labels = {});

  // Every counter and gauge, and every histogram, sorted by name and labels.
  std::vector<Sample> Samples() const;
  // The same without a copy. `visit` must be quick and call nothing of this class.
  using Visit =
      absl::FunctionRef<void(const std::string& name, const MetricLabels& labels, int64_t value)>;
  void VisitSamples(Visit visit) const;
  std::vector<HistogramSample> HistogramSamples() const;

  // The sum of all metrics of that name.
  int64_t Total(absl::string_view name) const;

 private:
  using Key = std::pair<std::string, MetricLabels>;

  // A thread that counts every line would slow down all who read what stands on the number's cache
  // line: there is its key, which hardly anybody reads, before it, and nothing behind it.
  struct Slot {
    Metric metric;
    char nothing[64 - sizeof(Metric)];
  };

  mutable absl::Mutex mutex_;
  std::map<Key, Slot> metrics_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, std::unique_ptr<Histogram>> histograms_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_METRICS_H_
