// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_client.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scripted_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Step = ScriptedReceiver::Step;

// Long enough for an answer on a slow machine; no test waits for it.
constexpr DurationNs kAmple = 60 * kSecond;
// Short enough to wait for.
constexpr DurationNs kShort = 300 * kMillisecond;

std::unique_ptr<HttpClient> ClientOf(absl::string_view url, Credentials::Options credentials = {}) {
  HttpClient::Options options;
  options.base = ParseUrl(url).value();
  options.credentials = std::move(credentials);
  options.max_headers = 4096;
  options.max_body = 64 * 1024;
  return HttpClient::Create(std::move(options)).value();
}

HttpRequest Post(std::string path = "/x", std::string body = "{}") {
  HttpRequest request;
  request.path = std::move(path);
  request.body = std::move(body);
  return request;
}

TEST(HttpClientTest, SendsARequestAndReadsItsAnswer) {
  ScriptedReceiver server({ScriptedReceiver::Answer(201, "done", "X-A: b\r\n")});
  auto client = ClientOf(server.url() + "/api");
  HttpRequest request = Post("/alert?x=%20", "{\"a\":1}");
  request.headers = {{"X-Scope-OrgID", "t1"}};
  const HttpResponse response = client->Do(request, kAmple).value();
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.Header("x-a"), "b");
  EXPECT_GT(response.elapsed, 0);
  const auto seen = server.requests().at(0);
  EXPECT_EQ(seen.target, "/api/alert?x=%20");
  EXPECT_EQ(seen.body, "{\"a\":1}");
  EXPECT_THAT(seen.head, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(seen.head, HasSubstr("X-Scope-OrgID: t1"));
  EXPECT_THAT(seen.head, HasSubstr(absl::StrCat("Host: 127.0.0.1:", server.port())));
  EXPECT_THAT(seen.head, Not(HasSubstr("gzip")));
}

TEST(HttpClientTest, ResolvesAName) {
  ScriptedReceiver server;
  auto client = ClientOf(absl::StrCat("http://localhost:", server.port()));
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
}

TEST(HttpClientTest, UsesOneConnectionForManyRequests) {
  ScriptedReceiver server;
  auto client = ClientOf(server.url());
  for (int i = 0; i < 5; ++i) ASSERT_EQ(client->Do(Post(), kAmple)->status, 200);
  EXPECT_EQ(server.requests().back().connection, 0);
}

TEST(HttpClientTest, MakesANewConnectionWhenTheOldOneHasGone) {
  Step last = ScriptedReceiver::Answer(200);
  last.close_after = true;
  ScriptedReceiver server({last});
  auto client = ClientOf(server.url());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client->Do(Post(), kAmple).ok()) << i;
}

TEST(HttpClientTest, SendsNothingThatCouldInjectAHeader) {
  ScriptedReceiver server;
  auto client = ClientOf(server.url());
  HttpRequest in_value = Post();
  in_value.headers = {{"X-A", "b\r\nX-Evil: 1"}};
  HttpRequest in_name = Post();
  in_name.headers = {{"X-A: b\r\nX-Evil", "1"}};
  HttpRequest nul = Post();
  nul.headers = {{"X-A", std::string("b\0c", 3)}};
  HttpRequest in_type = Post();
  in_type.content_type = "text/plain\nX-Evil: 1";
  HttpRequest in_method = Post();
  in_method.method = "POST / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET";
  for (const HttpRequest& request : {Post("/a\r\nX-Evil: 1"), Post("/a b"), Post("a"), Post(""),
                                     in_value, in_name, nul, in_type, in_method}) {
    EXPECT_EQ(client->Do(request, kAmple).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(HttpClientTest, NeverFollowsARedirect) {
  ScriptedReceiver elsewhere;
  Credentials::Options key;
  key.scheme = "Bearer";
  key.secret = "token";
  for (const int status : {301, 302, 307, 308}) {
    ScriptedReceiver server({ScriptedReceiver::Answer(
        status, "", absl::StrCat("Location: ", elsewhere.url(), "/\r\n"))});
    EXPECT_EQ(ClientOf(server.url(), key)->Do(Post(), kAmple)->status, status);
  }
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST(HttpClientTest, GivesUpOnAServerThatHangs) {
  ScriptedReceiver server({Step{Step::Do::kHang, "", "", false}});
  auto client = ClientOf(server.url());
  EXPECT_TRUE(absl::IsDeadlineExceeded(client->Do(Post(), kShort).status()));
  server.Release();
  server.Script({});
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
}

TEST(HttpClientTest, GivesUpOnAServerThatDrips) {
  const std::string answer = ScriptedReceiver::Answer(200, std::string(200, 'x')).bytes;
  for (const size_t at_once : {size_t{0}, answer.find("xxx")}) {
    // In the headers, and in the body: a byte every 50 ms would last ten seconds and more.
    ScriptedReceiver server({Step{Step::Do::kDrip, answer.substr(at_once), "", false}});
    auto client = ClientOf(server.url());
    EXPECT_TRUE(absl::IsDeadlineExceeded(client->Do(Post(), kShort).status()));
  }
}

TEST(HttpClientTest, GivesUpOnAServerThatNeverAccepts) {
  HttpClient::Options options;
  options.base = ParseUrl("http://192.0.2.1:9").value();  // TEST-NET-1: nobody is there
  options.connect_timeout = 200 * kMillisecond;
  auto client = HttpClient::Create(options).value();
  EXPECT_FALSE(client->Do(Post(), kShort).ok());
}

TEST(HttpClientTest, SurvivesConnectionsThatBreak) {
  for (const Step::Do how : {Step::Do::kReset, Step::Do::kClose}) {
    ScriptedReceiver server({Step{how, "", "", false}});
    auto client = ClientOf(server.url());
    // Bodies that are longer than the buffers are still being written when it breaks.
    for (const size_t size : {10, 10'000'000}) {
      EXPECT_TRUE(
          absl::IsUnavailable(client->Do(Post("/x", std::string(size, 'x')), kAmple).status()));
    }
  }
}

TEST(HttpClientTest, SaysThatNobodyListens) {
  std::string url;
  {
    ScriptedReceiver server;
    url = server.url();
  }
  EXPECT_TRUE(absl::IsUnavailable(ClientOf(url)->Do(Post(), kAmple).status()));
}

TEST(HttpClientTest, TakesABodyUpToTheCapAndNoMore) {
  ScriptedReceiver server({ScriptedReceiver::Answer(200, std::string(64 * 1024, 'x')),
                           ScriptedReceiver::Answer(200, std::string(64 * 1024 + 1, 'x'))});
  auto client = ClientOf(server.url());
  EXPECT_EQ(client->Do(Post(), kAmple)->body.size(), 64u * 1024);
  EXPECT_TRUE(absl::IsResourceExhausted(client->Do(Post(), kAmple).status()));
}

TEST(HttpClientTest, CutsAnAnswerWithoutEnd) {
  const std::string filler(4096, 'x');
  const std::string chunk = "1000\r\n" + filler + "\r\n";
  const std::string plain = "HTTP/1.1 200 OK\r\n";
  const std::pair<std::string, std::string> floods[] = {
      {plain + "\r\n", filler},                               // a body without a length
      {plain + "Transfer-Encoding: chunked\r\n\r\n", chunk},  // chunks
      {plain + "Transfer-Encoding: chunked\r\n\r\n-2\r\n", filler},
      {plain + "Content-Length: 9999999999999\r\n\r\n", filler},
      {plain, "X-A: " + filler + "\r\n"},  // headers
      {plain + "X-A: ", filler},           // one header
      {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"},
  };
  for (const auto& [begin, filler_bytes] : floods) {
    ScriptedReceiver server({Step{Step::Do::kFlood, begin, filler_bytes, false}});
    const absl::Status status = ClientOf(server.url())->Do(Post(), kAmple).status();
    EXPECT_TRUE(absl::IsResourceExhausted(status) || absl::IsUnavailable(status))
        << begin << status;
  }
}

TEST(HttpClientTest, RefusesALengthThatIsNotOne) {
  ScriptedReceiver server;
  for (const char* length :
       {"xyz", "-1", "5\r\nContent-Length: 6", "0x5", "99999999999999999999999999"}) {
    Step step;
    step.bytes = absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", length, "\r\n\r\nhello");
    step.close_after = true;
    server.Script({step});
    EXPECT_FALSE(ClientOf(server.url())->Do(Post(), kAmple).ok()) << length;
  }
}

TEST(HttpClientTest, SurvivesAnswersThatAreNotHttp) {
  for (const char* bytes :
       {"", "\r\n", "garbage\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n"}) {
    Step step;
    step.bytes = bytes;
    step.close_after = true;
    ScriptedReceiver server({step});
    ClientOf(server.url())->Do(Post(), kAmple).IgnoreError();
  }
}

TEST(HttpClientTest, NeverUnpacksABody) {
  ScriptedReceiver server(
      {ScriptedReceiver::Answer(200, "\x1f\x8b\x08\x00not gzip", "Content-Encoding: gzip\r\n")});
  EXPECT_EQ(ClientOf(server.url())->Do(Post(), kAmple)->body.substr(0, 2), "\x1f\x8b");
}

TEST(HttpClientTest, CancelEndsWhatIsUnderWayAndWhatComesLater) {
  ScriptedReceiver server({Step{Step::Do::kHang, "", "", false}});
  auto client = ClientOf(server.url());
  std::thread canceller([&] {
    server.WaitForRequests(1);
    client->Cancel();
  });
  EXPECT_TRUE(absl::IsCancelled(client->Do(Post(), kAmple).status()));
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(client->Do(Post(), kAmple).status()));
}

TEST(HttpClientTest, ReadsAKeyAgainThatIsRefusedAndTakesItOutOfTheAnswer) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/tallybell-key");
  std::ofstream(path) << "old-key";
  Credentials::Options key;
  key.scheme = "Key";
  key.secret_file = path;
  ScriptedReceiver server({ScriptedReceiver::Answer(401), ScriptedReceiver::Answer(200),
                           ScriptedReceiver::Answer(401, "new-key is invalid")});
  auto client = ClientOf(server.url(), key);
  std::ofstream(path) << "new-key";
  EXPECT_EQ(client->Do(Post(), kAmple)->status, 200);
  const auto requests = server.requests();
  EXPECT_THAT(requests.at(0).head, HasSubstr("Authorization: Key old-key"));
  EXPECT_THAT(requests.at(1).head, HasSubstr("Authorization: Key new-key"));
  const HttpResponse refused = client->Do(Post(), kAmple).value();
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body, "<secret> is invalid");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace tallybell
