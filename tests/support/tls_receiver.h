// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_TLS_RECEIVER_H_
#define TALLYBELL_TESTS_SUPPORT_TLS_RECEIVER_H_

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/loopback_listener.h"

namespace tallybell {

// A certificate, made now, and its key.
class TlsIdentity {
 public:
  struct Options {
    std::string names;    // as OpenSSL writes them: "IP:127.0.0.1,DNS:localhost"
    int from_hours = -1;  // good from and to so many hours from now
    int to_hours = 1;
    bool authority = false;  // may vouch for others
  };
  static Options Authority();

  // Signed by `issuer`; null: by itself.
  explicit TlsIdentity(const Options& options, const TlsIdentity* issuer = nullptr);
  TlsIdentity(const TlsIdentity&) = delete;
  ~TlsIdentity();

  X509* certificate() const { return certificate_; }
  EVP_PKEY* key() const { return key_; }

  // As PEM, in a file of the test's directory; its path. The key with `passphrase` if there is one.
  std::string WriteCertificate(const std::string& name) const;
  std::string WriteKey(const std::string& name, const std::string& passphrase = "") const;

 private:
  EVP_PKEY* const key_;
  X509* const certificate_;
};

// A server that speaks TLS and just enough HTTP, on a free port of the loopback; one connection at
// a time, one request each, answered with "hello". It counts what it was told beneath the TLS.
class TlsReceiver {
 public:
  enum Version { kAnyVersion, kTls10, kTls11, kTls12, kTls13 };
  enum Moment { kAtTheEnd, kAfterHandshake, kAfterHeadOfRequest, kAfterHeadOfAnswer };

  // Speaks just that version.
  explicit TlsReceiver(const TlsIdentity& identity, Version version = kAnyVersion);
  ~TlsReceiver();

  // Takes only clients whose certificate `authority` vouches for. Before the first client.
  void AskForCertificate(const TlsIdentity& authority);
  // Goes without a word at that moment, from the next connection on.
  void Leave(Moment when) { leave_ = when; }

  int port() const { return listener_.port(); }
  int64_t bytes() const { return bytes_; }
  // What the last client called us.
  std::string server_name() const;

 private:
  void Serve();
  void Talk(SSL* ssl);

  SSL_CTX* const context_;
  const LoopbackListener listener_;
  std::atomic<Moment> leave_{kAtTheEnd};
  std::atomic<int64_t> bytes_{0};
  mutable absl::Mutex mutex_;
  std::string server_name_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_TLS_RECEIVER_H_
