// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as one HTTP request after another, whole and byte by byte, and as compressed bodies.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/net/content_encoding.h"
#include "engine/net/http_body.h"
#include "engine/net/http_head.h"
#include "engine/net/http_target.h"

namespace {

using tallybell::HttpBodyReader;
using tallybell::HttpHeadReader;

constexpr int64_t kMaxBody = 4096;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Where a request that begins `text` ends, or 0; `step` bytes come at a time.
size_t ReadRequest(absl::string_view text, size_t step, std::string* body) {
  HttpHeadReader head({});
  HttpHeadReader::State state = HttpHeadReader::State::kMore;
  size_t at = 0, used = 0;
  for (; at < text.size() && state == HttpHeadReader::State::kMore; at += used) {
    state = head.Feed(text.substr(at, step), &used);
    Require(used > 0);
  }
  if (state == HttpHeadReader::State::kRefused) Require(head.refusal().status >= 400);
  if (state != HttpHeadReader::State::kDone) return 0;
  Require(head.head().length >= 0 && !(head.head().chunked && head.head().length > 0));
  const auto target = tallybell::ParseHttpTarget(head.head().target, head.head().host);
  if (target.ok()) Require(!target->path.empty() && target->path[0] == '/');
  HttpBodyReader reader(head.head().chunked, head.head().length, kMaxBody);
  HttpBodyReader::State got = reader.Feed({}, &used);
  for (; at < text.size() && got == HttpBodyReader::State::kMore; at += used) {
    got = reader.Feed(text.substr(at, step), &used);
    Require(used > 0);
  }
  Require(static_cast<int64_t>(reader.body().size()) <= kMaxBody);
  if (got != HttpBodyReader::State::kDone) return 0;
  *body = reader.body();
  return at;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view all(reinterpret_cast<const char*>(data), size);
  tallybell::ContentLimits limits;
  limits.max_bytes = 64 * 1024;
  for (const char* encoding : {"gzip", "deflate", "identity"}) {
    const auto decoded = tallybell::DecodeContent(encoding, std::string(all), limits);
    if (decoded.ok()) Require(static_cast<int64_t>(decoded->size()) <= limits.max_bytes);
  }
  absl::string_view rest = all;
  while (!rest.empty()) {
    std::string whole_body, slow_body;
    const size_t whole = ReadRequest(rest, rest.size(), &whole_body);
    Require(whole == ReadRequest(rest, 1, &slow_body) && whole_body == slow_body);
    if (whole == 0) break;
    rest.remove_prefix(whole);
  }
  return 0;
}
