// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_configuration.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/net/url.h"
#include "engine/run/server_configuration.h"
#include "engine/run/sink_configuration.h"
#include "engine/run/zone_field.h"

namespace tallybell {
namespace {

constexpr size_t kMaxTenant = 150;  // bytes; Loki's own
constexpr int64_t kMostLines = 1'000'000;

bool IsTenant(const std::string& name) {
  if (name == "." || name == ".." || name.size() > kMaxTenant) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::string_view("!-_.*'()").find(c) != std::string::npos;
  });
}

// The texts of `one` and of `several`.
std::vector<std::string> OneOrSeveral(ConfigurationFields* fields, absl::string_view one,
                                      absl::string_view several) {
  std::vector<std::string> texts = fields->Texts(several);
  const std::string text = fields->Text(one);
  if (!text.empty()) texts.insert(texts.begin(), text);
  return texts;
}

void ReadTarget(ConfigurationFields* fields, LokiTarget* target) {
  const std::vector<Url> urls = fields->Urls("url");
  if (!urls.empty()) target->http.base = urls[0];
  if (fields->plain().Find("url") == nullptr) {
    fields->scope().Error(fields->node(), "the url is missing", "url: http://loki:3100");
  }
  if (urls.size() > 1) fields->scope().Error(fields->NodeOf("url"), "expected one URL");
  target->http.tls = ReadTls(fields);
  target->http.credentials = ReadCredentials(fields);
}

void ReadTimes(ConfigurationFields* fields, LokiSourceConfig* config) {
  YamlFields& plain = fields->plain();
  config->lateness = plain.Duration("lateness", config->lateness, kDay);
  config->max_future = plain.Duration("max_future", config->max_future, 365 * kDay);
  config->stall_after = plain.Duration("stall_after", config->stall_after, kDay);
  config->settle = plain.Duration("settle", config->settle, kHour);
  config->sweep_every = plain.Duration("sweep_every", config->sweep_every, kHour);
  config->look_back = plain.Duration("look_back", config->look_back, kDay);
  config->start = plain.Duration("start", config->start, 30 * kDay);
  config->timeout = plain.Duration("timeout", config->timeout, 10 * kMinute);
  if (config->sweep_every < 100 * kMillisecond || config->timeout < 100 * kMillisecond) {
    fields->scope().Error(fields->node(), "sweep_every and timeout are 100ms or more");
  }
}

void ReadLabels(ConfigurationFields* fields, LokiSourceConfig* config) {
  const Labels labels = fields->LabelMap("labels");
  for (const Labels::Pair& pair : labels.pairs()) {
    absl::StatusOr<Template> text = Template::Parse(pair.second);
    if (text.ok()) {
      config->labels.emplace_back(pair.first, *std::move(text));
    } else {
      fields->scope().Within("labels").Error(fields->NodeOf("labels"), text.status());
    }
  }
}

std::vector<std::string> ReadQueries(ConfigurationFields* fields) {
  std::vector<std::string> queries = OneOrSeveral(fields, "query", "queries");
  const absl::string_view key = fields->plain().Find("query") != nullptr ? "query" : "queries";
  if (queries.empty()) {
    fields->scope().Error(fields->node(), "the query is missing", "query: '{job=\"anka-agent\"}'");
  }
  for (const std::string& query : queries) {
    const absl::Status status = CheckLogQuery(query);
    if (!status.ok()) fields->scope().Within(key).Error(fields->NodeOf(key), status);
  }
  return queries;
}

std::vector<std::string> ReadTenants(ConfigurationFields* fields) {
  std::vector<std::string> tenants = OneOrSeveral(fields, "tenant", "tenants");
  for (const std::string& tenant : tenants) {
    if (IsTenant(tenant)) continue;
    fields->scope().Error(fields->node(), absl::StrCat("\"", tenant, "\" is no name of a tenant"),
                          "letters, digits and !-_.*'(), at most 150 of them");
  }
  // None is named where there are none.
  if (tenants.empty()) tenants.emplace_back();
  return tenants;
}

}  // namespace

std::string LokiSourceConfig::Key() const {
  const std::string query = absl::StrReplaceAll(target.query, {{"\n", " "}});
  return KeyOfTenant() + query;
}

std::string LokiSourceConfig::KeyOfTenant() const {
  return absl::StrCat("loki ", target.http.base.ToString(), " ", target.tenant,
                      target.tenant.empty() ? "" : " ");
}

std::vector<DurationNs> LokiSourceConfig::Ages() const {
  std::vector<DurationNs> ages = {settle};
  for (const DurationNs age : {kMinute, 3 * kMinute, 10 * kMinute}) {
    if (age > settle && age < look_back) ages.push_back(age);
  }
  if (look_back > settle) ages.push_back(look_back);
  return ages;
}

std::vector<LokiSourceConfig> ReadLokiSources(ConfigurationFields* fields) {
  LokiSourceConfig common;
  ReadTarget(fields, &common.target);
  const std::vector<std::string> queries = ReadQueries(fields);
  const std::vector<std::string> tenants = ReadTenants(fields);
  ReadLabels(fields, &common);
  common.zone = ReadZone(fields);
  ReadTimes(fields, &common);
  common.page = static_cast<int>(fields->plain().Integer("page", common.page, 1, kMostLines));
  common.tail = fields->plain().Bool("tail", common.tail);
  fields->plain().Finish();
  std::vector<LokiSourceConfig> sources;
  for (const std::string& tenant : tenants) {
    for (const std::string& query : queries) {
      sources.push_back(common);
      sources.back().target.tenant = tenant;
      sources.back().target.query = query;
    }
  }
  return sources;
}

}  // namespace tallybell
