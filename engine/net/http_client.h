// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_CLIENT_H_
#define TALLYBELL_ENGINE_NET_HTTP_CLIENT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/net/credentials.h"
#include "engine/net/resolver.h"
#include "engine/net/url.h"

namespace tallybell {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "POST";
  std::string path;  // "/api/v2/alerts", put behind the base URL's own; may hold a query
  HttpHeaders headers;
  std::string body;
  std::string content_type = "application/json";  // of a body that is not empty
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;        // as it came, never decompressed; the secret, if it holds it, is cut out
  DurationNs elapsed = 0;  // what the request took

  // The first header of that name, in any case; empty where there is none.
  absl::string_view Header(absl::string_view name) const;
};

// Talks to one server, one request at a time.
//
// Do is called from one thread; Cancel from any. What a server does can neither hold a request
// beyond its deadline, nor make it grow beyond the caps, nor send it elsewhere: redirects are
// answers like others. A process that uses this ignores SIGPIPE.
class HttpClient {
 public:
  struct Tls {
    std::string ca_file;      // PEM; empty: the system's
    std::string cert_file;    // PEM with its chain, to prove who we are; with key_file
    std::string key_file;     // PEM, not encrypted
    std::string server_name;  // what the server's certificate must be for; empty: the URL's host
    bool insecure_skip_verify = false;
  };
  struct Options {
    Url base;
    Tls tls;
    Credentials::Options credentials;
    DurationNs connect_timeout = 3 * kSecond;  // for each address
    size_t max_headers = 64 * 1024;            // bytes of an answer's headers
    size_t max_body = 1024 * 1024;             // bytes of an answer's body
    Resolver::LookUp look_up = LookUpHost;     // of the base's host, where it is a name
  };

  // InvalidArgument, NotFound or PermissionDenied for options that can never work. Says in our log
  // where a certificate will not be looked at.
  static absl::StatusOr<std::unique_ptr<HttpClient>> Create(Options options);

  virtual ~HttpClient() = default;

  // One request and its answer, whatever its status, within `deadline` from name look-up to the
  // last byte. InvalidArgument for a request that must not be sent (a line end in a header),
  // Unavailable (no connection, or it broke), Unauthenticated (its certificate is not good, or ours
  // cannot be read), DeadlineExceeded, ResourceExhausted (the answer is over a cap), Cancelled. All
  // say in words what happened, and none holds a secret.
  virtual absl::StatusOr<HttpResponse> Do(const HttpRequest& request, DurationNs deadline) = 0;

  // Ends the request under way, and all later ones, with Cancelled.
  virtual void Cancel() = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_CLIENT_H_
