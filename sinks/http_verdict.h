// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_HTTP_VERDICT_H_
#define TALLYBELL_SINKS_HTTP_VERDICT_H_

#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"
#include "sinks/sink.h"

namespace tallybell {

// What an HTTP answer, or its lack, says to a sender that knows nothing of the receiver:
//
//   2xx                                accepted
//   400 413 415 422, other 4xx         rejected: this body will never be taken
//   404 405 410, 3xx                   suspect: most likely the URL is wrong
//   401 403 407, a bad certificate     retry, unauthorized
//   408 425 429 5xx, no answer         retry, after what Retry-After says
//
// `now` is the wall clock, for a Retry-After that is a date.
Verdict VerdictOf(const absl::StatusOr<HttpResponse>& response, TimeNs now);

// Status and the server's own words, short and on one line: "400 invalid label set".
std::string AnswerText(const HttpResponse& response, absl::string_view message);

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_HTTP_VERDICT_H_
