// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_configuration.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/run/configuration.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

Configuration Load(const std::string& loki, std::string* faults) {
  Diagnostics diagnostics;
  Configuration configuration = LoadConfiguration(
      "/etc/t.yaml",
      absl::StrCat("rules: [pack:anka-node]\nsinks: [stdout: {}]\nstate: {path: s.db}\nsources:\n",
                   "  - loki: ", loki, "\n"),
      &diagnostics);
  *faults = diagnostics.ToString();
  return configuration;
}

TEST(LokiConfigurationTest, NeedsAUrlAndAQuery) {
  std::string faults;
  const Configuration read = Load("{url: 'http://loki:3100', query: '{job=\"a\"}'}", &faults);
  EXPECT_EQ(faults, "");
  ASSERT_EQ(read.lokis.size(), 1u);
  EXPECT_EQ(read.lokis[0].Key(), "loki http://loki:3100 {job=\"a\"}");
  EXPECT_EQ(read.lokis[0].Ages(),
            (std::vector<DurationNs>{10 * kSecond, kMinute, 3 * kMinute, 10 * kMinute, kHour}));
  Load("{}", &faults);
  EXPECT_THAT(faults, HasSubstr("the url is missing"));
  EXPECT_THAT(faults, HasSubstr("the query is missing"));
}

TEST(LokiConfigurationTest, EachTenantAndQueryIsASource) {
  std::string faults;
  const Configuration read = Load(
      "{url: 'https://loki/x', tenants: [red, blue], queries: ['{a=\"1\"}', '{a=\"2\"} |= "
      "\"x\"'],\n"
      "           tls: {ca_file: ca.pem}, basic_auth: {username: u, password_file: p},\n"
      "           labels: {site: one}, lateness: 1s, settle: 2s, sweep_every: 1s, look_back: 5m,\n"
      "           start: 1d, timeout: 5s, page: 100, tail: false, stall_after: 2m,\n"
      "           max_future: 5m, timezone: Europe/Berlin}",
      &faults);
  EXPECT_EQ(faults, "");
  ASSERT_EQ(read.lokis.size(), 4u);
  EXPECT_EQ(read.lokis[3].Key(), "loki https://loki/x blue {a=\"2\"} |= \"x\"");
  EXPECT_EQ(read.lokis[3].target.http.tls.ca_file, "/etc/ca.pem");
  EXPECT_EQ(read.lokis[3].target.http.credentials.user, "u");
  EXPECT_EQ(read.lokis[3].start, kDay);
  EXPECT_FALSE(read.lokis[3].tail);
  EXPECT_EQ(read.lokis[3].Ages(),
            (std::vector<DurationNs>{2 * kSecond, kMinute, 3 * kMinute, 5 * kMinute}));
}

TEST(LokiConfigurationTest, SaysWhatIsWrong) {
  std::string faults;
  Load("{url: 'http://a', query: 'rate({a=\"b\"}[5m])'}", &faults);
  EXPECT_THAT(faults, HasSubstr("a query must give lines"));
  Load("{url: 'http://a', query: '{a=\"b\"}', tenant: 'a/b'}", &faults);
  EXPECT_THAT(faults, HasSubstr("is no name of a tenant"));
  Load("{url: 'http://a', query: '{a=\"b\"}', tenants: [a, a]}", &faults);
  EXPECT_THAT(faults, HasSubstr("there is a source of this tenant and query already"));
  Load("{url: 'http://a', query: '{a=\"b\"}', sweep_evry: 1s}", &faults);
  EXPECT_THAT(faults, HasSubstr("sweep_every"));
}

}  // namespace
}  // namespace tallybell
