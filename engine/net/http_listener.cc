// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/net/http_answer.h"
#include "engine/net/http_connection.h"
#include "engine/net/http_transport.h"
#include "engine/net/listen_socket.h"

namespace tallybell {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int kAcceptsAtOnce = 64;  // then the connections that are there have a turn
constexpr std::chrono::milliseconds kAcceptPause(50);
// One that reads or writes for so long may be given up for a newer one.
constexpr std::chrono::nanoseconds kStuck(kSecond);

// The way to the listener's thread for responders, which may outlive it. Thread-safe.
class Mailbox {
 public:
  explicit Mailbox(asio::io_context* io) : io_(io) {}

  void Post(std::function<void()> task) {
    absl::MutexLock lock(&mutex_);
    if (io_ != nullptr) asio::post(*io_, std::move(task));
  }
  void Close() {
    absl::MutexLock lock(&mutex_);
    io_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  asio::io_context* io_ ABSL_GUARDED_BY(mutex_);
};

class AsioListener : public HttpListener {
 public:
  AsioListener(Options options, HttpGate gate, ListenSocket socket, std::shared_ptr<ServerTls> tls,
               Metrics* metrics);
  ~AsioListener() override { Stop(0); }

  const std::string& address() const override { return address_; }
  int port() const override { return port_; }
  absl::Status ReloadTls() override;
  void Stop(DurationNs grace) override;

 private:
  using Phase = HttpConnection::Phase;

  void Run();
  void Accept();
  bool AcceptSome();
  void PauseAccepting();
  void Admit(int fd);
  bool GiveUpOne();
  void TurnAway(int fd);
  void OnClosed(uint64_t id);
  void Drain(DurationNs grace);
  void End();
  Responder NewResponder(uint64_t connection, uint64_t request, std::shared_ptr<ByteLease> body);
  std::shared_ptr<ServerTls> tls();

  const Options options_;
  const std::string address_;
  const int port_;
  Metric& open_;
  absl::Mutex stop_mutex_;  // one Stop at a time
  absl::Mutex tls_mutex_;
  std::shared_ptr<ServerTls> tls_ ABSL_GUARDED_BY(tls_mutex_);

  // The thread's own. What is left in io_ when it goes refers to what stands above it.
  HttpServing serving_;
  std::optional<ListenSocket> socket_;
  std::unordered_map<uint64_t, std::shared_ptr<HttpConnection>> connections_;
  uint64_t next_id_ = 0;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{io_.get_executor()};
  asio::posix::stream_descriptor acceptor_{io_};
  asio::steady_timer accept_pause_{io_};
  asio::steady_timer grace_{io_};
  std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(&io_);
  std::thread thread_;
};

AsioListener::AsioListener(Options options, HttpGate gate, ListenSocket socket,
                           std::shared_ptr<ServerTls> tls, Metrics* metrics)
    : options_(std::move(options)),
      address_(socket.address()),
      port_(socket.port()),
      open_(metrics->Get("http_connections")),
      tls_(std::move(tls)),
      serving_(options_.limits, std::move(gate), metrics),
      socket_(std::move(socket)) {
  serving_.new_responder = [this](uint64_t connection, uint64_t request,
                                  std::shared_ptr<ByteLease> body) {
    return NewResponder(connection, request, std::move(body));
  };
  serving_.closed = [this](uint64_t id) { OnClosed(id); };
  acceptor_.assign(fcntl(socket_->fd(), F_DUPFD_CLOEXEC, 0));
  asio::post(io_, [this] { Accept(); });
  thread_ = std::thread([this] { Run(); });
}

void AsioListener::Run() {
  while (!io_.stopped()) {
    try {
      io_.run();
    } catch (const std::exception&) {
      // No memory, most likely. What it was about ends when its time is up.
      serving_.metrics->Get("http_handler_failures_total").Add();
    }
  }
}

void AsioListener::Accept() {
  if (serving_.stopping) return;
  acceptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    if (error || serving_.stopping) return;
    if (AcceptSome()) {
      Accept();
    } else {
      PauseAccepting();
    }
  });
}

// False where the system has no room for another connection.
bool AsioListener::AcceptSome() {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    const int fd = accept4(socket_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      Admit(fd);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      serving_.CountRefusal("no_descriptor");
      GiveUpOne();
      return false;
    }
    // Else it is about this one connection, which is gone already.
  }
  return true;
}

void AsioListener::PauseAccepting() {
  accept_pause_.expires_after(kAcceptPause);
  accept_pause_.async_wait([this](const error_code& error) {
    if (!error) Accept();
  });
}

void AsioListener::Admit(int fd) {
  if (connections_.size() >= options_.limits.connections && !GiveUpOne()) return TurnAway(fd);
  std::string peer = DescribePeer(fd);
  std::shared_ptr<HttpTransport> transport = HttpTransport::Make(&io_, fd, tls());
  if (transport == nullptr) return serving_.CountRefusal("no_descriptor");
  const uint64_t id = ++next_id_;
  auto connection = std::make_shared<HttpConnection>(id, &serving_, transport, std::move(peer));
  connections_.emplace(id, connection);
  open_.Add();
  connection->Start();
}

// Ends the connection that waits longest without a request under way, else the one that is slowest
// at sending or taking one. False where there is none of either kind.
bool AsioListener::GiveUpOne() {
  const TimeNs stuck = (std::chrono::steady_clock::now().time_since_epoch() - kStuck).count();
  std::shared_ptr<HttpConnection> worst;
  for (const auto& [id, connection] : connections_) {
    const Phase phase = connection->phase();
    if (phase == Phase::kAnswering) continue;
    if (phase > Phase::kHead && connection->phase_since() > stuck) continue;
    if (worst == nullptr || phase < worst->phase() ||
        (phase == worst->phase() && connection->phase_since() < worst->phase_since())) {
      worst = connection;
    }
  }
  if (worst == nullptr) return false;
  serving_.CountRefusal("given_up");
  worst->Close();
  return true;
}

void AsioListener::TurnAway(int fd) {
  const UniqueFd socket(fd);
  serving_.CountRefusal("connections");
  if (tls() != nullptr) return;
  ServedResponse response = PlainAnswer(503);
  response.headers.emplace_back("Retry-After", "1");
  int status = 0;
  const std::string bytes = RenderAnswer(response, true, false, &status);
  serving_.metrics->Get("http_requests_total", {{"code", "503"}}).Add();
  // It takes it or not: there is no waiting for one that is not let in.
  if (send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    shutdown(fd, SHUT_WR);
  }
}

void AsioListener::OnClosed(uint64_t id) {
  if (connections_.erase(id) > 0) open_.Add(-1);
  if (serving_.stopping && connections_.empty()) io_.stop();
}

Responder AsioListener::NewResponder(uint64_t connection, uint64_t request,
                                     std::shared_ptr<ByteLease> body) {
  return Responder([this, mailbox = mailbox_, connection, request,
                    body = std::move(body)](ServedResponse response) {
    auto answer = std::make_shared<ServedResponse>(std::move(response));
    // The mailbox passes nothing on once this listener goes.
    mailbox->Post([this, connection, request, answer] {
      const auto found = connections_.find(connection);
      if (found == connections_.end()) return;
      const std::shared_ptr<HttpConnection> alive = found->second;
      alive->Answer(request, std::move(*answer));
    });
  });
}

std::shared_ptr<ServerTls> AsioListener::tls() {
  absl::MutexLock lock(&tls_mutex_);
  return tls_;
}

absl::Status AsioListener::ReloadTls() {
  if (options_.cert_file.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::shared_ptr<ServerTls> loaded,
                   ServerTls::Load(options_.cert_file, options_.key_file));
  absl::MutexLock lock(&tls_mutex_);
  tls_ = std::move(loaded);
  return absl::OkStatus();
}

void AsioListener::Drain(DurationNs grace) {
  serving_.stopping = true;
  error_code ignored;
  acceptor_.close(ignored);
  socket_.reset();
  const auto connections = connections_;  // closing takes them out
  for (const auto& [id, connection] : connections) {
    if (!connection->is_busy()) connection->Close();
  }
  if (connections_.empty()) return io_.stop();
  grace_.expires_after(std::chrono::nanoseconds(grace));
  grace_.async_wait([this](const error_code&) { End(); });
}

void AsioListener::End() {
  const auto connections = connections_;
  for (const auto& [id, connection] : connections) connection->Close();
  io_.stop();
}

void AsioListener::Stop(DurationNs grace) {
  absl::MutexLock lock(&stop_mutex_);
  if (!thread_.joinable()) return;
  mailbox_->Post([this, grace] { Drain(std::max<DurationNs>(grace, 0)); });
  thread_.join();
  mailbox_->Close();
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Create(Options options,
                                                                   std::vector<HttpRoute> routes,
                                                                   Metrics* metrics) {
  if (options.cert_file.empty() != options.key_file.empty()) {
    return absl::InvalidArgumentError("TLS needs both a certificate and a key");
  }
  ASSIGN_OR_RETURN(HttpRoutes table, HttpRoutes::Make(std::move(routes)));
  std::shared_ptr<ServerTls> tls;
  if (!options.cert_file.empty()) {
    ASSIGN_OR_RETURN(tls, ServerTls::Load(options.cert_file, options.key_file));
  }
  ASSIGN_OR_RETURN(ListenSocket socket, ListenSocket::Open(options.listen));
  if (!socket.is_local() && tls == nullptr && !options.insecure) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", options.listen,
                     "\" can be reached from other hosts, and everything would cross the network "
                     "in the clear: set up TLS, listen on 127.0.0.1, or say `insecure: true`"));
  }
  HttpGate::Options gate;
  gate.auth = options.auth;
  gate.only_own_hosts = socket.is_local() && !socket.is_unix();
  gate.allowed_hosts = options.allowed_hosts;
  gate.max_body = options.limits.max_body;
  try {
    return std::make_unique<AsioListener>(std::move(options), HttpGate(gate, std::move(table)),
                                          std::move(socket), std::move(tls), metrics);
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat("cannot serve HTTP: ", error.what()));
  }
}

}  // namespace tallybell
