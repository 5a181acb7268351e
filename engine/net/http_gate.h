// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_GATE_H_
#define TALLYBELL_ENGINE_NET_HTTP_GATE_H_

#include <string>
#include <vector>

#include "engine/net/http_auth.h"
#include "engine/net/http_head.h"
#include "engine/net/http_routes.h"
#include "engine/net/http_served.h"
#include "engine/net/http_target.h"

namespace tallybell {

// Judges a request by its head, before any byte of its body is read: which route it takes, or why
// none.
//
// A page that somebody's browser shows must not speak to us in their name. So a request that may
// change something and names another Origin is refused; and, where being on this host is all that
// is asked of a client, so is one whose Host is neither an address nor localhost, for a name may
// be anybody's who points it here. Immutable, so any thread may ask it.
class HttpGate {
 public:
  struct Options {
    HttpAuth::Options auth;
    bool only_own_hosts = false;             // look at Host
    std::vector<std::string> allowed_hosts;  // names besides, without port
    int64_t max_body = 0;                    // of any route
  };
  struct Verdict {
    HttpRefusal refusal;               // status 0: go on
    HttpFields headers;                // of the refusal: Allow, WWW-Authenticate
    const HttpRoute* route = nullptr;  // the gate's; where it is not refused
    HttpTarget target;
    int64_t max_body = 0;
  };

  HttpGate(const Options& options, HttpRoutes routes);

  Verdict Judge(const HttpHead& head) const;

 private:
  bool IsOwnHost(absl::string_view host) const;
  bool IsAllowedName(absl::string_view host) const;
  HttpRefusal JudgeSender(const HttpHead& head) const;

  const Options options_;
  const HttpAuth auth_;
  const HttpRoutes routes_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_GATE_H_
