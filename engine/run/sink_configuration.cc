// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/sink_configuration.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status_macros.h"
#include "engine/run/server_configuration.h"
#include "sinks/stdout.h"

namespace tallybell {

HttpClient::Tls ReadTls(ConfigurationFields* fields) {
  HttpClient::Tls tls;
  const YamlNode* const node = fields->plain().Find("tls");
  if (node == nullptr) return tls;
  ConfigurationFields inner(fields->scope().Within("tls"), *node, fields->directory());
  tls.ca_file = inner.Path("ca_file");
  tls.cert_file = inner.Path("cert_file");
  tls.key_file = inner.Path("key_file");
  tls.server_name = inner.Text("server_name");
  tls.insecure_skip_verify = inner.plain().Bool("insecure_skip_verify", false);
  inner.plain().Finish();
  return tls;
}

namespace {

constexpr DurationNs kLongest = 7 * kDay;

// What every receiver that is spoken to over HTTP has; one set for each of its URLs.
std::vector<HttpClient::Options> ReadHttp(ConfigurationFields* fields) {
  std::vector<Url> urls = fields->Urls("url");
  for (Url& url : fields->Urls("urls")) urls.push_back(std::move(url));
  if (fields->plain().Find("url") == nullptr && fields->plain().Find("urls") == nullptr) {
    fields->scope().Error(fields->node(), "the url is missing");
  }
  HttpClient::Options common;
  common.tls = ReadTls(fields);
  common.credentials = ReadCredentials(fields);
  std::vector<HttpClient::Options> all;
  for (Url& url : urls) {
    all.push_back(common);
    all.back().base = std::move(url);
  }
  return all;
}

template <typename Options>
void ReadCommon(ConfigurationFields* fields, const std::string& external_url, Options* options) {
  options->external_url = external_url;
  options->timeout = fields->plain().Duration("timeout", options->timeout, kMinute);
  options->resend_firing =
      fields->plain().Duration("resend_interval", options->resend_firing, kLongest);
  options->send_resolved = fields->plain().Bool("send_resolved", options->send_resolved);
}

// One sink for each URL, all with the settings of `options`.
template <typename Options>
void AddEach(std::vector<HttpClient::Options> http, const Options& options,
             std::vector<SinkConfig>* sinks) {
  for (HttpClient::Options& client : http) {
    Options one = options;
    one.http = std::move(client);
    sinks->push_back(std::move(one));
  }
}

void ReadAlertmanager(ConfigurationFields* fields, const std::string& external_url,
                      std::vector<SinkConfig>* sinks) {
  AlertmanagerSink::Options options;
  ReadCommon(fields, external_url, &options);
  options.min_firing = fields->plain().Duration("min_firing", options.min_firing, kLongest);
  if (options.resend_firing == 0) {
    fields->scope()
        .Within("resend_interval")
        .Error(fields->NodeOf("resend_interval"), "Alertmanager ends an alert that is not repeated",
               "leave it out, or say 1m");
  }
  AddEach(ReadHttp(fields), options, sinks);
}

void ReadAlerta(ConfigurationFields* fields, const std::string& external_url,
                std::vector<SinkConfig>* sinks) {
  AlertaSink::Options options;
  ReadCommon(fields, external_url, &options);
  options.environment = fields->Text("environment", options.environment);
  if (fields->plain().Find("service") != nullptr) options.service = fields->Texts("service");
  options.group = fields->Text("group");
  options.customer = fields->Text("customer");
  const Labels severities = fields->LabelMap("severities");
  for (const Labels::Pair& pair : severities.pairs()) {
    options.severities[pair.first] = pair.second;
  }
  std::vector<HttpClient::Options> http = ReadHttp(fields);
  const std::string key_file = fields->Path("api_key_file");
  const std::string key = fields->Text("api_key");
  for (HttpClient::Options& client : http) {
    if (key_file.empty() && key.empty()) continue;
    client.credentials.scheme = "Key";
    client.credentials.secret = key;
    client.credentials.secret_file = key_file;
  }
  AddEach(std::move(http), options, sinks);
}

void ReadWebhook(ConfigurationFields* fields, const std::string& external_url,
                 std::vector<SinkConfig>* sinks) {
  WebhookSink::Options options;
  ReadCommon(fields, external_url, &options);
  AddEach(ReadHttp(fields), options, sinks);
}

template <typename SinkKind, typename Options>
absl::StatusOr<std::unique_ptr<Sink>> Make(const Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<Sink> sink, SinkKind::Create(options));
  return sink;
}

absl::StatusOr<std::unique_ptr<Sink>> MakeSink(const SinkConfig& config) {
  if (const auto* options = std::get_if<AlertmanagerSink::Options>(&config)) {
    return Make<AlertmanagerSink>(*options);
  }
  if (const auto* options = std::get_if<AlertaSink::Options>(&config)) {
    return Make<AlertaSink>(*options);
  }
  if (const auto* options = std::get_if<WebhookSink::Options>(&config)) {
    return Make<WebhookSink>(*options);
  }
  return std::make_unique<StdoutSink>();
}

}  // namespace

void ReadSink(const YamlScope& scope, const YamlNode& item, const std::string* directory,
              const std::string& external_url, std::vector<SinkConfig>* sinks) {
  YamlFields kinds(scope, item);
  const auto read = [&](absl::string_view kind, auto reader) {
    const YamlNode* const node = kinds.Find(kind);
    if (node == nullptr) return;
    ConfigurationFields fields(scope.Within(kind), *node, directory);
    reader(&fields, external_url, sinks);
    fields.plain().Finish();
  };
  if (item.entries.size() != 1) {
    scope.Error(item, "expected one kind of receiver", "alertmanager, alerta, webhook or stdout");
  }
  read("alertmanager", ReadAlertmanager);
  read("alerta", ReadAlerta);
  read("webhook", ReadWebhook);
  kinds.Find("stdout");
  for (const YamlNode::Entry& entry : item.entries) {
    if (entry.key->text == "stdout") sinks->push_back(StdoutSinkConfig{});
  }
  kinds.Finish();
}

absl::StatusOr<std::vector<std::unique_ptr<Sink>>> MakeSinks(
    const std::vector<SinkConfig>& configs) {
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<std::string> faults;
  for (const SinkConfig& config : configs) {
    absl::StatusOr<std::unique_ptr<Sink>> sink = MakeSink(config);
    if (!sink.ok()) {
      faults.emplace_back(sink.status().message());
      continue;
    }
    const bool twice = std::any_of(sinks.begin(), sinks.end(), [&sink](const auto& other) {
      return other->name() == (*sink)->name();
    });
    if (twice) faults.push_back(absl::StrCat((*sink)->name(), " is there twice"));
    sinks.push_back(*std::move(sink));
  }
  if (!faults.empty()) return absl::InvalidArgumentError(absl::StrJoin(faults, "\n"));
  return sinks;
}

}  // namespace tallybell
