// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_target.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace tallybell {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = absl::ascii_tolower(static_cast<unsigned char>(c));
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// False for a percent sign without two hexadecimal digits.
bool Decode(absl::string_view text, bool plus_is_blank, std::string* out) {
  out->clear();
  out->reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = HexDigit(text[i + 1]), low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      *out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      *out += plus_is_blank && text[i] == '+' ? ' ' : text[i];
    }
  }
  return true;
}

// Cuts "http://host" off a target that begins with it; false where it names somebody else.
bool StripOrigin(absl::string_view host, absl::string_view* target) {
  if (absl::StartsWith(*target, "/")) return true;
  for (absl::string_view scheme : {"http://", "https://"}) {
    if (!absl::StartsWithIgnoreCase(*target, scheme)) continue;
    target->remove_prefix(scheme.size());
    const size_t end = std::min(target->find_first_of("/?"), target->size());
    if (host.empty() || !absl::EqualsIgnoreCase(target->substr(0, end), host)) return false;
    target->remove_prefix(end);
    if (target->empty()) *target = "/";
    return absl::StartsWith(*target, "/");
  }
  return false;
}

}  // namespace

absl::StatusOr<HttpTarget> ParseHttpTarget(absl::string_view target, absl::string_view host) {
  if (!StripOrigin(host, &target)) return absl::InvalidArgumentError("not a path of this server");
  if (absl::StrContains(target, '#')) return absl::InvalidArgumentError("a fragment is not sent");
  const size_t mark = target.find('?');
  HttpTarget out;
  if (!Decode(target.substr(0, mark), false, &out.path)) {
    return absl::InvalidArgumentError("a percent sign without two digits");
  }
  if (std::any_of(out.path.begin(), out.path.end(), absl::ascii_iscntrl)) {
    return absl::InvalidArgumentError("a control character in the path");
  }
  if (mark == absl::string_view::npos) return out;
  for (absl::string_view pair : absl::StrSplit(target.substr(mark + 1), '&', absl::SkipEmpty())) {
    const size_t equals = pair.find('=');
    const absl::string_view value =
        equals == absl::string_view::npos ? absl::string_view() : pair.substr(equals + 1);
    std::pair<std::string, std::string>& added = out.query.emplace_back();
    if (!Decode(pair.substr(0, equals), true, &added.first) ||
        !Decode(value, true, &added.second)) {
      return absl::InvalidArgumentError("a percent sign without two digits");
    }
  }
  return out;
}

}  // namespace tallybell
