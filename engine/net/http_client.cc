// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_client.h"

#include <arpa/inet.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/net/resolver.h"
#include "engine/net/socket_watchdog.h"

namespace tallybell {
namespace {

constexpr DurationNs kGrace = 2 * kSecond;

bool IsAddress(const std::string& host) {
  in6_addr v6;
  in_addr v4;
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

absl::Status StatusFromError(httplib::Error error) {
  const std::string why = httplib::to_string(error);
  switch (error) {
    case httplib::Error::SSLServerVerification:
    case httplib::Error::SSLLoadingCerts:
      return absl::UnauthenticatedError(absl::StrCat("TLS: ", why));
    default:
      return absl::UnavailableError(why);
  }
}

absl::Status Check(const HttpRequest& request) {
  if (!IsHeaderName(request.method)) return absl::InvalidArgumentError("not a method");
  if (!IsRequestPath(request.path)) {
    return absl::InvalidArgumentError("a path with a blank or control character is not sent");
  }
  if (!IsHeaderValue(request.content_type)) {
    return absl::InvalidArgumentError("a content type with a control character is not sent");
  }
  for (const auto& [name, value] : request.headers) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return absl::InvalidArgumentError("a header with a control character is not sent");
    }
  }
  return absl::OkStatus();
}

// The library takes a length that is not a number for 0, and the answer for a whole one.
bool HasSaneLength(const httplib::Headers& headers) {
  const auto found = headers.equal_range("Content-Length");
  return std::all_of(found.first, found.second, [&found](const auto& header) {
    const std::string& text = header.second;
    return !text.empty() && text.size() < 19 &&
           std::all_of(text.begin(), text.end(), absl::ascii_isdigit) &&
           text == found.first->second;
  });
}

class HttplibClient : public HttpClient {
 public:
  HttplibClient(Options options, Credentials credentials)
      : options_(std::move(options)),
        credentials_(std::move(credentials)),
        resolver_(options_.base.host) {}

  absl::Status Connectable();
  absl::StatusOr<HttpResponse> Do(const HttpRequest& request, DurationNs deadline) override;
  void Cancel() override { watchdog_.Cancel(); }

 private:
  absl::StatusOr<std::unique_ptr<httplib::ClientImpl>> NewClient();
  absl::StatusOr<HttpResponse> Exchange(const HttpRequest& request);
  absl::StatusOr<HttpResponse> OnNewConnection(const HttpRequest& request);
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);
  httplib::Request Render(const HttpRequest& request) const;

  const Options options_;
  Credentials credentials_;
  Resolver resolver_;
  SocketWatchdog watchdog_;
  std::unique_ptr<httplib::ClientImpl> client_;  // null: the next request makes a new one
  size_t turn_ = 0;                              // which of several addresses is tried first
};

absl::StatusOr<std::unique_ptr<httplib::ClientImpl>> HttplibClient::NewClient() {
  const Url& base = options_.base;
  const Tls& tls = options_.tls;
  std::unique_ptr<httplib::ClientImpl> client;
  if (base.tls) {
    auto secure =
        std::make_unique<httplib::SSLClient>(base.host, base.port, tls.cert_file, tls.key_file);
    if (!secure->is_valid()) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot use the client certificate ", tls.cert_file));
    }
    SSL_CTX_set_min_proto_version(secure->ssl_context(), TLS1_2_VERSION);
    if (!tls.ca_file.empty()) secure->set_ca_cert_path(tls.ca_file);
    secure->enable_server_certificate_verification(!tls.insecure_skip_verify);
    client = std::move(secure);
  } else {
    client = std::make_unique<httplib::ClientImpl>(base.host, base.port);
  }
  client->set_keep_alive(true);
  client->set_follow_location(false);
  client->set_decompress(false);
  client->set_url_encode(false);
  client->set_tcp_nodelay(true);
  client->set_socket_options([this](socket_t socket) { watchdog_.Watch(socket); });
  return client;
}

absl::Status HttplibClient::Connectable() { return NewClient().status(); }

absl::StatusOr<HttpResponse> HttplibClient::Do(const HttpRequest& request, DurationNs deadline) {
  RETURN_IF_ERROR(Check(request));
  const auto limit = static_cast<int64_t>(options_.max_headers + options_.max_body);
  watchdog_.Begin(deadline, limit + limit / 16);  // TLS's own bytes come on top
  absl::StatusOr<HttpResponse> response = Exchange(request);
  if (response.ok() && response->status == 401 && credentials_.Reload()) {
    response = Exchange(request);
  }
  const DurationNs left = watchdog_.Left();
  const absl::Status cut = watchdog_.End();
  if (!response.ok() || !cut.ok()) client_ = nullptr;
  if (!cut.ok()) return cut;
  if (response.ok()) {
    response->elapsed = deadline - left;
    response->body = credentials_.Redact(response->body);
  }
  return response;
}

absl::StatusOr<HttpResponse> HttplibClient::Exchange(const HttpRequest& request) {
  if (client_ != nullptr && client_->is_socket_open() != 0) {
    absl::StatusOr<HttpResponse> response = Send(request);
    // A server may close a connection that rested just when it is used again. Nobody knows then
    // whether the request was read; all that is sent from here may come twice.
    if (!absl::IsUnavailable(response.status()) || !watchdog_.Alive()) return response;
    client_ = nullptr;
  }
  return OnNewConnection(request);
}

absl::StatusOr<HttpResponse> HttplibClient::OnNewConnection(const HttpRequest& request) {
  std::vector<std::string> addresses = {""};
  if (!IsAddress(options_.base.host)) {
    const DurationNs wait = std::min(watchdog_.Left(), options_.connect_timeout);
    ASSIGN_OR_RETURN(addresses, resolver_.Resolve(wait));
  }
  absl::StatusOr<HttpResponse> response = absl::UnavailableError("no address was tried");
  for (size_t i = 0; i < addresses.size() && watchdog_.Alive(); ++i) {
    const std::string& address = addresses[turn_ % addresses.size()];
    ASSIGN_OR_RETURN(client_, NewClient());
    if (!address.empty()) client_->set_hostname_addr_map({{options_.base.host, address}});
    response = Send(request);
    if (response.ok() || !absl::IsUnavailable(response.status())) return response;
    // What listens there may have taken it or not; another address is worth a try either way.
    ++turn_;
  }
  return response;
}

httplib::Request HttplibClient::Render(const HttpRequest& request) const {
  httplib::Request out;
  out.method = request.method;
  out.path = absl::StrCat(options_.base.path, request.path);
  out.body = request.body;
  for (const auto& [name, value] : request.headers) out.headers.emplace(name, value);
  out.headers.emplace("Host", options_.base.HostHeader());
  out.headers.emplace("Accept-Encoding", "identity");
  out.headers.emplace("User-Agent", "tallybell");
  if (!request.body.empty()) out.headers.emplace("Content-Type", request.content_type);
  if (!credentials_.header().empty()) {
    out.headers.emplace("Authorization", credentials_.header());
  }
  return out;
}

absl::StatusOr<HttpResponse> HttplibClient::Send(const HttpRequest& request) {
  const DurationNs left = std::max<DurationNs>(watchdog_.Left(), kMillisecond);
  client_->set_connection_timeout(
      std::chrono::nanoseconds(std::min(left, options_.connect_timeout)));
  // The watchdog ends it earlier; these only end what even a shutdown would not.
  client_->set_read_timeout(std::chrono::nanoseconds(left + kGrace));
  client_->set_write_timeout(std::chrono::nanoseconds(left + kGrace));

  HttpResponse answer;
  absl::Status refused;
  httplib::Request out = Render(request);
  out.response_handler = [&](const httplib::Response& response) {
    size_t bytes = 0;
    for (const auto& [name, value] : response.headers) bytes += name.size() + value.size() + 4;
    if (bytes > options_.max_headers) {
      refused = absl::ResourceExhaustedError("the answer's headers are too long");
    } else if (!HasSaneLength(response.headers)) {
      refused = absl::UnavailableError("the answer's length is not a number");
    }
    return refused.ok();
  };
  out.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
    if (answer.body.size() + size > options_.max_body) {
      refused = absl::ResourceExhaustedError("the answer is too long");
      return false;
    }
    answer.body.append(data, size);
    return true;
  };
  try {
    httplib::Response response;
    httplib::Error error = httplib::Error::Success;
    const bool sent = client_->send(out, response, error);
    if (!refused.ok()) return refused;
    if (!sent) return StatusFromError(error);
    answer.status = response.status;
    for (auto& [name, value] : response.headers) answer.headers.emplace_back(name, value);
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("the HTTP library gave up: ", error.what()));
  }
  return answer;
}

}  // namespace

absl::string_view HttpResponse::Header(absl::string_view name) const {
  for (const auto& [n, value] : headers) {
    if (absl::EqualsIgnoreCase(n, name)) return value;
  }
  return {};
}

absl::StatusOr<std::unique_ptr<HttpClient>> HttpClient::Create(Options options) {
  if (options.tls.cert_file.empty() != options.tls.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate needs both cert_file and key_file");
  }
  ASSIGN_OR_RETURN(Credentials credentials, Credentials::Make(options.credentials));
  try {
    auto client = std::make_unique<HttplibClient>(std::move(options), std::move(credentials));
    RETURN_IF_ERROR(client->Connectable());
    return client;
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cannot make an HTTP client: ", error.what()));
  }
}

}  // namespace tallybell
