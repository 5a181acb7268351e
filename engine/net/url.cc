// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/url.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tallybell {
namespace {

constexpr size_t kMaxUrl = 2048;

bool IsIpv6(const std::string& host) {
  in6_addr address;
  // A NUL byte ends what the system looks at.
  return !absl::StrContains(host, '\0') && inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsHostName(absl::string_view host) {
  return !host.empty() && host.size() <= 253 && host[0] != '-' && host[0] != '.' &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
         });
}

absl::Status Bad(absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("not a usable URL: ", why));
}

// Takes the host, and ":port" if there is one, off "host:port".
absl::Status ReadAuthority(absl::string_view authority, Url* url) {
  absl::string_view port;
  bool has_port = false;
  if (absl::ConsumePrefix(&authority, "[")) {
    const size_t end = authority.find(']');
    if (end == absl::string_view::npos) return Bad("the ] of the IPv6 address is missing");
    url->host = std::string(authority.substr(0, end));
    if (!IsIpv6(url->host)) return Bad("what stands in [ ] is not an IPv6 address");
    authority.remove_prefix(end + 1);
    has_port = absl::ConsumePrefix(&authority, ":");
    if (!has_port && !authority.empty()) return Bad("after ] only a port may follow");
    port = authority;
  } else {
    const size_t colon = authority.find(':');
    has_port = colon != absl::string_view::npos;
    if (has_port) port = authority.substr(colon + 1);
    url->host = absl::AsciiStrToLower(authority.substr(0, colon));
    if (absl::StrContains(port, ':')) return Bad("an IPv6 address needs brackets: http://[::1]/");
    if (!IsHostName(url->host)) return Bad("the host is missing or has a character no host has");
  }
  if (!has_port) return absl::OkStatus();
  const bool digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), absl::ascii_isdigit);
  if (!digits || !absl::SimpleAtoi(port, &url->port) || url->port < 1 || url->port > 65535) {
    return Bad("the port is not a number from 1 to 65535");
  }
  return absl::OkStatus();
}

}  // namespace

std::string Url::HostHeader() const {
  const bool ipv6 = absl::StrContains(host, ':');
  const bool usual_port = port == (tls ? 443 : 80);
  return absl::StrCat(ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                      usual_port ? "" : absl::StrCat(":", port));
}

std::string Url::ToString() const {
  return absl::StrCat(tls ? "https://" : "http://", HostHeader(), path);
}

absl::StatusOr<Url> ParseUrl(absl::string_view text) {
  if (text.size() > kMaxUrl) return Bad("it is longer than 2048 bytes");
  const size_t colon = text.find("://");
  if (colon == absl::string_view::npos) return Bad("it must begin with http:// or https://");
  Url url;
  const std::string scheme = absl::AsciiStrToLower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return Bad("it must begin with http:// or https://");
  url.tls = scheme == "https";
  url.port = url.tls ? 443 : 80;
  text.remove_prefix(colon + 3);

  // Where alerts go is never decided by what stands in a log.
  if (text.find_first_of("{}") != absl::string_view::npos) {
    return Bad("it is no template; { and } have no place in it");
  }

  const absl::string_view authority = text.substr(0, text.find_first_of("/?#"));
  text.remove_prefix(authority.size());
  if (absl::StrContains(authority, '@')) {
    return Bad("it holds a user or password; put those into a file and name it in the settings");
  }
  if (absl::Status status = ReadAuthority(authority, &url); !status.ok()) return status;

  if (text.find_first_of("?#") != absl::string_view::npos) return Bad("it has a ? or #");
  if (!text.empty() && !IsRequestPath(text)) {
    return Bad("its path has a blank or control character");
  }
  while (absl::EndsWith(text, "/")) text.remove_suffix(1);
  url.path = std::string(text);
  return url;
}

bool IsRequestPath(absl::string_view path) {
  return absl::StartsWith(path, "/") && std::all_of(path.begin(), path.end(), absl::ascii_isgraph);
}

}  // namespace tallybell
