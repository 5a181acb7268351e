// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/websocket_client.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/net/raw_websocket_server.h"
#include "tests/support/tls_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using Frame = WebSocketFrame;

constexpr DurationNs kAmple = 60 * kSecond;

WebSocketClient::Options To(int port, const std::string& scheme = "http") {
  WebSocketClient::Options options;
  options.http.base = ParseUrl(absl::StrCat(scheme, "://127.0.0.1:", port, "/base")).value();
  options.handshake_timeout = options.silence_timeout = kAmple;
  options.max_message = 100'000;
  return options;
}

Frame Text(const std::string& payload, bool last = true) {
  Frame frame;
  frame.payload = payload;
  frame.last = last;
  return frame;
}

Frame Of(int opcode, const std::string& payload, bool last = true) {
  Frame frame = Text(payload, last);
  frame.opcode = opcode;
  return frame;
}

// A client of a server that accepts, says `bytes` and, unless it stays, that it says no more, and
// then waits for the client to go.
struct Conversation {
  explicit Conversation(std::string bytes, bool half_close = true)
      : server([bytes = std::move(bytes), half_close](const RawWebSocketPeer& peer) {
          peer.Send(peer.Acceptance() + bytes);
          if (half_close) peer.HalfClose();
          peer.AwaitEnd();
        }),
        client(WebSocketClient::Create(To(server.port())).value()) {
    EXPECT_EQ(client->Open("/tail", {}), absl::OkStatus());
  }

  RawWebSocketServer server;
  std::unique_ptr<WebSocketClient> client;
};

TEST(WebSocketClientTest, AsksAsToldAndReadsWhatIsSaid) {
  std::string head;
  RawWebSocketServer server([&head](const RawWebSocketPeer& peer) {
    head = peer.head();
    peer.Send(peer.Acceptance() + Text("one").Bytes() + Of(Frame::kBinary, "\xff").Bytes());
    peer.AwaitEnd();
  });
  WebSocketClient::Options options = To(server.port());
  options.http.credentials.scheme = "Basic";
  options.http.credentials.user = "bell";
  options.http.credentials.secret = "secret";
  const auto client = WebSocketClient::Create(options).value();
  ASSERT_EQ(client->Open("/tail?query=%7B%7D", {{"X-Scope-OrgID", "red"}}), absl::OkStatus());
  EXPECT_EQ(client->Read().value(), "one");
  EXPECT_EQ(client->Read().value(), "\xff");
  EXPECT_THAT(head, HasSubstr("GET /base/tail?query=%7B%7D HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr(absl::StrCat("Host: 127.0.0.1:", server.port(), "\r\n")));
  EXPECT_THAT(head, HasSubstr("X-Scope-OrgID: red\r\n"));
  EXPECT_THAT(head, HasSubstr("Authorization: Basic YmVsbDpzZWNyZXQ=\r\n"));
}

TEST(WebSocketClientTest, ReadsFramesOfEveryLength) {
  for (const size_t size : {0, 1, 125, 126, 127, 65535, 65536, 99'999}) {
    const std::string payload(size, 'x');
    Conversation talk(Text(payload).Bytes() + Text("after").Bytes());
    EXPECT_EQ(talk.client->Read().value(), payload) << size;
    EXPECT_EQ(talk.client->Read().value(), "after") << size;
  }
}

TEST(WebSocketClientTest, ItDoesNotMatterWhereTheBytesAreCut) {
  const std::string said = Text("a", false).Bytes() + Of(Frame::kPing, "p").Bytes() +
                           Of(Frame::kContinuation, "\xc3", false).Bytes() +
                           Of(Frame::kContinuation, "\xa9z").Bytes() +
                           Text(std::string(130, 'y')).Bytes() + CloseFrame(1011, "bye").Bytes();
  std::atomic<size_t> cut = 0;
  RawWebSocketServer server([&said, &cut](const RawWebSocketPeer& peer) {
    peer.SendInTwo(peer.Acceptance() + said, cut);
    peer.HalfClose();
    peer.AwaitEnd();
  });
  const auto client = WebSocketClient::Create(To(server.port())).value();
  for (cut = 1; cut < 129 + said.size(); ++cut) {
    ASSERT_EQ(client->Open("/", {}), absl::OkStatus()) << cut;
    ASSERT_EQ(client->Read().value(), "a\xc3\xa9z") << cut;
    ASSERT_EQ(client->Read().value(), std::string(130, 'y')) << cut;
    ASSERT_EQ(client->Read().status(), absl::UnavailableError("the server closed it: bye")) << cut;
  }
}

TEST(WebSocketClientTest, AnswersPingsWithTheirWordsAndMasksWhatItSays) {
  Frame pong;
  absl::Notification answered;
  RawWebSocketServer server([&](const RawWebSocketPeer& peer) {
    peer.Send(peer.Acceptance() + Of(Frame::kPong, "nobody asked").Bytes() +
              Of(Frame::kPing, "1234").Bytes());
    pong = peer.Receive();
    peer.Send(Text("done").Bytes());
    answered.Notify();
    peer.AwaitEnd();
  });
  const auto client = WebSocketClient::Create(To(server.port())).value();
  ASSERT_EQ(client->Open("/", {}), absl::OkStatus());
  EXPECT_EQ(client->Read().value(), "done");
  answered.WaitForNotification();
  EXPECT_EQ(pong.opcode, Frame::kPong);
  EXPECT_EQ(pong.payload, "1234");
  EXPECT_TRUE(pong.masked);
}

TEST(WebSocketClientTest, WhatBreaksTheRulesEndsTheConnection) {
  Frame masked = Text("x");
  masked.masked = true;
  const std::string long_form("\x81\x7e\x00\x05hello", 9);
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"masked", masked.Bytes()},
      {"an opcode that is none", Of(3, "x").Bytes()},
      {"a control opcode that is none", Of(11, "x").Bytes()},
      {"a reserved bit", std::string("\xc1\x01x", 3)},
      {"continues nothing", Of(Frame::kContinuation, "x").Bytes()},
      {"begins within another", Text("a", false).Bytes() + Text("b").Bytes()},
      {"a ping in parts", Of(Frame::kPing, "x", false).Bytes()},
      {"a ping that is too long", Of(Frame::kPing, std::string(126, 'x')).Bytes()},
      {"a length in more bytes than it needs", long_form},
      {"text that is none", Text("\xff\xfe").Bytes()},
      {"a close of one byte", Of(Frame::kClose, "x").Bytes()},
      {"a close with a code that is none", CloseFrame(1005, "").Bytes()}};
  for (const auto& [name, bytes] : cases) {
    Conversation talk(bytes + Text("after").Bytes());
    const absl::Status status = talk.client->Read().status();
    EXPECT_TRUE(absl::IsUnavailable(status)) << name << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("the connection broke")) << name;
    EXPECT_EQ(talk.client->Read().status(), absl::UnavailableError("there is no connection"));
  }
}

TEST(WebSocketClientTest, AMessageOverTheCapIsNotTaken) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"one frame", Text(std::string(100'001, 'x')).Bytes()},
      {"a frame that does not end", std::string("\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00", 10)},
      {"the longest there can be",
       std::string("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10) + std::string(200'000, 'x')},
      {"many frames", Text(std::string(60'000, 'x'), false).Bytes() +
                          Of(Frame::kContinuation, std::string(60'000, 'x'), false).Bytes()}};
  for (const auto& [name, bytes] : cases) {
    Conversation talk(bytes);
    EXPECT_EQ(talk.client->Read().status(), absl::ResourceExhaustedError("a message is too long"))
        << name;
  }
}

TEST(WebSocketClientTest, AnEndIsToldWithItsReason) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {CloseFrame(1011, "reached tail max duration limit").Bytes(),
       "the server closed it: reached tail max duration limit"},
      {CloseFrame(1000, "").Bytes(), "the server closed it"},
      {Of(Frame::kClose, "").Bytes(), "the server closed it"},
      {CloseFrame(1011, "line\r\nerr=forged").Bytes(), "the server closed it: line"}};
  for (const auto& [bytes, reason] : cases) {
    Conversation talk(bytes);
    EXPECT_EQ(talk.client->Read().status(), absl::UnavailableError(reason));
  }
}

TEST(WebSocketClientTest, WhoSaysGoodByeOrNonsenseAndStaysIsLeft) {
  Conversation good_bye(CloseFrame(1011, "bye").Bytes(), /*half_close=*/false);
  EXPECT_EQ(good_bye.client->Read().status(), absl::UnavailableError("the server closed it: bye"));
  RawWebSocketServer server([](const RawWebSocketPeer& peer) {
    peer.Send(peer.Acceptance() + Of(3, "x").Bytes());
    peer.AwaitEnd();
  });
  WebSocketClient::Options options = To(server.port());
  options.silence_timeout = 500 * kMillisecond;
  const auto client = WebSocketClient::Create(options).value();
  ASSERT_EQ(client->Open("/", {}), absl::OkStatus());
  EXPECT_FALSE(client->Read().ok());
}

TEST(WebSocketClientTest, ASocketThatIsHalfClosedIsClosed) {
  for (const std::string& bytes : {std::string(), std::string("\x81\x05he", 4)}) {
    Conversation talk(Text("one").Bytes() + bytes);
    EXPECT_EQ(talk.client->Read().value(), "one");
    EXPECT_TRUE(absl::IsUnavailable(talk.client->Read().status()));
  }
}

TEST(WebSocketClientTest, WhoDoesNotAcceptIsNotListenedTo) {
  std::string answer;
  RawWebSocketServer server([&answer](const RawWebSocketPeer& peer) {
    peer.Send(answer.empty() ? absl::StrReplaceAll(peer.Acceptance(), {{"Accept: ", "Accept: x"}})
                             : answer);
    peer.HalfClose();
    peer.AwaitEnd();
  });
  const auto client = WebSocketClient::Create(To(server.port())).value();
  EXPECT_TRUE(absl::IsUnavailable(client->Open("/", {})));  // the wrong key
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 12\r\n\r\nparse error\n",
       "it answered 400: parse error"},
      {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
       "it answered 302"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n0\r\n\r\n",
       "it answered 200: <html"},
      {"HTTP/1.1 503 Service Unavailable\r\n\r\nIngester not ready", "it answered 503: Ingester"}};
  for (const auto& [bytes, said] : refusals) {
    answer = bytes;
    const absl::Status status = client->Open("/", {});
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(said));
  }
  for (const std::string& bytes :
       {std::string("\x81\x02hi"), std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        std::string("HTTP/1.1 101 Swi"), "HTTP/1.1 101 X\r\nX: " + std::string(1 << 20, 'x'),
        "HTTP/1.1 200 OK\r\n\r\n" + std::string(16 << 20, 'x')}) {
    answer = bytes;
    const absl::Status status = client->Open("/", {});
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  }
}

TEST(WebSocketClientTest, WhatWouldSplitTheRequestIsNotSent) {
  RawWebSocketServer server([](const RawWebSocketPeer&) { FAIL() << "it was asked"; });
  const auto client = WebSocketClient::Create(To(server.port())).value();
  EXPECT_TRUE(absl::IsInvalidArgument(client->Open("/ HTTP/1.1\r\nX: y", {})));
  EXPECT_TRUE(absl::IsInvalidArgument(client->Open("/", {{"X", "a\r\nY: b"}})));
}

TEST(WebSocketClientTest, AServerThatFallsSilentIsGone) {
  std::atomic<bool> accepts = true, pongs = true;
  RawWebSocketServer server([&](const RawWebSocketPeer& peer) {
    if (!accepts) return peer.AwaitEnd();
    peer.Send(peer.Acceptance());
    // It is asked whether it is there, and says so three times.
    for (int i = 0; pongs && i < 3; ++i) {
      Frame ping = peer.Receive();
      ping.opcode = Frame::kPong;
      ping.masked = false;
      peer.Send(ping.Bytes());
    }
    if (pongs) peer.Send(Text("still here").Bytes());
    peer.AwaitEnd();
  });
  WebSocketClient::Options options = To(server.port());
  options.silence_timeout = options.handshake_timeout = 500 * kMillisecond;
  const auto client = WebSocketClient::Create(options).value();
  ASSERT_EQ(client->Open("/", {}), absl::OkStatus());
  EXPECT_EQ(client->Read().value(), "still here");
  EXPECT_TRUE(absl::IsDeadlineExceeded(client->Read().status()));
  pongs = false;
  ASSERT_EQ(client->Open("/", {}), absl::OkStatus());
  EXPECT_TRUE(absl::IsDeadlineExceeded(client->Read().status()));
  accepts = false;
  EXPECT_TRUE(absl::IsDeadlineExceeded(client->Open("/", {})));
  // Nor one that does not speak TLS.
  options = To(server.port(), "https");
  options.handshake_timeout = 500 * kMillisecond;
  options.http.tls.insecure_skip_verify = true;
  EXPECT_TRUE(absl::IsDeadlineExceeded(WebSocketClient::Create(options).value()->Open("/", {})));
}

TEST(WebSocketClientTest, CancelEndsWhatIsUnderWayAndAllThatComesLater) {
  for (const bool accepts : {true, false}) {
    absl::Notification there;
    RawWebSocketServer server([&](const RawWebSocketPeer& peer) {
      if (accepts) peer.Send(peer.Acceptance());
      there.Notify();
      peer.AwaitEnd();
    });
    const auto client = WebSocketClient::Create(To(server.port())).value();
    std::thread other([&] {
      there.WaitForNotification();
      client->Cancel();
    });
    const absl::Status opened = client->Open("/", {});
    if (opened.ok()) {
      EXPECT_TRUE(absl::IsCancelled(client->Read().status()));
    } else {
      EXPECT_TRUE(absl::IsCancelled(opened)) << opened;
    }
    other.join();
    EXPECT_TRUE(absl::IsCancelled(client->Open("/", {})));
    EXPECT_FALSE(client->Read().ok());
  }
}

// What a server of TLS is told and answers; "hello" is no WebSocket, but shows who came through.
absl::Status OverTls(const TlsReceiver& server, const HttpClient::Tls& tls) {
  WebSocketClient::Options options = To(server.port(), "https");
  options.http.tls = tls;
  return WebSocketClient::Create(options).value()->Open("/", {});
}

TEST(WebSocketClientTest, OverTlsOnlyWhomTheAuthorityVouchesForIsTold) {
  const TlsIdentity authority(TlsIdentity::Authority()), stranger(TlsIdentity::Authority());
  TlsIdentity::Options names;
  names.names = "IP:127.0.0.1";
  const TlsIdentity identity(names, &authority);
  TlsReceiver server(identity);
  HttpClient::Tls tls;
  tls.ca_file = authority.WriteCertificate("ws_ca.pem");
  const absl::Status trusted = OverTls(server, tls);
  EXPECT_TRUE(absl::IsFailedPrecondition(trusted)) << trusted;
  EXPECT_THAT(std::string(trusted.message()), HasSubstr("it answered 200: hello"));
  const int64_t told = server.bytes();
  tls.ca_file = stranger.WriteCertificate("ws_stranger.pem");
  EXPECT_TRUE(absl::IsUnauthenticated(OverTls(server, tls)));
  tls = {};
  EXPECT_TRUE(absl::IsUnauthenticated(OverTls(server, tls)));
  tls.ca_file = authority.WriteCertificate("ws_ca.pem");
  tls.server_name = "loki.example.com";
  EXPECT_TRUE(absl::IsUnauthenticated(OverTls(server, tls)));
  EXPECT_EQ(server.bytes(), told);
}

TEST(WebSocketClientTest, ShowsItsCertificateToWhoAsks) {
  const TlsIdentity authority(TlsIdentity::Authority());
  TlsIdentity::Options names;
  names.names = "IP:127.0.0.1";
  const TlsIdentity identity(names, &authority), ours(names, &authority);
  TlsReceiver server(identity);
  server.AskForCertificate(authority);
  HttpClient::Tls tls;
  tls.ca_file = authority.WriteCertificate("ws_ca.pem");
  EXPECT_FALSE(absl::IsFailedPrecondition(OverTls(server, tls)));
  EXPECT_EQ(server.bytes(), 0);
  tls.cert_file = ours.WriteCertificate("ws_ours.pem");
  tls.key_file = ours.WriteKey("ws_key.pem");
  const absl::Status known = OverTls(server, tls);
  EXPECT_TRUE(absl::IsFailedPrecondition(known)) << known;
  EXPECT_GT(server.bytes(), 0);
}

TEST(WebSocketClientTest, WhatCanNeverWorkIsSaidAtOnce) {
  WebSocketClient::Options options = To(1, "https");
  options.http.tls.cert_file = "/nowhere";
  EXPECT_TRUE(absl::IsInvalidArgument(WebSocketClient::Create(options).status()));
  options.http.tls = {};
  options.http.tls.ca_file = "/nowhere";
  EXPECT_FALSE(WebSocketClient::Create(options).ok());
}

TEST(WebSocketClientTest, NobodyThereIsSaidInWords) {
  int port = 0;
  {
    RawWebSocketServer gone([](const RawWebSocketPeer&) {});
    port = gone.port();
  }
  const auto client = WebSocketClient::Create(To(port)).value();
  EXPECT_TRUE(absl::IsUnavailable(client->Open("/", {})));
  EXPECT_TRUE(absl::IsUnavailable(client->Read().status()));
}

}  // namespace
}  // namespace tallybell
