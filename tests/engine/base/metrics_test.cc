// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/metrics.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(MetricsTest, AMetricIsMadeOnceAndKeepsItsPlace) {
  Metrics metrics;
  Metric& lines = metrics.Get("lines_total", {{"source", "a"}});
  lines.Add(2);
  for (int i = 0; i < 1'000; ++i) metrics.Get("other", {{"n", std::to_string(i)}});
  metrics.Get("lines_total", {{"source", "a"}}).Add();
  EXPECT_EQ(lines.Value(), 3);
  lines.Set(-1);
  EXPECT_EQ(metrics.Get("lines_total", {{"source", "a"}}).Value(), -1);
}

TEST(MetricsTest, TheOrderOfLabelsDoesNotMatter) {
  Metrics metrics;
  metrics.Get("x", {{"b", "2"}, {"a", "1"}}).Add();
  EXPECT_EQ(metrics.Get("x", {{"a", "1"}, {"b", "2"}}).Value(), 1);
  EXPECT_EQ(metrics.Samples().size(), 1u);
}

TEST(MetricsTest, TheTotalIsThatOfOneNameOnly) {
  Metrics metrics;
  metrics.Get("lines").Add(1);
  metrics.Get("lines", {{"source", "a"}}).Add(2);
  metrics.Get("lines", {{"source", "b"}}).Add(3);
  metrics.Get("lines_total").Add(100);
  metrics.Get("line").Add(100);
  EXPECT_EQ(metrics.Total("lines"), 6);
  EXPECT_EQ(metrics.Total("none"), 0);
}

TEST(MetricsTest, SamplesComeSorted) {
  Metrics metrics;
  metrics.Get("b").Add(1);
  metrics.Get("a", {{"x", "2"}}).Add(2);
  metrics.Get("a", {{"x", "1"}}).Add(3);
  const std::vector<Metrics::Sample> samples = metrics.Samples();
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].value, 3);
  EXPECT_EQ(samples[1].value, 2);
  EXPECT_EQ(samples[2].name, "b");
}

TEST(HistogramTest, AnObservationIsInTheFirstBucketThatIsLongEnough) {
  Metrics metrics;
  Histogram& histogram = metrics.GetHistogram("commit_seconds", {{"b", "2"}, {"a", "1"}});
  EXPECT_EQ(&histogram, &metrics.GetHistogram("commit_seconds", {{"a", "1"}, {"b", "2"}}));
  histogram.Observe(0);
  histogram.Observe(500'000);
  histogram.Observe(500'001);
  histogram.Observe(int64_t{1} << 60);
  ASSERT_EQ(metrics.HistogramSamples().size(), 1u);
  const Histogram::Values values = metrics.HistogramSamples()[0].values;
  EXPECT_EQ(values.counts[0], 2);
  EXPECT_EQ(values.counts[1], 1);
  EXPECT_EQ(values.counts.back(), 1);
  EXPECT_EQ(values.sum, 1'000'001 + (int64_t{1} << 60));
  EXPECT_TRUE(metrics.Samples().empty());
}

TEST(MetricsTest, ThreadsCountTogether) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&metrics] {
      for (int n = 0; n < 1'000; ++n) metrics.Get("n", {{"k", std::to_string(n % 3)}}).Add();
    });
  }
  for (int i = 0; i < 100; ++i) EXPECT_LE(metrics.Total("n"), 4'000);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(metrics.Total("n"), 4'000);
}

}  // namespace
}  // namespace tallybell
