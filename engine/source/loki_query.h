// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_QUERY_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_QUERY_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/clock.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"
#include "engine/source/loki_entries.h"

namespace tallybell {

// Whom to ask for what: one log query of one tenant. A plain value.
struct LokiTarget {
  HttpClient::Options http;
  std::string query;
  std::string tenant;  // empty: none is named
};

// Lines of a span of time, whole: all entries of [from, complete_to).
struct LokiPage {
  LokiEntries entries;
  TimeNs complete_to = kNoTime;
  TimeNs asked_at = kNoTime;  // wall clock before the question: what was stored then is in it
};

// Reads what Loki stores, forward in time, without loss where many entries have the time at which
// a page ends: such an end is cut off and read again with the next page.
//
// Read is called from one thread; Cancel from any. Adapts itself to what the server can bear: asks
// for fewer lines and shorter spans where an answer is refused as too large or takes too long.
class LokiQuery {
 public:
  struct Options {
    LokiTarget target;
    int page = 5000;  // lines that are asked for at a time; the most that Loki gives by default
    DurationNs span = kHour;  // asked for at a time, at most
    DurationNs timeout = 30 * kSecond;
  };

  // The errors of HttpClient::Create. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<LokiQuery>> Create(Options options, const Clock* clock);
  virtual ~LokiQuery() = default;

  // A first part of [from, to), from < to; it is not empty. Unavailable, DeadlineExceeded and
  // ResourceExhausted (the server is asked too much) may pass; FailedPrecondition, Unauthenticated
  // and InvalidArgument need a person. OutOfRange: more lines have the time `from` than the server
  // gives and than could be told apart.
  virtual absl::StatusOr<LokiPage> Read(TimeNs from, TimeNs to) = 0;

  // How long the server asked to be left alone when it last failed to answer; 0 if it did not.
  virtual DurationNs asked_to_wait() const = 0;

  // Ends what is under way, and all that comes later, with Cancelled.
  virtual void Cancel() = 0;
};

// "/loki/api/v1/query_range?query=..." and the like; `end` is left out.
std::string LokiPath(absl::string_view endpoint, const LokiTarget& target, TimeNs start, int limit);
HttpHeaders LokiHeaders(const LokiTarget& target);

// InvalidArgument, with what to do, if `query` is none that gives lines: it must begin with a
// selector. What follows is the server's to understand.
absl::Status CheckLogQuery(absl::string_view query);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_QUERY_H_
