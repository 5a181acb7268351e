// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "engine/net/http_client.h"
#include "engine/net/http_listener.h"
#include "gtest/gtest.h"
#include "tests/engine/net/raw_http_client.h"

namespace tallybell {
namespace {

// Writes a certificate for 127.0.0.1 that vouches for itself, and its key, over those of before.
void WriteIdentity(const std::string& cert_file, const std::string& key_file, int serial) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen(cert_file.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class HttpListenerTlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.listen = "127.0.0.1:0";
    options_.cert_file = absl::StrCat(::testing::TempDir(), "/tallybell-listener-cert.pem");
    options_.key_file = absl::StrCat(::testing::TempDir(), "/tallybell-listener-key.pem");
    WriteIdentity(options_.cert_file, options_.key_file, 1);
    HttpRoute echo;
    echo.method = "POST";
    echo.path = "/echo";
    echo.max_body = 4 << 20;
    echo.handler = [](ServedRequest request, Responder responder) {
      ServedResponse response;
      response.body = std::move(request.body);
      responder.Answer(std::move(response));
    };
    auto made = HttpListener::Create(options_, {echo}, &metrics_);
    ASSERT_TRUE(made.ok()) << made.status();
    listener_ = *std::move(made);
  }

  // What comes back for a body, with the certificate of that file alone trusted.
  absl::StatusOr<HttpResponse> Echo(const std::string& body, const std::string& ca_file) {
    HttpClient::Options options;
    options.base = ParseUrl(absl::StrCat("https://", listener_->address())).value();
    options.tls.ca_file = ca_file;
    options.max_body = 8 << 20;
    HttpRequest request;
    request.path = "/echo";
    request.body = body;
    return HttpClient::Create(options).value()->Do(request, 60 * kSecond);
  }

  // Whether a client that speaks at most `version` is let in.
  bool Handshakes(int version) {
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_max_proto_version(context, version);
    BIO* const bio = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(bio, listener_->address().c_str());
    const bool done = BIO_do_handshake(bio) == 1;
    BIO_free_all(bio);
    SSL_CTX_free(context);
    return done;
  }

  HttpListener::Options options_;
  Metrics metrics_;
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpListenerTlsTest, ServesWithItsCertificate) {
  const std::string body(3 << 20, 'x');
  const auto response = Echo(body, options_.cert_file);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, body);
}

TEST_F(HttpListenerTlsTest, SpeaksTls12AndLater) {
  EXPECT_TRUE(Handshakes(TLS1_3_VERSION));
  EXPECT_TRUE(Handshakes(TLS1_2_VERSION));
  EXPECT_FALSE(Handshakes(TLS1_1_VERSION));
}

TEST_F(HttpListenerTlsTest, EndsWhoDoesNotSpeakTls) {
  RawHttpClient client(listener_->address());
  client.Send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.AtEnd());
  EXPECT_TRUE(Echo("still here", options_.cert_file).ok());
  EXPECT_EQ(metrics_.Get("http_refused_total", {{"reason", "handshake"}}).Value(), 1);
}

TEST_F(HttpListenerTlsTest, TakesANewCertificateWhenToldTo) {
  const std::string old = absl::StrCat(options_.cert_file, ".old");
  ASSERT_EQ(std::rename(options_.cert_file.c_str(), old.c_str()), 0);
  EXPECT_FALSE(listener_->ReloadTls().ok());
  EXPECT_TRUE(Echo("a", old).ok());
  WriteIdentity(options_.cert_file, options_.key_file, 2);
  EXPECT_TRUE(listener_->ReloadTls().ok());
  EXPECT_FALSE(Echo("a", old).ok());
  EXPECT_TRUE(Echo("a", options_.cert_file).ok());
}

TEST_F(HttpListenerTlsTest, NeedsACertificateAndTheKeyThatBelongsToIt) {
  HttpListener::Options options = options_;
  const std::string other = absl::StrCat(options_.key_file, ".other");
  WriteIdentity(absl::StrCat(options_.cert_file, ".other"), other, 3);
  options.key_file = other;
  EXPECT_TRUE(absl::IsInvalidArgument(HttpListener::Create(options, {}, &metrics_).status()));
  options.key_file = "";
  EXPECT_TRUE(absl::IsInvalidArgument(HttpListener::Create(options, {}, &metrics_).status()));
  options.key_file = "/nonexistent";
  EXPECT_TRUE(absl::IsInvalidArgument(HttpListener::Create(options, {}, &metrics_).status()));
}

}  // namespace
}  // namespace tallybell
