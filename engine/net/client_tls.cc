// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/client_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

absl::Status Unusable(const std::string& file) {
  const std::string why = TakeTlsFault();
  return absl::InvalidArgumentError(
      absl::StrCat("cannot use ", file, why.empty() ? "" : ": ", why));
}

absl::Status UseOwnCertificate(const HttpClient::Tls& tls, SSL_CTX* context) {
  if (tls.cert_file.empty()) return absl::OkStatus();
  // The library would ask at the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context, tls.cert_file.c_str()) != 1) {
    return Unusable(tls.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return Unusable(tls.key_file);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PrepareClientTls(const HttpClient::Tls& tls, const std::string& host,
                              SSL_CTX* context) {
  ERR_clear_error();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  if (!tls.ca_file.empty() &&
      SSL_CTX_load_verify_locations(context, tls.ca_file.c_str(), nullptr) != 1) {
    return Unusable(tls.ca_file);
  }
  if (!tls.insecure_skip_verify) {
    X509_VERIFY_PARAM* const param = SSL_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) != 1 &&
        X509_VERIFY_PARAM_set1_host(param, host.data(), host.size()) != 1) {
      return absl::InvalidArgumentError(absl::StrCat(host, " is no name for a certificate"));
    }
    ERR_clear_error();
  }
  return UseOwnCertificate(tls, context);
}

std::string WhyNotTrusted(long verify_result, const std::string& host) {
  switch (verify_result) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return absl::StrCat("its certificate is not for ", host);
    default:
      return absl::StrCat("its certificate is not good: ",
                          X509_verify_cert_error_string(verify_result));
  }
}

std::string TakeTlsFault() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "";
  // A fault of the system's is an errno, which the library has no words for.
  const char* const reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "";
}

}  // namespace tallybell
