// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_HISTORY_QUERY_H_
#define TALLYBELL_ENGINE_SERVE_HISTORY_QUERY_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/net/http_served.h"
#include "engine/serve/history_event.h"

namespace tallybell {

// Which events of history somebody wants: of `tallybell history` and of /api/v1/history
// (docs/history.md). A plain value.
struct HistoryQuery {
  static constexpr int64_t kDefaultLimit = 1'000;
  static constexpr int64_t kMaxLimit = 10'000;

  std::string rule;                 // empty: any
  std::vector<Labels::Pair> group;  // labels of the alert; an empty value: it has no such label
  TimeNs since = kNoTime;
  TimeNs until = kNever;
  int64_t limit = kDefaultLimit;                         // the newest so many
  int64_t before = std::numeric_limits<int64_t>::max();  // only rows with smaller numbers

  bool Fits(const HistoryEvent& event) const;
};

// A time, a day, or how long ago: "2024-05-01T12:00:00Z", "2024-05-01", "12h". InvalidArgument with
// a sentence for people.
absl::StatusOr<TimeNs> ParseWhen(absl::string_view text, TimeNs now);

// "host=mac1". InvalidArgument.
absl::StatusOr<Labels::Pair> ParsePair(absl::string_view text);
bool HasPairs(const Labels& labels, const std::vector<Labels::Pair>& pairs);

// As a client wrote it behind the question mark, decoded. InvalidArgument, also for what nobody
// knows.
absl::StatusOr<HistoryQuery> ReadHistoryQuery(const HttpFields& fields, TimeNs now);

// The path and query by which a client asks for it.
std::string HistoryPath(const HistoryQuery& query);

// `text` as a value in a query: everything but letters, digits and "-._~" percent-encoded.
std::string QueryValue(absl::string_view text);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_HISTORY_QUERY_H_
