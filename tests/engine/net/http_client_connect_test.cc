// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How a client comes to a connection, and what it says where it does not.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "engine/base/unique_fd.h"
#include "engine/net/http_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scripted_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using Addresses = std::vector<std::string>;

constexpr DurationNs kAmple = 60 * kSecond;
constexpr DurationNs kShort = 300 * kMillisecond;

std::unique_ptr<HttpClient> ClientOf(const std::string& host, int port,
                                     Resolver::LookUp look_up = LookUpHost) {
  HttpClient::Options options;
  options.base = ParseUrl(absl::StrCat("http://", host, ":", port)).value();
  options.connect_timeout = 100 * kMillisecond;
  options.look_up = std::move(look_up);
  return HttpClient::Create(std::move(options)).value();
}

HttpRequest Post() {
  HttpRequest request;
  request.path = "/x";
  request.body = "{}";
  return request;
}

// Listens, takes as few connections as one can, and accepts none: what comes later is not answered.
class FullBacklog {
 public:
  explicit FullBacklog(const char* address = "127.0.0.1", int port = 0) {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    inet_pton(AF_INET, address, &at.sin_addr);
    socklen_t size = sizeof at;
    auto* const plain = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(bind(listener_.get(), plain, size), 0);
    EXPECT_EQ(listen(listener_.get(), 0), 0);
    EXPECT_EQ(getsockname(listener_.get(), plain, &size), 0);
    port_ = ntohs(at.sin_port);
    for (int i = 0; i < 4; ++i) {
      fillers_.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      connect(fillers_.back().get(), plain, size);
    }
  }
  int port() const { return port_; }

 private:
  UniqueFd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port_ = 0;
  std::vector<UniqueFd> fillers_;
};

std::string FaultOf(HttpClient* client, DurationNs deadline = kAmple) {
  const absl::Status status = client->Do(Post(), deadline).status();
  EXPECT_TRUE(absl::IsUnavailable(status) || absl::IsNotFound(status)) << status;
  return std::string(status.message());
}

TEST(HttpClientConnectTest, SaysWhyThereIsNoConnection) {
  int closed = 0;
  {
    const ScriptedReceiver server;
    closed = server.port();
  }
  EXPECT_EQ(FaultOf(ClientOf("127.0.0.1", closed).get()),
            absl::StrCat("connection refused: nobody listens at 127.0.0.1:", closed));
  const FullBacklog full;
  EXPECT_EQ(FaultOf(ClientOf("127.0.0.1", full.port()).get()),
            absl::StrCat("no connection to 127.0.0.1:", full.port(), " within 100ms"));
  EXPECT_THAT(FaultOf(ClientOf("255.255.255.255", 9).get()),
              HasSubstr("cannot connect to 255.255.255.255:9: "));
  const auto none = [](const std::string& host) {
    return absl::NotFoundError(absl::StrCat("there is no host called ", host));
  };
  EXPECT_EQ(FaultOf(ClientOf("nobody", 9, none).get()), "there is no host called nobody");
}

TEST(HttpClientConnectTest, SaysThatAConnectionEndedTooEarly) {
  ScriptedReceiver server({{ScriptedReceiver::Step::Do::kClose, "", "", false}});
  EXPECT_EQ(FaultOf(ClientOf("127.0.0.1", server.port()).get()),
            "the connection ended without a whole answer");
}

TEST(HttpClientConnectTest, ALookUpThatHangsHoldsNoRequestBeyondItsTime) {
  ScriptedReceiver server;
  absl::Notification released;
  std::atomic<int> asked{0};
  std::atomic<int> answered{0};
  {
    const auto hangs = [&](const std::string&) -> absl::StatusOr<Addresses> {
      ++asked;
      released.WaitForNotification();
      ++answered;
      return Addresses{"127.0.0.1"};
    };
    auto client = ClientOf("slow", server.port(), hangs);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(FaultOf(client.get(), kShort),
                "the name slow cannot be looked up: no answer in time");
    }
    EXPECT_EQ(asked, 1);  // one that hangs is not joined by others
    released.Notify();
    // Late, but an answer.
    absl::StatusOr<HttpResponse> response;
    do {
      response = client->Do(Post(), kAmple);
    } while (!response.ok());
    EXPECT_EQ(response->status, 200);
  }
  EXPECT_EQ(asked, answered);
}

TEST(HttpClientConnectTest, GoesToTheNewAddressWhenTheOldOneHasGone) {
  auto old_server = std::make_unique<ScriptedReceiver>();
  const int port = old_server->port();
  std::atomic<bool> moved{false};
  const auto moves = [&](const std::string&) -> absl::StatusOr<Addresses> {
    return Addresses{moved ? "127.0.0.2" : "127.0.0.1"};
  };
  auto client = ClientOf("moving", port, moves);
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
  old_server.reset();
  moved = true;
  // Nobody is at the new one either, but that is where it was looked for.
  EXPECT_EQ(FaultOf(client.get()),
            absl::StrCat("connection refused: nobody listens at 127.0.0.2:", port));
}

TEST(HttpClientConnectTest, FindsTheOneAddressOfManyThatAnswersAndStaysThere) {
  ScriptedReceiver server;
  Addresses addresses;
  for (int i = 2; i < 51; ++i) addresses.push_back(absl::StrCat("127.0.1.", i));
  addresses.push_back("127.0.0.1");
  auto client =
      ClientOf("many", server.port(),
               [&](const std::string&) -> absl::StatusOr<Addresses> { return addresses; });
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(HttpClientConnectTest, AnAddressThatSwallowsEverythingIsLeftForTheNext) {
  ScriptedReceiver server;
  const FullBacklog hole("127.0.0.2", server.port());
  auto client = ClientOf("half", server.port(), [](const std::string&) {
    return absl::StatusOr<Addresses>(Addresses{"127.0.0.2", "127.0.0.1"});
  });
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
}

}  // namespace
}  // namespace tallybell
