// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_CLIENT_TLS_H_
#define TALLYBELL_ENGINE_NET_CLIENT_TLS_H_

#include <openssl/types.h>

#include <string>

#include "absl/status/status.h"
#include "engine/net/http_client.h"

namespace tallybell {

// Makes `context` one of a client that speaks TLS 1.2 or later and, unless it is told to trust
// anybody, believes only a certificate for `host` (a name or an address) that `tls.ca_file` vouches
// for. InvalidArgument, with the library's reason, for files that cannot be used; an encrypted key
// is one of them: nobody is there to be asked for its password.
absl::Status PrepareClientTls(const HttpClient::Tls& tls, const std::string& host,
                              SSL_CTX* context);

// Why the server's certificate is not good, in words; `verify_result` as the library gives it.
std::string WhyNotTrusted(long verify_result, const std::string& host);

// What the library last failed with on this thread: "tlsv1 alert protocol version"; empty if
// nothing. Forgets it.
std::string TakeTlsFault();

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_CLIENT_TLS_H_
