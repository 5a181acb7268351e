// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/net/http_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/tls_receiver.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

constexpr DurationNs kAmple = 60 * kSecond;

absl::StatusOr<HttpResponse> Ask(const TlsReceiver& server, const HttpClient::Tls& tls,
                                 const std::string& host = "127.0.0.1") {
  HttpClient::Options options;
  options.base = ParseUrl(absl::StrCat("https://", host, ":", server.port())).value();
  options.tls = tls;
  HttpRequest request;
  request.path = "/x";
  request.body = "{}";
  return HttpClient::Create(options).value()->Do(request, kAmple);
}

HttpClient::Tls Trusting(const TlsIdentity& authority) {
  HttpClient::Tls tls;
  tls.ca_file = authority.WriteCertificate("ca.pem");
  return tls;
}

TlsIdentity::Options For(const std::string& names, int from_hours = -1, int to_hours = 1) {
  TlsIdentity::Options options;
  options.names = names;
  options.from_hours = from_hours;
  options.to_hours = to_hours;
  return options;
}

TEST(HttpClientTlsTest, TakesACertificateThatItWasToldToTrust) {
  const TlsIdentity identity(For("IP:127.0.0.1,DNS:localhost"));
  TlsReceiver server(identity);
  const HttpClient::Tls tls = Trusting(identity);
  EXPECT_EQ(Ask(server, tls)->body, "hello");
  EXPECT_EQ(Ask(server, tls, "localhost")->body, "hello");
}

TEST(HttpClientTlsTest, TakesACertificateWhoseAuthorityItTrusts) {
  const TlsIdentity authority(TlsIdentity::Authority());
  const TlsIdentity identity(For("IP:127.0.0.1"), &authority);
  TlsReceiver server(identity);
  EXPECT_EQ(Ask(server, Trusting(authority))->body, "hello");
}

// Each with what the refusal says; nobody who may be anybody is sent a byte.
TEST(HttpClientTlsTest, SendsNothingToACertificateThatIsNotGood) {
  const TlsIdentity authority(TlsIdentity::Authority());
  const TlsIdentity other_authority(TlsIdentity::Authority());
  const TlsIdentity good(For("IP:127.0.0.1,DNS:localhost"), &authority);
  const TlsIdentity expired(For("IP:127.0.0.1", -3, -2), &authority);
  const TlsIdentity not_yet(For("IP:127.0.0.1", 2, 3), &authority);
  const TlsIdentity other_host(For("DNS:elsewhere.example.com,IP:192.0.2.1"), &authority);
  const TlsIdentity name_of_an_address(For("DNS:127.0.0.1"), &authority);
  const TlsIdentity self_signed(For("IP:127.0.0.1"));
  const struct {
    const TlsIdentity* identity;
    const TlsIdentity* trusted;
    const char* reason;
  } cases[] = {
      {&expired, &authority, "expired"},
      {&not_yet, &authority, "not yet valid"},
      {&other_host, &authority, "not for 127.0.0.1"},
      {&name_of_an_address, &authority, "not for 127.0.0.1"},
      {&self_signed, &authority, "self-signed"},
      {&self_signed, nullptr, "self-signed"},
      {&good, &other_authority, "unable to get local issuer"},
      {&good, nullptr, "unable to get local issuer"},
  };
  for (const auto& test : cases) {
    TlsReceiver server(*test.identity);
    const auto answer =
        Ask(server, test.trusted != nullptr ? Trusting(*test.trusted) : HttpClient::Tls());
    EXPECT_TRUE(absl::IsUnauthenticated(answer.status())) << test.reason << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr(test.reason));
    EXPECT_EQ(server.bytes(), 0) << test.reason;
  }
}

TEST(HttpClientTlsTest, SpeaksNothingOlderThanTls12) {
  const TlsIdentity identity(For("IP:127.0.0.1"));
  for (const auto version : {TlsReceiver::kTls10, TlsReceiver::kTls11}) {
    TlsReceiver server(identity, version);
    const auto answer = Ask(server, Trusting(identity));
    EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("TLS: the handshake failed: "));
    EXPECT_EQ(server.bytes(), 0);
  }
  for (const auto version : {TlsReceiver::kTls12, TlsReceiver::kTls13}) {
    TlsReceiver server(identity, version);
    EXPECT_EQ(Ask(server, Trusting(identity))->body, "hello");
  }
}

TEST(HttpClientTlsTest, ChecksTheNameThatItIsToldInPlaceOfTheHosts) {
  const TlsIdentity identity(For("DNS:alerts.example.com"));
  TlsReceiver server(identity);
  HttpClient::Tls tls = Trusting(identity);
  tls.server_name = "alerts.example.com";
  EXPECT_EQ(Ask(server, tls)->body, "hello");
  EXPECT_EQ(server.server_name(), "alerts.example.com");
  tls.server_name = "example.com";
  EXPECT_TRUE(absl::IsUnauthenticated(Ask(server, tls).status()));
}

TEST(HttpClientTlsTest, ProvesWhoItIsWithItsOwnCertificate) {
  const TlsIdentity authority(TlsIdentity::Authority());
  const TlsIdentity identity(For("IP:127.0.0.1"), &authority);
  const TlsIdentity own(For("DNS:tallybell"), &authority);
  TlsReceiver server(identity, TlsReceiver::kTls12);
  server.AskForCertificate(authority);
  HttpClient::Tls tls = Trusting(authority);
  EXPECT_TRUE(absl::IsUnavailable(Ask(server, tls).status()));
  EXPECT_EQ(server.bytes(), 0);
  tls.cert_file = own.WriteCertificate("own.pem");
  tls.key_file = own.WriteKey("own.key");
  EXPECT_EQ(Ask(server, tls)->body, "hello");
}

TEST(HttpClientTlsTest, TakesAnyCertificateWhenToldToAndSaysSo) {
  const TlsIdentity expired(For("DNS:elsewhere.example.com", -3, -2));
  TlsReceiver server(expired);
  HttpClient::Tls tls;
  tls.insecure_skip_verify = true;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Ask(server, tls)->body, "hello");
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("level=warn msg=\"whoever answers is trusted"));
}

TEST(HttpClientTlsTest, SaysAtOnceWhichOfItsFilesCannotBeUsed) {
  const TlsIdentity one(For("DNS:one"));
  const TlsIdentity two(For("DNS:two"));
  const std::string junk = ::testing::TempDir() + "/junk.pem";
  std::ofstream(junk) << "not a certificate\n";
  const auto try_with = [](const HttpClient::Tls& tls) {
    HttpClient::Options options;
    options.base = ParseUrl("https://127.0.0.1:1").value();
    options.tls = tls;
    return HttpClient::Create(options).status();
  };
  HttpClient::Tls tls;
  tls.ca_file = junk;
  EXPECT_THAT(std::string(try_with(tls).message()), HasSubstr("junk.pem"));
  tls.ca_file = "/nonexistent/ca.pem";
  EXPECT_THAT(std::string(try_with(tls).message()), HasSubstr("/nonexistent/ca.pem"));
  tls.ca_file.clear();
  tls.cert_file = one.WriteCertificate("one.pem");
  EXPECT_FALSE(try_with(tls).ok());
  tls.key_file = junk;
  EXPECT_THAT(std::string(try_with(tls).message()), HasSubstr("junk.pem"));
  tls.key_file = two.WriteKey("two.key");
  EXPECT_THAT(std::string(try_with(tls).message()), HasSubstr("two.key"));
  // Nobody is asked for its password.
  tls.key_file = one.WriteKey("one.key", "passphrase");
  EXPECT_THAT(std::string(try_with(tls).message()), HasSubstr("one.key"));
  tls.key_file = one.WriteKey("one.key");
  EXPECT_TRUE(try_with(tls).ok());
}

TEST(HttpClientTlsTest, WaitsForAFileOfItsOwnThatIsBeingReplaced) {
  const TlsIdentity identity(For("IP:127.0.0.1"));
  TlsReceiver server(identity);
  HttpClient::Options options;
  options.base = ParseUrl(absl::StrCat("https://127.0.0.1:", server.port())).value();
  options.tls = Trusting(identity);
  const auto client = HttpClient::Create(options).value();
  std::ofstream(options.tls.ca_file) << "";
  HttpRequest request;
  request.path = "/x";
  // Not what is said of a request that can never be sent.
  EXPECT_TRUE(absl::IsUnauthenticated(client->Do(request, kAmple).status()));
  identity.WriteCertificate("ca.pem");
  EXPECT_EQ(client->Do(request, kAmple)->status, 200);
}

// A server that answers and goes before it has read the body: what is still being written must not
// end the process.
TEST(HttpClientTlsTest, SurvivesAServerThatGoesInTheMiddle) {
  const TlsIdentity identity(For("IP:127.0.0.1"));
  TlsReceiver server(identity);
  for (const auto when : {TlsReceiver::kAfterHandshake, TlsReceiver::kAfterHeadOfRequest,
                          TlsReceiver::kAfterHeadOfAnswer}) {
    server.Leave(when);
    HttpClient::Options options;
    options.base = ParseUrl(absl::StrCat("https://127.0.0.1:", server.port())).value();
    options.tls = Trusting(identity);
    HttpRequest request;
    request.path = "/x";
    request.body = std::string(10'000'000, 'x');
    const auto answer = HttpClient::Create(options).value()->Do(request, kAmple);
    EXPECT_TRUE(absl::IsUnavailable(answer.status())) << answer.status();
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("the connection "));
  }
}

}  // namespace
}  // namespace tallybell
