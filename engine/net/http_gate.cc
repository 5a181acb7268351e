// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_gate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"

namespace tallybell {
namespace {

// "[::1]:80" is [::1], "example.com:80" is example.com.
absl::string_view WithoutPort(absl::string_view host) {
  const size_t colon = host.rfind(':');
  if (colon == absl::string_view::npos || absl::EndsWith(host, "]")) return host;
  return host.substr(0, colon);
}

bool IsAddress(absl::string_view host) {
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    in6_addr v6;
    return inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &v6) == 1;
  }
  in_addr v4;
  return inet_pton(AF_INET, std::string(host).c_str(), &v4) == 1;
}

bool MayChange(absl::string_view method) { return method != "GET" && method != "HEAD"; }

}  // namespace

HttpGate::HttpGate(const Options& options, HttpRoutes routes)
    : options_(options), auth_(options.auth), routes_(std::move(routes)) {}

bool HttpGate::IsAllowedName(absl::string_view host) const {
  return std::any_of(
      options_.allowed_hosts.begin(), options_.allowed_hosts.end(),
      [host](const std::string& allowed) { return absl::EqualsIgnoreCase(allowed, host); });
}

bool HttpGate::IsOwnHost(absl::string_view host) const {
  const absl::string_view name = WithoutPort(host);
  return host.empty() || IsAddress(name) || absl::EqualsIgnoreCase(name, "localhost") ||
         IsAllowedName(name);
}

HttpRefusal HttpGate::JudgeSender(const HttpHead& head) const {
  // Another's page has no password of ours to send.
  if (options_.only_own_hosts && !auth_.required() && !IsOwnHost(head.host)) {
    return {421, "foreign_host"};
  }
  const absl::string_view origin = head.Field("Origin");
  if (!origin.empty() && MayChange(head.method)) {
    const size_t scheme = origin.find("://");
    if (scheme == absl::string_view::npos) return {403, "foreign_origin"};
    const absl::string_view host = origin.substr(scheme + 3);
    if (!absl::EqualsIgnoreCase(host, head.host) && !IsAllowedName(WithoutPort(host))) {
      return {403, "foreign_origin"};
    }
  }
  // A browser that leaves out the one says the other.
  const absl::string_view site = head.Field("Sec-Fetch-Site");
  if (origin.empty() && MayChange(head.method) && (site == "cross-site" || site == "same-site")) {
    return {403, "foreign_origin"};
  }
  return {};
}

HttpGate::Verdict HttpGate::Judge(const HttpHead& head) const {
  Verdict verdict;
  verdict.refusal = JudgeSender(head);
  if (verdict.refusal.status != 0) return verdict;
  absl::StatusOr<HttpTarget> target = ParseHttpTarget(head.target, head.host);
  // OPTIONS is known, but no route has it: a path says with 405 what it has.
  if (!IsServedMethod(head.method) && head.method != "OPTIONS") {
    verdict.refusal = {501, "method"};
  } else if (!target.ok()) {
    verdict.refusal = {400, "target"};
  }
  if (verdict.refusal.status != 0) return verdict;
  verdict.target = *std::move(target);
  std::string allow;
  verdict.route = routes_.Find(head.method, verdict.target.path, &allow);
  if (verdict.route == nullptr) {
    verdict.refusal = allow.empty() ? HttpRefusal{404, "path"} : HttpRefusal{405, "method"};
    if (!allow.empty()) verdict.headers.emplace_back("Allow", allow);
    return verdict;
  }
  if (verdict.route->needs_auth && !auth_.Admits(head.Field("Authorization"))) {
    verdict.refusal = {401, "unauthorized"};
    verdict.headers.emplace_back("WWW-Authenticate", auth_.challenge());
    return verdict;
  }
  verdict.max_body = std::min(verdict.route->max_body, options_.max_body);
  if (head.length > verdict.max_body) verdict.refusal = {413, "body"};
  return verdict;
}

}  // namespace tallybell
