// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/websocket_client.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <chrono>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"
#include "engine/net/client_tls.h"
#include "engine/net/dial.h"
#include "engine/net/resolver.h"
#include "engine/net/socket_watchdog.h"

namespace tallybell {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Plain = websocket::stream<beast::tcp_stream>;
using Secure = websocket::stream<beast::ssl_stream<beast::tcp_stream>>;

constexpr size_t kMaxReason = 512;  // of what a server says, in an error
// So long a server that has said good-bye may take to hang up.
constexpr DurationNs kGoodBye = kSecond;

bool IsAddress(const std::string& host) {
  in6_addr v6;
  in_addr v4;
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

std::string Shown(absl::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  std::string shown;
  AppendValidUtf8(Utf8Truncate(text, kMaxReason), &shown);
  return shown;
}

// One connection, whatever is under the WebSocket.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual error_code Handshake(const std::string& host, const std::string& path,
                               const HttpHeaders& headers, websocket::response_type* answer) = 0;
  virtual error_code Read(std::string* message) = 0;
  virtual void Close() = 0;         // on the thread of the io_context
  virtual bool closed() const = 0;  // the server has said that it ends
  virtual std::string CloseReason() const = 0;
};

template <typename Stream>
class StreamConnection : public Connection {
 public:
  template <typename... Args>
  StreamConnection(asio::io_context* io, const WebSocketClient::Options& options, Args&&... args)
      : io_(io), options_(options), stream_(std::forward<Args>(args)...) {
    stream_.read_message_max(options.max_message);
    stream_.auto_fragment(false);
    stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (kind == websocket::frame_type::close) NoteClosed();
    });
  }

  error_code Handshake(const std::string& host, const std::string& path, const HttpHeaders& headers,
                       websocket::response_type* answer) override {
    auto& lowest = beast::get_lowest_layer(stream_);
    lowest.expires_after(std::chrono::nanoseconds(options_.handshake_timeout));
    std::optional<error_code> result;
    if constexpr (std::is_same_v<Stream, Secure>) {
      stream_.next_layer().async_handshake(asio::ssl::stream_base::client,
                                           [&result](const error_code& error) { result = error; });
      RunUntilSet(result);
      if (*result) return *result;
    }
    lowest.expires_never();
    result.reset();
    websocket::stream_base::timeout timeout;
    timeout.handshake_timeout = std::chrono::nanoseconds(options_.handshake_timeout);
    timeout.idle_timeout = std::chrono::nanoseconds(options_.silence_timeout);
    timeout.keep_alive_pings = true;
    stream_.set_option(timeout);
    stream_.set_option(
        websocket::stream_base::decorator([&headers](websocket::request_type& request) {
          request.set("User-Agent", "tallybell");
          for (const auto& [name, value] : headers) request.set(name, value);
        }));
    stream_.async_handshake(*answer, host, path,
                            [&result](const error_code& error) { result = error; });
    RunUntilSet(result);
    return *result;
  }

  error_code Read(std::string* message) override {
    std::optional<error_code> result;
    beast::flat_buffer buffer;
    stream_.async_read(buffer, [&result](const error_code& error, size_t) { result = error; });
    RunUntilSet(result);
    if (!*result) *message = beast::buffers_to_string(buffer.data());
    return *result;
  }

  void Close() override { beast::get_lowest_layer(stream_).close(); }

  bool closed() const override { return closed_; }

  std::string CloseReason() const override {
    const absl::string_view reason(stream_.reason().reason.data(), stream_.reason().reason.size());
    return Shown(reason);
  }

  auto& stream() { return stream_; }

 private:
  // The library waits for the server to hang up; not for ever.
  void NoteClosed() {
    closed_ = true;
    good_bye_.expires_after(std::chrono::nanoseconds(kGoodBye));
    good_bye_.async_wait([this, alive = std::weak_ptr<int>(alive_)](const error_code& error) {
      if (!error && !alive.expired()) Close();
    });
  }

  // The alarm of the WebSocket goes on between two reads, so it never runs out of work.
  void RunUntilSet(const std::optional<error_code>& result) {
    io_->restart();
    while (!result.has_value()) io_->run_one();
  }

  asio::io_context* const io_;
  const WebSocketClient::Options options_;
  Stream stream_;
  asio::steady_timer good_bye_{*io_};
  bool closed_ = false;
  const std::shared_ptr<int> alive_ = std::make_shared<int>();
};

class BeastClient : public WebSocketClient {
 public:
  BeastClient(Options options, Credentials credentials)
      : options_(std::move(options)),
        credentials_(std::move(credentials)),
        resolver_(options_.http.base.host, options_.http.look_up) {}

  absl::Status Open(const std::string& path, const HttpHeaders& headers) override;
  absl::StatusOr<std::string> Read() override;
  void Cancel() override;

  absl::Status Connectable();

 private:
  const std::string& CertifiedName() const {
    const std::string& named = options_.http.tls.server_name;
    return named.empty() ? options_.http.base.host : named;
  }
  absl::Status NewTls();
  absl::StatusOr<UniqueFd> DialAny();
  absl::Status Attach(UniqueFd fd);
  absl::Status Ended(const error_code& error);

  const Options options_;
  Credentials credentials_;
  Resolver resolver_;
  SocketWatchdog watchdog_;  // cuts name look-up and dialling
  std::atomic<bool> cancelled_{false};
  asio::io_context io_;
  std::unique_ptr<asio::ssl::context> tls_;
  std::unique_ptr<Connection> connection_;
};

absl::Status BeastClient::Connectable() {
  return options_.http.base.tls ? NewTls() : absl::OkStatus();
}

absl::Status BeastClient::NewTls() {
  tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
  const HttpClient::Tls& tls = options_.http.tls;
  error_code error;
  if (tls.ca_file.empty()) tls_->set_default_verify_paths(error);
  tls_->set_verify_mode(tls.insecure_skip_verify ? asio::ssl::verify_none : asio::ssl::verify_peer,
                        error);
  return PrepareClientTls(tls, CertifiedName(), tls_->native_handle());
}

absl::StatusOr<UniqueFd> BeastClient::DialAny() {
  const Url& base = options_.http.base;
  std::vector<std::string> addresses = {base.host};
  if (!IsAddress(base.host)) {
    ASSIGN_OR_RETURN(addresses, resolver_.Resolve(options_.http.connect_timeout));
  }
  absl::StatusOr<UniqueFd> fd = absl::UnavailableError("no address was tried");
  for (const std::string& address : addresses) {
    if (!watchdog_.Alive()) return absl::CancelledError("cancelled");
    fd = Dial(address, base.port, options_.http.connect_timeout,
              [this](int socket) { watchdog_.Watch(socket); });
    if (fd.ok()) break;
  }
  return fd;
}

absl::Status BeastClient::Attach(UniqueFd fd) {
  asio::ip::tcp::socket socket(io_);
  sockaddr_storage peer;
  socklen_t size = sizeof peer;
  const bool v6 = getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
                  peer.ss_family == AF_INET6;
  error_code error;
  socket.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd.get(), error);
  if (error) return absl::UnavailableError(error.message());
  fd.Release();
  if (!options_.http.base.tls) {
    connection_ = std::make_unique<StreamConnection<Plain>>(&io_, options_, std::move(socket));
    return absl::OkStatus();
  }
  // Read anew each time: the files may have been replaced.
  if (const absl::Status status = NewTls(); !status.ok()) {
    return absl::UnauthenticatedError(status.message());
  }
  auto secure =
      std::make_unique<StreamConnection<Secure>>(&io_, options_, std::move(socket), *tls_);
  SSL* const ssl = secure->stream().next_layer().native_handle();
  if (!IsAddress(CertifiedName())) SSL_set_tlsext_host_name(ssl, CertifiedName().c_str());
  connection_ = std::move(secure);
  return absl::OkStatus();
}

absl::Status BeastClient::Open(const std::string& path, const HttpHeaders& headers) {
  connection_.reset();
  if (!IsRequestPath(path)) {
    return absl::InvalidArgumentError("a path with a blank or control character is not sent");
  }
  for (const auto& [name, value] : headers) {
    if (!IsHeaderName(name) || !IsHeaderValue(value)) {
      return absl::InvalidArgumentError("a header with a control character is not sent");
    }
  }
  watchdog_.Begin(2 * options_.http.connect_timeout + options_.handshake_timeout, kNever);
  absl::StatusOr<UniqueFd> fd = DialAny();
  const absl::Status cut = watchdog_.End();
  if (cancelled_ || !cut.ok()) return cancelled_ ? absl::CancelledError("cancelled") : cut;
  RETURN_IF_ERROR(fd.status());
  RETURN_IF_ERROR(Attach(*std::move(fd)));
  HttpHeaders all = headers;
  if (!credentials_.header().empty()) all.emplace_back("Authorization", credentials_.header());
  websocket::response_type answer;
  const error_code error = connection_->Handshake(
      options_.http.base.HostHeader(), absl::StrCat(options_.http.base.path, path), all, &answer);
  if (!error) return cancelled_ ? Ended(error) : absl::OkStatus();
  if (error != websocket::error::upgrade_declined) return Ended(error);
  connection_.reset();
  const unsigned status = answer.result_int();
  if (status == 401 || status == 403) credentials_.Reload();
  const std::string body = Shown(credentials_.Redact(answer.body()));
  return absl::FailedPreconditionError(
      absl::StrCat("it answered ", status, body.empty() ? "" : ": ", body));
}

absl::StatusOr<std::string> BeastClient::Read() {
  if (connection_ == nullptr) return absl::UnavailableError("there is no connection");
  std::string message;
  const error_code error = connection_->Read(&message);
  if (error || cancelled_) return Ended(error);
  return message;
}

// Why there is no connection any more.
absl::Status BeastClient::Ended(const error_code& error) {
  const std::string reason = connection_->CloseReason();
  const bool closed = connection_->closed();
  connection_.reset();
  if (cancelled_) return absl::CancelledError("cancelled");
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
    return absl::ResourceExhaustedError("a message is too long");
  }
  if (closed || error == websocket::error::closed) {
    return absl::UnavailableError(
        absl::StrCat("the server closed it", reason.empty() ? "" : ": ", reason));
  }
  if (error == beast::error::timeout) {
    return absl::DeadlineExceededError("the server fell silent");
  }
  if (error.category() == asio::error::get_ssl_category()) {
    TakeTlsFault();
    return absl::UnauthenticatedError(absl::StrCat("TLS: ", error.message()));
  }
  return absl::UnavailableError(absl::StrCat("the connection broke: ", error.message()));
}

void BeastClient::Cancel() {
  cancelled_ = true;
  watchdog_.Cancel();
  // Runs where the connection is used, or never if nothing is under way.
  asio::post(io_, [this] {
    if (connection_ != nullptr) connection_->Close();
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<WebSocketClient>> WebSocketClient::Create(Options options) {
  ASSIGN_OR_RETURN(Credentials credentials, Credentials::Make(options.http.credentials));
  if (options.http.tls.cert_file.empty() != options.http.tls.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate needs both cert_file and key_file");
  }
  auto client = std::make_unique<BeastClient>(std::move(options), std::move(credentials));
  RETURN_IF_ERROR(client->Connectable());
  return client;
}

}  // namespace tallybell
