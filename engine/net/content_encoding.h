// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_CONTENT_ENCODING_H_
#define TALLYBELL_ENGINE_NET_CONTENT_ENCODING_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

struct ContentLimits {
  int64_t max_bytes = 8 * 1024 * 1024;  // of the decoded body
  // How many times the sent bytes a body may grow to, from 64 KiB on. deflate itself ends at 1032;
  // logs come to 10 or 20.
  int64_t max_ratio = 200;
};

// The body under a Content-Encoding header's value: gzip (or x-gzip), deflate (with zlib's frame or
// without), identity or nothing; in any case of letters. Costs a few milliseconds a MiB.
// Unimplemented for another encoding or a chain of several, InvalidArgument for a body that is
// damaged, cut short or goes on behind its end, ResourceExhausted beyond a limit.
absl::StatusOr<std::string> DecodeContent(absl::string_view encoding, std::string body,
                                          const ContentLimits& limits);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_CONTENT_ENCODING_H_
