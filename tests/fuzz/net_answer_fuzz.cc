// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as what goes into an answer of ours, and as what a server tells a client of ours: no
// value begins a header or an answer of its own, and no secret comes back.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/net/credentials.h"
#include "engine/net/http_answer.h"
#include "engine/net/retry_after.h"
#include "engine/net/url.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::FuzzInput;
using tallybell::Require;

// The bytes of an answer, read as a client reads them.
void CheckAnswer(const tallybell::ServedResponse& response, bool with_body, bool keep_alive) {
  int status = 0;
  const std::string text = tallybell::RenderAnswer(response, with_body, keep_alive, &status);
  Require(status >= 200 && status <= 599);
  const size_t head_end = text.find("\r\n\r\n");
  Require(head_end != std::string::npos);
  absl::string_view head = absl::string_view(text).substr(0, head_end + 2);
  Require(absl::StartsWith(head, absl::StrCat("HTTP/1.1 ", status, " ")));
  head.remove_prefix(head.find("\r\n") + 2);
  int64_t length = 0;
  size_t headers = 0, lengths = 0;
  while (!head.empty()) {
    const absl::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    Require(line.find('\n') == line.npos && line.find('\r') == line.npos);
    const size_t colon = line.find(": ");
    Require(colon != line.npos && tallybell::IsHeaderName(line.substr(0, colon)));
    if (absl::EqualsIgnoreCase(line.substr(0, colon), "Content-Length")) {
      Require(absl::SimpleAtoi(line.substr(colon + 2), &length));
      ++lengths;
    }
    ++headers;
  }
  Require(headers <= response.headers.size() + 5 && lengths <= 1);
  const absl::string_view body = absl::string_view(text).substr(head_end + 4);
  Require(body.empty() || (with_body && body.size() == static_cast<size_t>(length)));
  Require(lengths == 1 || body.empty());
}

void CheckUrl(absl::string_view text) {
  const absl::StatusOr<tallybell::Url> url = tallybell::ParseUrl(text);
  if (!url.ok()) return;
  Require(url->port >= 1 && url->port <= 65535 && !url->host.empty());
  Require(tallybell::IsHeaderValue(url->HostHeader()));
  Require(url->path.empty() || tallybell::IsRequestPath(url->path));
  Require(!absl::EndsWith(url->path, "/"));
  const absl::StatusOr<tallybell::Url> again = tallybell::ParseUrl(url->ToString());
  Require(again.ok() && again->ToString() == url->ToString() && again->host == url->host &&
          again->port == url->port && again->tls == url->tls && again->path == url->path);
}

void CheckSecret(absl::string_view secret, absl::string_view said) {
  tallybell::Credentials::Options options;
  options.scheme = "Bearer";
  options.secret = std::string(secret);
  const absl::StatusOr<tallybell::Credentials> key = tallybell::Credentials::Make(options);
  if (!key.ok()) return;
  Require(tallybell::IsHeaderValue(key->header()));
  const std::string word(absl::StripPrefix(key->header(), "Bearer "));
  // Short ones are left alone, and these may come about anew from what stands in their place.
  if (word.size() < 8 || word.find_first_of("<>") != word.npos) return;
  Require(!absl::StrContains(key->Redact(absl::StrCat(said, word, said, word)), word));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzInput input(data, size);
  constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;
  const absl::string_view first = input.Line();
  Require(tallybell::ParseRetryAfter(first, kNow) >= 0);
  Require(tallybell::ParseRetryAfter(first, tallybell::kNoTime) >= 0);
  CheckUrl(first);
  CheckSecret(first, input.rest());

  tallybell::ServedResponse response;
  int64_t status = 0;
  response.status = absl::SimpleAtoi(input.Line(), &status) ? static_cast<int>(status) : 200;
  response.content_type = std::string(input.Part('|'));
  while (!input.empty() && response.headers.size() < 20) {
    const absl::string_view name = input.Part(':');
    if (name.empty()) break;
    response.headers.emplace_back(std::string(name), std::string(input.Part('|')));
  }
  response.body = std::string(input.rest());
  for (const bool with_body : {false, true}) {
    CheckAnswer(response, with_body, /*keep_alive=*/!with_body);
  }
  return 0;
}
