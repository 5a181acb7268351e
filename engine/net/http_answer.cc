// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_answer.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/net/credentials.h"

namespace tallybell {
namespace {

bool IsRenderable(const ServedResponse& response) {
  return response.status >= 200 && response.status <= 599 && IsHeaderValue(response.content_type) &&
         std::all_of(response.headers.begin(), response.headers.end(), [](const auto& header) {
           return IsHeaderName(header.first) && IsHeaderValue(header.second);
         });
}

bool IsOurs(absl::string_view name) {
  for (absl::string_view ours : {"Connection", "Content-Length", "Content-Type", "Keep-Alive",
                                 "Trailer", "Transfer-Encoding", "Upgrade"}) {
    if (absl::EqualsIgnoreCase(name, ours)) return true;
  }
  return false;
}

bool Has(const HttpFields& headers, absl::string_view name) {
  return std::any_of(headers.begin(), headers.end(), [name](const auto& header) {
    return absl::EqualsIgnoreCase(header.first, name);
  });
}

void AppendHead(const ServedResponse& response, bool keep_alive, std::string* out) {
  absl::StrAppend(out, "HTTP/1.1 ", response.status, " ", HttpReasonPhrase(response.status),
                  "\r\n");
  // What a body of nothing may not have a length of.
  if (response.status != 204 && response.status != 304) {
    absl::StrAppend(out, "Content-Length: ", response.body.size(), "\r\n");
    if (!response.body.empty() && !response.content_type.empty()) {
      absl::StrAppend(out, "Content-Type: ", response.content_type, "\r\n");
    }
  }
  for (const auto& [name, value] : response.headers) {
    if (!IsOurs(name)) absl::StrAppend(out, name, ": ", value, "\r\n");
  }
  if (!Has(response.headers, "X-Content-Type-Options")) {
    absl::StrAppend(out, "X-Content-Type-Options: nosniff\r\n");
  }
  if (!Has(response.headers, "Cache-Control")) absl::StrAppend(out, "Cache-Control: no-store\r\n");
  if (!keep_alive) absl::StrAppend(out, "Connection: close\r\n");
  absl::StrAppend(out, "\r\n");
}

}  // namespace

absl::string_view HttpReasonPhrase(int status) {
  static constexpr struct {
    int status;
    const char* phrase;
  } kPhrases[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {406, "Not Acceptable"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {417, "Expectation Failed"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"},
  };
  for (const auto& [known, phrase] : kPhrases) {
    if (known == status) return phrase;
  }
  return "Unknown";
}

ServedResponse PlainAnswer(int status, absl::string_view text) {
  ServedResponse response;
  response.status = status;
  response.body = absl::StrCat(text.empty() ? HttpReasonPhrase(status) : text, "\n");
  return response;
}

std::string RenderAnswer(const ServedResponse& response, bool with_body, bool keep_alive,
                         int* status) {
  if (!IsRenderable(response)) {
    return RenderAnswer(PlainAnswer(500), with_body, keep_alive, status);
  }
  *status = response.status;
  std::string out;
  AppendHead(response, keep_alive, &out);
  if (with_body && response.status != 204 && response.status != 304) out += response.body;
  return out;
}

}  // namespace tallybell
