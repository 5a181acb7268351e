// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <httplib.h>
#include <openssl/pem.h>

#include <cstdio>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/net/http_client.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr DurationNs kAmple = 60 * kSecond;

// A certificate that vouches for itself, and its key.
struct Identity {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();

  // Good from and to so many seconds from now, for `names` as OpenSSL writes them.
  Identity(long from, long to, const std::string& names) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }

  // The certificate as a file that a client can be told to trust.
  std::string WritePem() const {
    const std::string path = absl::StrCat(::testing::TempDir(), "/tallybell-ca.pem");
    std::FILE* const file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    return path;
  }
};

class TlsServer {
 public:
  explicit TlsServer(const Identity& identity) : server_(identity.certificate, identity.key) {
    server_.Post("/x", [this](const httplib::Request&, httplib::Response& response) {
      ++requests_;
      response.set_content("hello", "text/plain");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~TlsServer() {
    server_.stop();
    thread_.join();
  }
  int port() const { return port_; }
  int requests() const { return requests_; }

 private:
  httplib::SSLServer server_;
  int port_ = 0;
  std::atomic<int> requests_{0};
  std::thread thread_;
};

absl::StatusOr<HttpResponse> Ask(const TlsServer& server, const HttpClient::Tls& tls,
                                 const std::string& host = "127.0.0.1") {
  HttpClient::Options options;
  options.base = ParseUrl(absl::StrCat("https://", host, ":", server.port())).value();
  options.tls = tls;
  HttpRequest request;
  request.path = "/x";
  request.body = "{}";
  return HttpClient::Create(options).value()->Do(request, kAmple);
}

TEST(HttpClientTlsTest, TakesACertificateThatItWasToldToTrust) {
  const Identity identity(-3600, 3600, "IP:127.0.0.1,DNS:localhost");
  TlsServer server(identity);
  HttpClient::Tls tls;
  tls.ca_file = identity.WritePem();
  EXPECT_EQ(Ask(server, tls)->body, "hello");
  EXPECT_EQ(Ask(server, tls, "localhost")->body, "hello");
}

TEST(HttpClientTlsTest, SendsNothingToACertificateThatItDoesNotTrust) {
  const Identity good(-3600, 3600, "IP:127.0.0.1");
  const Identity expired(-7200, -3600, "IP:127.0.0.1");
  const Identity not_yet(3600, 7200, "IP:127.0.0.1");
  const Identity other_host(-3600, 3600, "DNS:elsewhere.example.com,IP:192.0.2.1");
  {
    TlsServer server(good);  // but nobody vouches for it
    EXPECT_TRUE(absl::IsUnauthenticated(Ask(server, {}).status()));
    EXPECT_EQ(server.requests(), 0);
  }
  for (const Identity* identity : {&expired, &not_yet, &other_host}) {
    TlsServer server(*identity);
    HttpClient::Tls tls;
    tls.ca_file = identity->WritePem();
    EXPECT_FALSE(Ask(server, tls).ok());
    EXPECT_EQ(server.requests(), 0);
  }
}

TEST(HttpClientTlsTest, TakesAnyCertificateWhenToldTo) {
  const Identity expired(-7200, -3600, "DNS:elsewhere.example.com");
  TlsServer server(expired);
  HttpClient::Tls tls;
  tls.insecure_skip_verify = true;
  EXPECT_EQ(Ask(server, tls)->body, "hello");
}

TEST(HttpClientTlsTest, SaysWhenItsOwnCertificateCannotBeRead) {
  HttpClient::Options options;
  options.base = ParseUrl("https://127.0.0.1:1").value();
  options.tls.cert_file = "/nonexistent/cert.pem";
  EXPECT_FALSE(HttpClient::Create(options).ok());
  options.tls.key_file = "/nonexistent/key.pem";
  EXPECT_FALSE(HttpClient::Create(options).ok());
}

}  // namespace
}  // namespace tallybell
