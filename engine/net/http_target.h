// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_TARGET_H_
#define TALLYBELL_ENGINE_NET_HTTP_TARGET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/net/http_served.h"

namespace tallybell {

// What a request line points at, decoded. A plain value.
struct HttpTarget {
  std::string path;
  HttpFields query;
};

// Reads "/path?a=b&c" or, for `host` only, "http://host/path?a=b". A plus sign in the query is a
// blank, as forms write it. InvalidArgument for any other form, a broken percent sign, or a path
// with control characters, however they are written.
absl::StatusOr<HttpTarget> ParseHttpTarget(absl::string_view target, absl::string_view host);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_TARGET_H_
