// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_transport.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;
using TlsStream = asio::ssl::stream<Socket>;

constexpr size_t kMaxDiscarded = 16 * 1024 * 1024;

class AsioServerTls : public ServerTls {
 public:
  asio::ssl::context context{asio::ssl::context::tls_server};
};

// What both kinds share: the alarm, and that each operation keeps the transport alive.
template <typename Stream>
class AsioTransport : public HttpTransport,
                      public std::enable_shared_from_this<AsioTransport<Stream>> {
 public:
  template <typename... Args>
  explicit AsioTransport(asio::io_context* io, Args&&... args)
      : stream_(std::forward<Args>(args)...), alarm_(*io) {}

  void Read(char* data, size_t size, std::function<void(size_t)> done) override {
    stream_.async_read_some(asio::buffer(data, size),
                            [self = this->shared_from_this(), done = std::move(done)](
                                const error_code& error, size_t n) { done(error ? 0 : n); });
  }

  void Write(absl::string_view bytes, Done done) override {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [self = this->shared_from_this(), done = std::move(done)](
                          const error_code& error, size_t) { done(!error); });
  }

  void Close() override {
    error_code ignored;
    alarm_.cancel();
    ++alarm_number_;
    stream_.lowest_layer().close(ignored);
  }

  void SetAlarm(DurationNs delay, std::function<void()> ring) override {
    alarm_.expires_after(std::chrono::nanoseconds(delay));
    // One that ran out just before it was set anew is on its way already.
    const uint64_t number = ++alarm_number_;
    alarm_.async_wait(
        [weak = this->weak_from_this(), number, ring = std::move(ring)](const error_code& error) {
          const auto self = weak.lock();
          if (self != nullptr && !error && self->alarm_number_ == number) ring();
        });
  }

 protected:
  Stream stream_;

 private:
  asio::steady_timer alarm_;
  uint64_t alarm_number_ = 0;
};

class PlainTransport : public AsioTransport<Socket> {
 public:
  using AsioTransport<Socket>::AsioTransport;

  void Handshake(Done done) override {
    asio::post(stream_.get_executor(),
               [self = shared_from_this(), done = std::move(done)] { done(true); });
  }

  void Finish(Done done) override {
    error_code ignored;
    stream_.shutdown(Socket::shutdown_send, ignored);
    Discard(std::move(done));
  }

 private:
  void Discard(Done done) {
    stream_.async_read_some(asio::buffer(sink_),
                            [this, self = shared_from_this(), done = std::move(done)](
                                const error_code& error, size_t n) {
                              discarded_ += n;
                              if (error || discarded_ > kMaxDiscarded) {
                                done(!error || error == asio::error::eof);
                              } else {
                                Discard(std::move(done));
                              }
                            });
  }

  std::array<char, 4096> sink_;
  size_t discarded_ = 0;
};

class TlsTransport : public AsioTransport<TlsStream> {
 public:
  TlsTransport(asio::io_context* io, Socket socket, std::shared_ptr<AsioServerTls> tls)
      : AsioTransport<TlsStream>(io, std::move(socket), tls->context), tls_(std::move(tls)) {}

  void Handshake(Done done) override {
    stream_.async_handshake(TlsStream::server, [self = shared_from_this(), done = std::move(done)](
                                                   const error_code& error) { done(!error); });
  }

  void Finish(Done done) override {
    stream_.async_shutdown([self = shared_from_this(),
                            done = std::move(done)](const error_code& error) { done(!error); });
  }

 private:
  const std::shared_ptr<AsioServerTls> tls_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<ServerTls>> ServerTls::Load(const std::string& cert_file,
                                                           const std::string& key_file) {
  try {
    auto tls = std::make_shared<AsioServerTls>();
    SSL_CTX* const context = tls->context.native_handle();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // resting connections keep none
    error_code error;
    tls->context.use_certificate_chain_file(cert_file, error);
    if (error) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot use the certificate ", cert_file, ": ", error.message()));
    }
    // Without this a key behind a passphrase would ask for it at the terminal.
    tls->context.set_password_callback(
        [](size_t, asio::ssl::context::password_purpose) { return std::string(); });
    tls->context.use_private_key_file(key_file, asio::ssl::context::pem, error);
    if (error || SSL_CTX_check_private_key(context) != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("cannot use the key ", key_file, ": ",
                       error ? error.message() : std::string("it is not the certificate's")));
    }
    return tls;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("cannot set up TLS: ", error.what()));
  }
}

std::shared_ptr<HttpTransport> HttpTransport::Make(asio::io_context* io, int fd,
                                                   std::shared_ptr<ServerTls> tls) {
  try {
    sockaddr_storage name = {};
    socklen_t size = sizeof name;
    getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
    const int on = 1;
    if (name.ss_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Socket socket(*io);
    error_code error;
    socket.assign(asio::generic::stream_protocol(name.ss_family, 0), fd, error);
    if (error) {
      close(fd);
      return nullptr;
    }
    if (tls == nullptr) return std::make_shared<PlainTransport>(io, std::move(socket));
    return std::make_shared<TlsTransport>(io, std::move(socket),
                                          std::static_pointer_cast<AsioServerTls>(std::move(tls)));
  } catch (const std::exception&) {
    return nullptr;  // no memory for it: the socket is closed with its owner
  }
}

}  // namespace tallybell
