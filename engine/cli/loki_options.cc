// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/loki_options.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/net/url.h"

namespace tallybell {

absl::StatusOr<std::vector<LokiTarget>> ReadLokiTargets(const Arguments& arguments) {
  std::vector<LokiTarget> targets;
  if (!arguments.Has("loki-url")) {
    for (const char* const option :
         {"loki-query", "loki-tenant", "loki-user", "loki-page", "loki-password-file",
          "loki-token-file", "loki-ca-file", "loki-cert-file", "loki-key-file"}) {
      if (!arguments.Has(option)) continue;
      return absl::InvalidArgumentError(absl::StrCat("--", option, " needs --loki-url"));
    }
    return targets;
  }
  LokiTarget target;
  const absl::StatusOr<Url> base = ParseUrl(arguments.Get("loki-url"));
  if (!base.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--loki-url: ", base.status().message()));
  }
  target.http.base = *base;
  target.query = arguments.Get("loki-query");
  const absl::Status query = CheckLogQuery(target.query);
  if (!query.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--loki-query: ", query.message()));
  }
  if (arguments.Has("loki-user")) {
    target.http.credentials.scheme = "Basic";
    target.http.credentials.user = arguments.Get("loki-user");
    target.http.credentials.secret_file = arguments.Get("loki-password-file");
  } else if (arguments.Has("loki-token-file")) {
    target.http.credentials.scheme = "Bearer";
    target.http.credentials.secret_file = arguments.Get("loki-token-file");
  }
  target.http.tls.ca_file = arguments.Get("loki-ca-file");
  target.http.tls.cert_file = arguments.Get("loki-cert-file");
  target.http.tls.key_file = arguments.Get("loki-key-file");
  std::vector<std::string> tenants = arguments.All("loki-tenant");
  if (tenants.empty()) tenants.emplace_back();
  for (std::string& tenant : tenants) {
    target.tenant = std::move(tenant);
    targets.push_back(target);
  }
  return targets;
}

}  // namespace tallybell
