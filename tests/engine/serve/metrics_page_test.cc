// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/metrics_page.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(MetricsPageTest, EachNameHasItsHelpAndTypeOnce) {
  Metrics metrics;
  metrics.Get("source_lines_total", {{"source", "b"}}).Add(2);
  metrics.Get("source_lines_total", {{"source", "a"}}).Add(1);
  metrics.Get("source_files").Set(7);
  EXPECT_EQ(MetricsPage(metrics),
            "# HELP tallybell_source_files Files that are followed.\n"
            "# TYPE tallybell_source_files gauge\n"
            "tallybell_source_files 7\n"
            "# HELP tallybell_source_lines_total Lines that were read.\n"
            "# TYPE tallybell_source_lines_total counter\n"
            "tallybell_source_lines_total{source=\"a\"} 1\n"
            "tallybell_source_lines_total{source=\"b\"} 2\n");
}

TEST(MetricsPageTest, LabelValuesAreEscaped) {
  Metrics metrics;
  metrics.Get("x", {{"rule", "a\"b\\c\nd"}}).Set(1);
  EXPECT_TRUE(absl::StrContains(MetricsPage(metrics), "tallybell_x{rule=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(MetricsPageTest, SecondsAreExact) {
  Metrics metrics;
  metrics.Get("a_seconds").Set(1'500'000'000);
  metrics.Get("b_seconds").Set(-1);
  metrics.Get("c_seconds").Set(1'795'248'623'000'000'000);
  const std::string page = MetricsPage(metrics);
  EXPECT_TRUE(absl::StrContains(page, "\ntallybell_a_seconds 1.5\n"));
  EXPECT_TRUE(absl::StrContains(page, "\ntallybell_b_seconds -0.000000001\n"));
  EXPECT_TRUE(absl::StrContains(page, "\ntallybell_c_seconds 1795248623\n"));
}

TEST(MetricsPageTest, BucketsOfAHistogramAreCumulative) {
  Metrics metrics;
  Histogram& histogram = metrics.GetHistogram("commit_duration_seconds", {{"k", "v"}});
  histogram.Observe(400'000);
  histogram.Observe(2'000'000);
  histogram.Observe(int64_t{400} * 1'000'000'000);
  const std::string page = MetricsPage(metrics);
  EXPECT_TRUE(absl::StrContains(page, "# TYPE tallybell_commit_duration_seconds histogram\n"));
  for (const char* line :
       {"_bucket{k=\"v\",le=\"0.0005\"} 1\n", "_bucket{k=\"v\",le=\"0.001\"} 1\n",
        "_bucket{k=\"v\",le=\"0.0025\"} 2\n", "_bucket{k=\"v\",le=\"300\"} 2\n",
        "_bucket{k=\"v\",le=\"+Inf\"} 3\n", "_sum{k=\"v\"} 400.0024\n", "_count{k=\"v\"} 3\n"}) {
    EXPECT_TRUE(absl::StrContains(page, std::string("tallybell_commit_duration_seconds") + line))
        << page;
  }
}

TEST(MetricsPageTest, HelpIsFoundByItsWholeName) {
  EXPECT_FALSE(MetricHelp("alerts").empty());
  EXPECT_FALSE(MetricHelp("store_history_dropped_total").empty());
  EXPECT_TRUE(MetricHelp("alert").empty());
  EXPECT_TRUE(MetricHelp("zzz").empty());
}

}  // namespace
}  // namespace tallybell
