// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/server_client.h"

#include <signal.h>
#include <stdio.h>

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/status_macros.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/serve/untold_json.h"
#include "rules/diagnostics.h"

namespace tallybell {
namespace {

// Whether somebody is there must be known soon; what it finds may take a while.
constexpr DurationNs kProbe = 2 * kSecond;
constexpr DurationNs kDeadline = 40 * kSecond;
constexpr size_t kMaxAnswer = size_t{64} << 20;

// What a healthy tallybell says, and nobody else who may have taken its port.
constexpr absl::string_view kHealthy = "tallybell is healthy";

absl::StatusOr<ServerConfig> ReadServerOf(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", text.status().message()));
  }
  Diagnostics diagnostics;
  return LoadConfiguration(file, *text, &diagnostics).server;
}

// Where this host reaches what listens at `config`; nothing if it listens nowhere, at a socket file
// or at a port that is not known. A certificate is for the name of external_url.
std::optional<Url> AddressOf(const ServerConfig& config) {
  const std::string& listen = config.listener.listen;
  if (listen.empty() || absl::StartsWith(listen, "unix:")) return std::nullopt;
  if (!config.listener.cert_file.empty()) {
    const absl::StatusOr<Url> url = ParseUrl(config.external_url);
    return url.ok() && url->tls ? std::optional<Url>(*url) : std::nullopt;
  }
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || absl::EndsWith(listen, ":0")) return std::nullopt;
  std::string host = listen.substr(0, colon);
  if (host.empty() || host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  const absl::StatusOr<Url> url =
      ParseUrl(absl::StrCat("http://", host, absl::string_view(listen).substr(colon)));
  return url.ok() ? std::optional<Url>(*url) : std::nullopt;
}

absl::StatusOr<std::unique_ptr<HttpClient>> Connect(const Url& url,
                                                    const Credentials::Options& credentials) {
  // A server that closes must not end the process.
  signal(SIGPIPE, SIG_IGN);
  HttpClient::Options options;
  options.base = url;
  options.credentials = credentials;
  options.max_body = kMaxAnswer;
  return HttpClient::Create(std::move(options));
}

// Asked without the password, which is nobody else's business.
absl::Status Probe(const Url& url) {
  ASSIGN_OR_RETURN(const std::unique_ptr<HttpClient> client, Connect(url, {}));
  HttpRequest request;
  request.method = "GET";
  request.path = "/-/healthy";
  ASSIGN_OR_RETURN(const HttpResponse response, client->Do(request, kProbe));
  if (response.status == 200 && absl::StrContains(response.body, kHealthy)) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("what answers is no tallybell (status ", response.status, ")"));
}

absl::Status StatusOf(int status, const std::string& what) {
  if (status == 400) return absl::InvalidArgumentError(what);
  if (status == 401) {
    return absl::UnauthenticatedError(
        absl::StrCat(what, ": it wants the password that --config FILE names"));
  }
  if (status == 404) return absl::NotFoundError(what);
  if (status == 409) return absl::FailedPreconditionError(what);
  return absl::UnavailableError(what);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerClient>> ServerClient::Choose(const Arguments& arguments) {
  const bool named = arguments.Has("url");
  if (named && arguments.Has("state")) {
    return absl::InvalidArgumentError("--url and --state are two different things to ask");
  }
  ServerConfig config;
  if (arguments.Has("config") && !arguments.Has("state")) {
    ASSIGN_OR_RETURN(config, ReadServerOf(arguments.Get("config")));
  }
  std::optional<Url> url = AddressOf(config);
  if (named) {
    ASSIGN_OR_RETURN(url, ParseUrl(arguments.Get("url")));
  }
  if (!url.has_value()) return nullptr;
  const absl::Status there = Probe(*url);
  if (!there.ok() && named) {
    return absl::UnavailableError(absl::StrCat(url->ToString(), ": ", there.message()));
  }
  if (!there.ok()) {
    fprintf(stderr, "no tallybell answers at %s (%s): this is of the state file\n",
            url->ToString().c_str(), std::string(there.message()).c_str());
    return nullptr;
  }
  if (!named) {
    fprintf(stderr, "this is of the tallybell that runs at %s\n", url->ToString().c_str());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, Connect(*url, config.listener.credentials));
  return std::unique_ptr<ServerClient>(new ServerClient(std::move(client)));
}

absl::StatusOr<Json> ServerClient::Ask(absl::string_view method, const std::string& path) {
  HttpRequest request;
  request.method = std::string(method);
  request.path = path;
  ASSIGN_OR_RETURN(const HttpResponse response, client_->Do(request, kDeadline));
  absl::StatusOr<Json> answer = ParseJson(response.body);
  const bool object = answer.ok() && answer->is_object();
  if (response.status == 200 && object && answer->contains("data")) {
    return std::move((*answer)["data"]);
  }
  const auto error = object ? answer->find("error") : Json::iterator();
  if (object && error != answer->end() && error->is_string()) {
    return StatusOf(response.status, error->get<std::string>());
  }
  return StatusOf(response.status, absl::StrCat("it answers with status ", response.status));
}

absl::Status ServerClient::ReadHistory(HistoryQuery query,
                                       absl::FunctionRef<void(HistoryEvent)> take) {
  query.limit = HistoryQuery::kMaxLimit;
  std::vector<Json> pages;  // the newest first
  for (;;) {
    ASSIGN_OR_RETURN(Json data, Ask("GET", HistoryPath(query)));
    if (!data.is_object() || !data.contains("events") || !data["events"].is_array()) {
      return absl::UnavailableError("the answer has no events");
    }
    pages.push_back(std::move(data["events"]));
    const auto next = data.find("next");
    if (next == data.end() || !next->is_number_integer()) break;
    const int64_t before = next->get<int64_t>();
    if (before >= query.before) return absl::UnavailableError("the answer goes in a circle");
    query.before = before;
  }
  for (auto page = pages.rbegin(); page != pages.rend(); ++page) {
    for (const Json& event : *page) take(HistoryEventOf(event));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Untold>> ServerClient::ListUntold(int64_t* total) {
  ASSIGN_OR_RETURN(const Json data, Ask("GET", "/api/v1/outbox?limit=10000"));
  if (!data.is_object() || !data.contains("untold") || !data["untold"].is_array()) {
    return absl::UnavailableError("the answer has nothing in it");
  }
  std::vector<Untold> list;
  for (const Json& untold : data["untold"]) list.push_back(UntoldOf(untold));
  const auto all = data.find("total");
  *total = all != data.end() && all->is_number_integer() ? all->get<int64_t>()
                                                         : static_cast<int64_t>(list.size());
  return list;
}

}  // namespace tallybell
