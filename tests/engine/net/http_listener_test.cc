// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_listener.h"

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "engine/net/http_answer.h"
#include "gtest/gtest.h"
#include "tests/engine/net/raw_http_client.h"

namespace tallybell {
namespace {

// Answers in its own time: keeps what it is to answer until it is told.
class Desk {
 public:
  void Keep(Responder responder) {
    absl::MutexLock lock(&mutex_);
    kept_.push_back(std::move(responder));
  }
  // Waits until so many are kept, and takes them.
  std::vector<Responder> Take(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return kept_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
    return std::exchange(kept_, {});
  }

 private:
  absl::Mutex mutex_;
  std::vector<Responder> kept_ ABSL_GUARDED_BY(mutex_);
};

class HttpListenerTest : public ::testing::Test {
 protected:
  HttpListenerTest() { options_.listen = "127.0.0.1:0"; }

  std::vector<HttpRoute> Routes() {
    const auto text = [](absl::string_view body) {
      return [body = std::string(body)](const ServedRequest&, Responder responder) {
        ServedResponse response;
        response.body = body;
        responder.Answer(response);
      };
    };
    std::vector<HttpRoute> routes = {
        {"GET", "/health", false, 0, false, text("fine")},
        {"GET", "/big", false, 0, true, text(std::string(8 << 20, 'b'))},
        {"GET", "/api/", true, 0, true, text("api")},
        {"GET", "/api/exact", false, 0, true, text("exact")},
    };
    routes.push_back(
        {"POST", "/echo", false, 1 << 20, true, [](ServedRequest request, Responder r) {
           ServedResponse response;
           response.body = absl::StrCat(request.method, " ", request.path, " ", request.Query("q"),
                                        " ", request.body);
           response.headers.emplace_back("X-Peer", request.peer);
           r.Answer(response);
         }});
    routes.push_back({"POST", "/late", false, 1 << 20, true,
                      [this](const ServedRequest&, Responder r) { desk_.Keep(std::move(r)); }});
    routes.push_back({"GET", "/throw", false, 0, true, [](const ServedRequest&, const Responder&) {
                        throw std::runtime_error("the secret of the house");
                      }});
    routes.push_back({"GET", "/drop", false, 0, true, [](const ServedRequest&, Responder) {}});
    routes.push_back(
        {"GET", "/inject", false, 0, true, [](const ServedRequest& request, Responder r) {
           ServedResponse response;
           response.headers.emplace_back("X-Said", request.Query("q"));
           r.Answer(response);
         }});
    return routes;
  }

  void Listen() {
    auto made = HttpListener::Create(options_, Routes(), &metrics_);
    ASSERT_TRUE(made.ok()) << made.status();
    listener_ = *std::move(made);
  }
  RawHttpClient Connect() { return RawHttpClient(listener_->address()); }
  // The status of the answer to one request on a connection of its own.
  int Ask(absl::string_view request) {
    RawHttpClient client = Connect();
    client.Send(request);
    return client.ReadAnswer().status;
  }
  int64_t Refused(const std::string& reason) {
    return metrics_.Get("http_refused_total", {{"reason", reason}}).Value();
  }
  void ExpectHealthy() {
    RawHttpClient client = Connect();
    client.Send(kHealth);
    EXPECT_EQ(client.ReadAnswer().body, "fine");
  }

  static constexpr absl::string_view kHealth = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
  HttpListener::Options options_;
  Metrics metrics_;
  Desk desk_;
  std::unique_ptr<HttpListener> listener_;
};

std::string Post(absl::string_view path, absl::string_view body, absl::string_view fields = "") {
  return absl::StrCat("POST ", path,
                      " HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body.size(), "\r\n",
                      fields, "\r\n", body);
}

std::string Get(absl::string_view path, absl::string_view fields = "") {
  return absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: localhost\r\n", fields, "\r\n");
}

TEST_F(HttpListenerTest, AnswersOneRequestAfterAnotherOnOneConnection) {
  Listen();
  RawHttpClient client = Connect();
  for (int i = 0; i < 3; ++i) {
    client.Send(Post("/echo?q=a%20b+c", absl::StrCat("body", i)));
    const RawHttpClient::Answer answer = client.ReadAnswer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, absl::StrCat("POST /echo a b c body", i));
    EXPECT_TRUE(absl::StrContains(answer.head, "X-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(absl::StrContains(answer.head, "Cache-Control: no-store\r\n"));
    EXPECT_TRUE(absl::StrContains(answer.head, "X-Peer: 127.0.0.1:"));
  }
  EXPECT_EQ(metrics_.Get("http_requests_total", {{"code", "200"}}).Value(), 3);
}

TEST_F(HttpListenerTest, AnswersRequestsThatWereSentAheadInTheirOrder) {
  Listen();
  RawHttpClient client = Connect();
  std::string all;
  for (int i = 0; i < 200; ++i) all += Post("/echo", absl::StrCat(i));
  client.Send(all);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.ReadAnswer().body, absl::StrCat("POST /echo  ", i));
  }
}

TEST_F(HttpListenerTest, ReadsABodyInChunksAndTellsAWaitingClientToGoOn) {
  Listen();
  RawHttpClient client = Connect();
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.ReadAnswer().body, "POST /echo  abcde");
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadHead(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("hi");
  EXPECT_EQ(client.ReadAnswer().body, "POST /echo  hi");
}

TEST_F(HttpListenerTest, AnswersHeadAsGetWithoutItsBody) {
  Listen();
  RawHttpClient client = Connect();
  client.Send("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = client.ReadHead();
  EXPECT_TRUE(absl::StrContains(head, "200 OK"));
  EXPECT_TRUE(absl::StrContains(head, "Content-Length: 4\r\n"));
  client.Send(kHealth);
  EXPECT_EQ(client.ReadAnswer().body, "fine");
}

TEST_F(HttpListenerTest, FindsTheRouteOrSaysWhatThePathHas) {
  Listen();
  RawHttpClient client = Connect();
  client.Send(Get("/api/exact") + Get("/api/exact/more") + Get("/api/") + Get("/%61pi/exact"));
  for (const char* body : {"exact", "api", "api", "exact"}) {
    EXPECT_EQ(client.ReadAnswer().body, body);
  }
  EXPECT_EQ(Ask(Get("/nothing")), 404);
  EXPECT_EQ(Ask(Get("/health/")), 404);
  EXPECT_EQ(Ask(Get("/api/../health")), 200);  // a name behind /api/ like any other
  EXPECT_EQ(Ask(Get("/health%00")), 400);
  EXPECT_EQ(Ask(Get("/%zz")), 400);
  EXPECT_EQ(Ask(Get("http://localhost/health")), 200);
  EXPECT_EQ(Ask(Get("http://elsewhere/health")), 400);
  EXPECT_EQ(Ask("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 501);
  EXPECT_EQ(Ask("BREW /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), 501);
  client.Send("DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawHttpClient::Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 405);
  EXPECT_TRUE(absl::StrContains(answer.head, "Allow: GET, HEAD\r\n"));
}

TEST_F(HttpListenerTest, RefusesABodyOverItsRoutesLimit) {
  options_.limits.max_body = 1000;
  Listen();
  EXPECT_EQ(Ask(Post("/echo", std::string(1000, 'a'))), 200);
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                "3e9\r\n"),
            413);
  EXPECT_EQ(Ask(Get("/health", "Content-Length: 1\r\n")), 413);
  // The answer arrives although the client is still sending.
  EXPECT_EQ(Ask(Post("/echo", std::string(500'000, 'a'))), 413);
  EXPECT_EQ(Refused("body"), 4);
}

TEST_F(HttpListenerTest, EndsTheConnectionOfWhoDoesNotSpeakHttp) {
  Listen();
  for (const absl::string_view said :
       {absl::string_view("\x16\x03\x01\x02\x00", 5), absl::string_view("GET / HTTP/1.1\n\n"),
        absl::string_view("GET /\r\n"), absl::string_view("SSH-2.0-OpenSSH_9.2\r\n")}) {
    RawHttpClient client = Connect();
    client.Send(said);
    EXPECT_EQ(client.ReadAnswer().status, 400);
    EXPECT_TRUE(client.AtEnd());
  }
  EXPECT_EQ(Ask(Get("/health", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(Ask(absl::StrCat("GET /", std::string(10'000, 'a'))), 414);
  EXPECT_EQ(Ask(Get("/health", absl::StrCat("X: ", std::string(40'000, 'a'), "\r\n"))), 431);
  ExpectHealthy();
}

TEST_F(HttpListenerTest, AsksForAPasswordWhereTheRouteNeedsOne) {
  options_.auth.users = {{"ann", "secret"}, {"bob", "hidden"}, {"eve", ""}};
  options_.auth.bearer_tokens = {"token"};
  Listen();
  const auto with = [](absl::string_view value) {
    return Get("/api/", absl::StrCat("Authorization: ", value, "\r\n"));
  };
  EXPECT_EQ(Ask(with("Basic YW5uOnNlY3JldA==")), 200);
  EXPECT_EQ(Ask(with("basic Ym9iOmhpZGRlbg==")), 200);
  EXPECT_EQ(Ask(with("Bearer token")), 200);
  for (const char* wrong : {"Basic YW5uOmhpZGRlbg==", "Basic !!!", "Basic", "Bearer", "Bearer ",
                            "Bearer toke", "Bearer tokens", "Basic ZXZlOg==", "Digest a", ""}) {
    EXPECT_EQ(Ask(with(wrong)), 401) << wrong;
  }
  EXPECT_EQ(Ask(kHealth), 200);
  // Judged before its body is waited for.
  RawHttpClient client = Connect();
  client.Send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
  const RawHttpClient::Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(absl::StrContains(answer.head, "WWW-Authenticate: Basic realm="));
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(HttpListenerTest, ServesNoPageOfSomebodyElse) {
  options_.allowed_hosts = {"logs.example.com"};
  Listen();
  const auto as = [](absl::string_view host, absl::string_view fields) {
    return absl::StrCat("POST /echo HTTP/1.1\r\nHost: ", host, "\r\n", fields, "\r\n");
  };
  for (const char* host :
       {"localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:2", "[::1]", "logs.example.com:443"}) {
    EXPECT_EQ(Ask(as(host, "")), 200) << host;
  }
  for (const char* host : {"example.com", "localhost.example.com", "1.2.3.4.example.com"}) {
    EXPECT_EQ(Ask(as(host, "")), 421) << host;
  }
  EXPECT_EQ(Ask(as("localhost:80", "Origin: http://localhost:80\r\n")), 200);
  EXPECT_EQ(Ask(as("localhost:80", "Origin: https://logs.example.com\r\n")), 200);
  EXPECT_EQ(Ask(as("localhost:80", "Origin: http://localhost:81\r\n")), 403);
  EXPECT_EQ(Ask(as("localhost:80", "Origin: https://example.com\r\n")), 403);
  EXPECT_EQ(Ask(as("localhost:80", "Origin: null\r\n")), 403);
  EXPECT_EQ(Ask(as("localhost:80", "Sec-Fetch-Site: cross-site\r\n")), 403);
  EXPECT_EQ(Ask(as("localhost:80", "Sec-Fetch-Site: same-site\r\n")), 403);
  EXPECT_EQ(Ask(as("localhost:80", "Sec-Fetch-Site: same-origin\r\n")), 200);
  EXPECT_EQ(Ask(as("localhost:80", "Sec-Fetch-Site: none\r\n")), 200);
  EXPECT_EQ(Ask(Get("/health", "Origin: https://example.com\r\n")), 200);
}

TEST_F(HttpListenerTest, SaysNothingOfWhatAHandlerThrew) {
  Listen();
  RawHttpClient client = Connect();
  client.Send(Get("/throw"));
  EXPECT_EQ(client.ReadAnswer().body, "Internal Server Error\n");
  client.Send(Get("/drop"));
  EXPECT_EQ(client.ReadAnswer().status, 500);
  // A value that would begin a header of its own makes no answer.
  client.Send(Get("/inject?q=a%0d%0aX-Evil:%20b"));
  const RawHttpClient::Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(absl::StrContains(answer.head, "X-Evil"));
  EXPECT_EQ(metrics_.Total("http_handler_failures_total"), 1);
}

TEST_F(HttpListenerTest, SendsAnswersThatOtherThreadsGiveLater) {
  Listen();
  constexpr int kClients = 20;
  std::vector<RawHttpClient> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(Connect());
    clients.back().Send(Post("/late", "x"));
  }
  std::vector<Responder> responders = desk_.Take(kClients);
  ExpectHealthy();
  std::vector<std::thread> threads;
  for (Responder& responder : responders) {
    threads.emplace_back([responder = std::move(responder)]() mutable {
      responder.Answer(204, "");
      responder.Answer(500, "twice");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (RawHttpClient& client : clients) {
    EXPECT_TRUE(absl::StrContains(client.ReadHead(), "204 No Content"));
    client.Send(kHealth);
    EXPECT_EQ(client.ReadAnswer().body, "fine");
  }
}

TEST_F(HttpListenerTest, GivesUpAnAnswerThatDoesNotCome) {
  options_.limits.answer_time = 50 * kMillisecond;
  Listen();
  RawHttpClient client = Connect();
  client.Send(Post("/late", "x"));
  const RawHttpClient::Answer answer = client.ReadAnswer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(absl::StrContains(answer.head, "Retry-After: 1\r\n"));
  EXPECT_TRUE(client.AtEnd());
  for (Responder& responder : desk_.Take(1)) responder.Answer(200, "too late");
  ExpectHealthy();
}

TEST_F(HttpListenerTest, EndsWhoIsSlowAtAnything) {
  options_.limits.head_time = 50 * kMillisecond;
  options_.limits.body_time = 50 * kMillisecond;
  options_.limits.idle_time = 50 * kMillisecond;
  options_.limits.write_time = 50 * kMillisecond;
  Listen();
  RawHttpClient silent = Connect();
  EXPECT_TRUE(silent.AtEnd());
  EXPECT_EQ(Ask("GET /hea"), 408);
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab"), 408);
  RawHttpClient resting = Connect();
  resting.Send(kHealth);
  EXPECT_EQ(resting.ReadAnswer().status, 200);
  EXPECT_TRUE(resting.AtEnd());
  RawHttpClient deaf = Connect();
  deaf.Send(Get("/big") + Get("/big"));
  while (Refused("write_time") == 0) std::this_thread::yield();
  EXPECT_EQ(Refused("head_time"), 1);
  EXPECT_EQ(Refused("body_time"), 1);
}

TEST_F(HttpListenerTest, HoldsAllBodiesTogetherToTheirLimit) {
  options_.limits.bodies_in_memory = 300'000;
  Listen();
  RawHttpClient first = Connect();
  first.Send(Post("/late", std::string(200'000, 'a')));
  std::vector<Responder> kept = desk_.Take(1);
  RawHttpClient second = Connect();
  second.Send(Post("/echo", std::string(200'000, 'b')));
  const RawHttpClient::Answer answer = second.ReadAnswer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(absl::StrContains(answer.head, "Retry-After: 1\r\n"));
  kept[0].Answer(200, "done");
  EXPECT_EQ(first.ReadAnswer().status, 200);
  EXPECT_EQ(Ask(Post("/echo", std::string(200'000, 'c'))), 200);
  EXPECT_EQ(Refused("bodies_in_memory"), 1);
}

TEST_F(HttpListenerTest, LetsGoTheLongestIdleForANewOne) {
  options_.limits.connections = 3;
  Listen();
  std::vector<RawHttpClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    clients.back().Send(kHealth);
    EXPECT_EQ(clients.back().ReadAnswer().status, 200);
  }
  ExpectHealthy();
  EXPECT_TRUE(clients[0].AtEnd());
  clients[2].Send(kHealth);
  EXPECT_EQ(clients[2].ReadAnswer().status, 200);
}

TEST_F(HttpListenerTest, TurnsAwayTheNewOneWhereAllAreBusy) {
  options_.limits.connections = 2;
  Listen();
  RawHttpClient one = Connect(), two = Connect();
  one.Send(Post("/late", ""));
  two.Send(Post("/late", ""));
  std::vector<Responder> kept = desk_.Take(2);
  EXPECT_EQ(Connect().ReadAnswer().status, 503);
  EXPECT_EQ(Refused("connections"), 1);
  for (Responder& responder : kept) responder.Answer(200, "done");
  EXPECT_EQ(one.ReadAnswer().status, 200);
  EXPECT_EQ(two.ReadAnswer().status, 200);
}

TEST_F(HttpListenerTest, AnswersTheHealthCheckInAFlood) {
  options_.limits.connections = 64;
  Listen();
  std::vector<RawHttpClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(Connect());
    if (i % 4 == 1) slow.back().TrySend("GET /health HTTP/1.1\r\nX: ");
    if (i % 4 == 2) slow.back().TrySend(absl::string_view("\x00\xff\x01", 3));
    if (i % 40 == 3) slow.back().TrySend(Get("/big"));  // and never reads it
    if (i % 20 == 0) ExpectHealthy();
  }
  ExpectHealthy();
  EXPECT_GT(Refused("given_up"), 0);
}

TEST_F(HttpListenerTest, WaitsAtStopForTheAnswersThatAreDue) {
  Listen();
  RawHttpClient busy = Connect(), idle = Connect();
  idle.Send(kHealth);
  EXPECT_EQ(idle.ReadAnswer().status, 200);
  busy.Send(Post("/late", "x"));
  std::vector<Responder> kept = desk_.Take(1);
  std::thread stop([this] { listener_->Stop(kMinute); });
  EXPECT_TRUE(idle.AtEnd());  // it is stopping
  kept[0].Answer(200, "done");
  const RawHttpClient::Answer answer = busy.ReadAnswer();
  EXPECT_EQ(answer.body, "done\n");
  EXPECT_TRUE(absl::StrContains(answer.head, "Connection: close\r\n"));
  EXPECT_TRUE(busy.AtEnd());
  busy.Close();
  stop.join();
  EXPECT_FALSE(RawHttpClient::CanConnect(listener_->address()));
  EXPECT_EQ(metrics_.Get("http_connections").Value(), 0);
}

TEST_F(HttpListenerTest, WaitsNoLongerAtStopThanItMay) {
  Listen();
  RawHttpClient busy = Connect();
  busy.Send(Post("/late", "x"));
  std::vector<Responder> kept = desk_.Take(1);
  listener_->Stop(kMillisecond);
  EXPECT_TRUE(busy.AtEnd());
  listener_ = nullptr;
  kept[0].Answer(200, "nobody listens");
}

TEST_F(HttpListenerTest, ListensOnAUnixSocketAndReplacesAStaleFile) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/tallybell-listener.sock");
  options_.listen = absl::StrCat("unix:", path);
  unlink(path.c_str());
  Listen();
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0660u);
  ExpectHealthy();
  EXPECT_TRUE(absl::IsAlreadyExists(HttpListener::Create(options_, Routes(), &metrics_).status()));
  ExpectHealthy();
  listener_ = nullptr;
  EXPECT_NE(stat(path.c_str(), &file), 0);
  RawHttpClient::LeaveStaleSocket(path);
  Listen();
  ExpectHealthy();
}

TEST_F(HttpListenerTest, StaysOnThisHostUnlessToldOtherwise) {
  options_.listen = ":0";
  const absl::Status refused = HttpListener::Create(options_, Routes(), &metrics_).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), "insecure: true")) << refused;
  options_.insecure = true;
  Listen();
  EXPECT_GT(listener_->port(), 0);
  for (const char* wrong : {"", "localhost", "localhost:70000", "example.com:1", "::1:80",
                            "[127.0.0.1]:1", "unix:relative", "127.0.0.1:x"}) {
    options_.listen = wrong;
    EXPECT_TRUE(
        absl::IsInvalidArgument(HttpListener::Create(options_, Routes(), &metrics_).status()))
        << wrong;
  }
}

}  // namespace
}  // namespace tallybell
