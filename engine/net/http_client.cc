// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_client.h"

#include <arpa/inet.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"
#include "engine/net/client_tls.h"
#include "engine/net/dial.h"
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

// The library's client over a connection that somebody else makes, because of the library's own one
// learns only whether it was made.
template <typename Base>
class Dialled : public Base {
 public:
  using Dialler = std::function<absl::StatusOr<UniqueFd>()>;

  Dialled(const std::string& host, int port, Dialler dialler)
      : Base(host, port), dialler_(std::move(dialler)) {}

 private:
  bool create_and_connect_socket(typename Base::Socket& socket, httplib::Error& error) override {
    absl::StatusOr<UniqueFd> fd = dialler_();
    if (fd.ok()) socket.sock = fd->Release();
    error = fd.ok() ? httplib::Error::Success : httplib::Error::Connection;
    return fd.ok();
  }

  const Dialler dialler_;
};

class HttplibClient : public HttpClient {
 public:
  HttplibClient(Options options, Credentials credentials)
      : options_(std::move(options)),
        credentials_(std::move(credentials)),
        resolver_(options_.base.host, options_.look_up) {}

  absl::Status Connectable();
  absl::StatusOr<HttpResponse> Do(const HttpRequest& request, DurationNs deadline) override;
  void Cancel() override { watchdog_.Cancel(); }

 private:
  absl::StatusOr<std::unique_ptr<httplib::ClientImpl>> NewClient();
  absl::StatusOr<UniqueFd> Connect();
  absl::Status StatusFromError(httplib::Error error) const;
  const std::string& CertifiedName() const;
  absl::StatusOr<HttpResponse> Exchange(const HttpRequest& request);
  absl::StatusOr<HttpResponse> OnNewConnection(const HttpRequest& request);
  absl::StatusOr<HttpResponse> Send(const HttpRequest& request);
  httplib::Request Render(const HttpRequest& request) const;

  const Options options_;
  Credentials credentials_;
  Resolver resolver_;
  SocketWatchdog watchdog_;
  std::unique_ptr<httplib::ClientImpl> client_;  // null: the next request makes a new one
  std::string address_;                          // where that one connects to
  absl::Status dialled_;                         // how its last connection was made
  size_t turn_ = 0;                              // which of several addresses is tried first
};

absl::StatusOr<std::unique_ptr<httplib::ClientImpl>> HttplibClient::NewClient() {
  const Url& base = options_.base;
  const Tls& tls = options_.tls;
  const auto dialler = [this] { return Connect(); };
  std::unique_ptr<httplib::ClientImpl> client;
  if (base.tls) {
    // Its name is what the certificate is checked for, and what the server is told.
    auto secure =
        std::make_unique<Dialled<httplib::SSLClient>>(CertifiedName(), base.port, dialler);
    if (!secure->is_valid()) return absl::InternalError("no TLS");
    RETURN_IF_ERROR(PrepareClientTls(tls, CertifiedName(), secure->ssl_context()));
    if (!tls.ca_file.empty()) secure->set_ca_cert_path(tls.ca_file);
    secure->enable_server_certificate_verification(!tls.insecure_skip_verify);
    client = std::move(secure);
  } else {
    client = std::make_unique<Dialled<httplib::ClientImpl>>(base.host, base.port, dialler);
  }
  client->set_keep_alive(true);
  client->set_follow_location(false);
  client->set_decompress(false);
  client->set_url_encode(false);
  return client;
}

const std::string& HttplibClient::CertifiedName() const {
  return options_.tls.server_name.empty() ? options_.base.host : options_.tls.server_name;
}

absl::StatusOr<UniqueFd> HttplibClient::Connect() {
  const DurationNs wait =
      std::clamp<DurationNs>(watchdog_.Left(), kMillisecond, options_.connect_timeout);
  absl::StatusOr<UniqueFd> fd =
      Dial(address_, options_.base.port, wait, [this](int socket) { watchdog_.Watch(socket); });
  dialled_ = fd.status();
  return fd;
}

absl::Status HttplibClient::StatusFromError(httplib::Error error) const {
  const std::string fault = TakeTlsFault();
  const std::string because = fault.empty() ? "" : absl::StrCat(": ", fault);
  const auto* const secure = dynamic_cast<const httplib::SSLClient*>(client_.get());
  switch (error) {
    case httplib::Error::Connection:
      return dialled_;
    case httplib::Error::SSLServerVerification:
      return absl::UnauthenticatedError(absl::StrCat(
          "TLS: ", WhyNotTrusted(secure != nullptr ? secure->get_openssl_verify_result() : 0,
                                 CertifiedName())));
    case httplib::Error::SSLLoadingCerts:
      return absl::UnauthenticatedError(absl::StrCat("TLS: cannot use ", options_.tls.ca_file));
    case httplib::Error::SSLConnection:
      return absl::UnavailableError(absl::StrCat("TLS: the handshake failed", because));
    case httplib::Error::Write:
      return absl::UnavailableError(
          absl::StrCat("the connection broke before the request was sent", because));
    case httplib::Error::Read:
      return absl::UnavailableError(
          absl::StrCat("the connection ended without a whole answer", because));
    default:
      return absl::UnavailableError(httplib::to_string(error));
  }
}

absl::Status HttplibClient::Connectable() { return NewClient().status(); }

absl::StatusOr<HttpResponse> HttplibClient::Do(const HttpRequest& request, DurationNs deadline) {
  RETURN_IF_ERROR(Check(request));
  const auto limit = static_cast<int64_t>(options_.max_headers + options_.max_body);
  watchdog_.Begin(deadline, limit + limit / 16);  // TLS's own bytes come on top
  absl::StatusOr<HttpResponse> response = Exchange(request);
  const bool refused = response.ok() && (response->status == 401 || response->status == 403);
  if (refused && credentials_.Reload()) response = Exchange(request);
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
  std::vector<std::string> addresses = {options_.base.host};
  if (!IsAddress(options_.base.host)) {
    const DurationNs wait = std::min(watchdog_.Left(), options_.connect_timeout);
    ASSIGN_OR_RETURN(addresses, resolver_.Resolve(wait));
  }
  absl::StatusOr<HttpResponse> response = absl::UnavailableError("no address was tried");
  for (size_t i = 0; i < addresses.size() && watchdog_.Alive(); ++i) {
    address_ = addresses[turn_ % addresses.size()];
    auto client = NewClient();
    // It worked at the start: somebody is replacing a file.
    if (!client.ok()) return absl::UnauthenticatedError(client.status().message());
    client_ = *std::move(client);
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
  // Of the handshake; the connection's own is Dial's.
  client_->set_connection_timeout(std::chrono::nanoseconds(left + kGrace));
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
  if (options.base.tls && options.tls.insecure_skip_verify) {
    LogWarn("whoever answers is trusted: insecure_skip_verify is set",
            {{"server", options.base.HostHeader()}});
  }
  try {
    auto client = std::make_unique<HttplibClient>(std::move(options), std::move(credentials));
    RETURN_IF_ERROR(client->Connectable());
    return client;
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cannot make an HTTP client: ", error.what()));
  }
}

}  // namespace tallybell
