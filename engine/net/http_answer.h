// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_ANSWER_H_
#define TALLYBELL_ENGINE_NET_HTTP_ANSWER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/net/http_served.h"

namespace tallybell {

// "Not Found"; "Unknown" for a status without a name of its own.
absl::string_view HttpReasonPhrase(int status);

// An answer of a status with its name, or `text` in its place, as a line.
ServedResponse PlainAnswer(int status, absl::string_view text = {});

// The bytes of `response` as HTTP/1.1. Without `with_body` (HEAD) only its length is told. What
// cannot stand in a head (a line end in a header, a status out of range) makes the whole answer a
// 500, so no value can begin a header or an answer of its own; headers that say where an answer
// ends are the listener's, and those of the response are left out. `*status` becomes the status
// that was written.
std::string RenderAnswer(const ServedResponse& response, bool with_body, bool keep_alive,
                         int* status);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_ANSWER_H_
