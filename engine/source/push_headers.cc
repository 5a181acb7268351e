// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_headers.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

constexpr size_t kMaxTenantBytes = 150;
constexpr size_t kMaxShownBytes = 100;

// A token of RFC 7230.
bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("!#$%&'*+-.^_`|~").find(c) != std::string::npos;
  });
}

// The header's value as it may be shown to whoever sent it.
std::string Shown(absl::string_view value) {
  std::string shown;
  AppendQuoted(Utf8Truncate(value, kMaxShownBytes), &shown);
  return shown;
}

absl::StatusOr<PushFormat> FormatOf(absl::string_view content_type) {
  const absl::string_view media_type =
      absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
  if (media_type.empty()) return absl::InvalidArgumentError("mime: no media type");
  const size_t slash = media_type.find('/');
  const bool well_formed =
      IsToken(media_type.substr(0, slash)) &&
      (slash == absl::string_view::npos || IsToken(media_type.substr(slash + 1)));
  if (!well_formed) {
    return absl::InvalidArgumentError(
        absl::StrCat("mime: unexpected content in the media type ", Shown(media_type)));
  }
  return absl::EqualsIgnoreCase(media_type, "application/json") ? PushFormat::kJson
                                                                : PushFormat::kProtobuf;
}

}  // namespace

absl::StatusOr<PushDecoder> ChoosePushDecoder(absl::string_view content_type,
                                              absl::string_view content_encoding) {
  PushDecoder decoder;
  const absl::string_view encoding = absl::StripAsciiWhitespace(content_encoding);
  if (absl::EqualsIgnoreCase(encoding, "gzip")) {
    decoder.compression = PushCompression::kGzip;
  } else if (absl::EqualsIgnoreCase(encoding, "deflate")) {
    decoder.compression = PushCompression::kDeflate;
  } else if (!encoding.empty() && !absl::EqualsIgnoreCase(encoding, "snappy") &&
             !absl::EqualsIgnoreCase(encoding, "identity")) {
    return absl::InvalidArgumentError(
        absl::StrCat("Content-Encoding ", Shown(encoding), " not supported"));
  }
  ASSIGN_OR_RETURN(decoder.format, FormatOf(content_type));
  return decoder;
}

absl::Status CheckPushTenant(absl::string_view tenant) {
  if (tenant.size() > kMaxTenantBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("tenant ID is too long: max ", kMaxTenantBytes, " characters"));
  }
  if (tenant == "." || tenant == "..") {
    return absl::InvalidArgumentError("tenant ID is '.' or '..'");
  }
  for (const char c : tenant) {
    if (absl::ascii_isalnum(c) || absl::string_view("!-_.*'()").find(c) != absl::string_view::npos)
      continue;
    if (c == '|') return absl::InvalidArgumentError("multiple org IDs present");
    return absl::InvalidArgumentError(absl::StrCat("tenant ID ", Shown(tenant),
                                                   " contains unsupported character ",
                                                   Shown(absl::string_view(&c, 1))));
  }
  return absl::OkStatus();
}

}  // namespace tallybell
