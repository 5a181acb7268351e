// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/tls_receiver.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr long kHour = 3600;

void AddExtension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, const_cast<char*>(value.c_str()));
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Different ones for all: a name is how a verifier looks for an authority.
int NextNumber() {
  static std::atomic<int> next{1};
  return next++;
}

}  // namespace

TlsIdentity::Options TlsIdentity::Authority() {
  Options options;
  options.names = "DNS:authority";
  options.authority = true;
  return options;
}

TlsIdentity::TlsIdentity(const Options& options, const TlsIdentity* issuer)
    : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
  const int number = NextNumber();
  X509_set_version(certificate_, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate_), number);
  X509_gmtime_adj(X509_getm_notBefore(certificate_), options.from_hours * kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate_), options.to_hours * kHour);
  X509_set_pubkey(certificate_, key_);
  X509_NAME* const name = X509_get_subject_name(certificate_);
  const std::string common = "test " + std::to_string(number);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  X509* const by = issuer != nullptr ? issuer->certificate_ : certificate_;
  X509_set_issuer_name(certificate_, X509_get_subject_name(by));
  if (options.authority) AddExtension(certificate_, by, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate_, by, NID_subject_alt_name, options.names);
  X509_sign(certificate_, issuer != nullptr ? issuer->key_ : key_, EVP_sha256());
}

TlsIdentity::~TlsIdentity() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::string TlsIdentity::WriteCertificate(const std::string& name) const {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate_);
  std::fclose(file);
  return path;
}

std::string TlsIdentity::WriteKey(const std::string& name, const std::string& passphrase) const {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::FILE* const file = std::fopen(path.c_str(), "w");
  PEM_write_PrivateKey(file, key_, passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
                       reinterpret_cast<const unsigned char*>(passphrase.data()),
                       static_cast<int>(passphrase.size()), nullptr, nullptr);
  std::fclose(file);
  return path;
}

TlsReceiver::TlsReceiver(const TlsIdentity& identity, Version version)
    : context_(SSL_CTX_new(TLS_server_method())) {
  // As main does before anything else.
  std::signal(SIGPIPE, SIG_IGN);
  constexpr int kVersions[] = {0, TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  SSL_CTX_set_min_proto_version(context_, kVersions[version]);
  SSL_CTX_set_max_proto_version(context_, kVersions[version]);
  // Or the library would not speak the old ones itself.
  if (version == kTls10 || version == kTls11) SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_use_certificate(context_, identity.certificate());
  SSL_CTX_use_PrivateKey(context_, identity.key());
  thread_ = std::thread([this] { Serve(); });
}

TlsReceiver::~TlsReceiver() {
  listener_.Close();
  thread_.join();
  SSL_CTX_free(context_);
}

void TlsReceiver::AskForCertificate(const TlsIdentity& authority) {
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), authority.certificate());
}

std::string TlsReceiver::server_name() const {
  absl::MutexLock lock(&mutex_);
  return server_name_;
}

void TlsReceiver::Serve() {
  for (;;) {
    const UniqueFd fd = listener_.Accept();
    if (!fd) return;
    SSL* const ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd.get());
    if (SSL_accept(ssl) == 1) Talk(ssl);
    SSL_free(ssl);
  }
}

void TlsReceiver::Talk(SSL* ssl) {
  {
    absl::MutexLock lock(&mutex_);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    server_name_ = name != nullptr ? name : "";
  }
  const Moment leave = leave_;
  if (leave == kAfterHandshake) return;
  std::string request;
  size_t whole = std::string::npos;
  while (request.size() < whole) {
    char chunk[4096];
    const int n = SSL_read(ssl, chunk, sizeof chunk);
    if (n <= 0) return;
    bytes_ += n;
    request.append(chunk, n);
    const size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    if (leave == kAfterHeadOfRequest) return;
    if (leave == kAfterHeadOfAnswer) break;
    // What is left unread at a close would reset the connection.
    const size_t length = request.find("Content-Length: ");
    whole = end + 4 + (length < end ? std::strtoul(&request[length + 16], nullptr, 10) : 0);
  }
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
  SSL_write(ssl, head.data(), static_cast<int>(head.size()));
  if (leave == kAfterHeadOfAnswer) return;
  SSL_write(ssl, "hello", 5);
  SSL_shutdown(ssl);
}

}  // namespace tallybell
