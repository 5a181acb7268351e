// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Lines of name=value as the query of a client: it is refused, or the path that asks for the same
// reads back as the same.

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/net/http_target.h"
#include "engine/net/url.h"
#include "engine/serve/history_query.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tallybell::HistoryQuery;
  using tallybell::Require;
  constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;
  tallybell::FuzzInput input(data, size);
  tallybell::HttpFields fields;
  while (!input.empty() && fields.size() < 20) {
    tallybell::FuzzInput line(input.Line());
    std::string name(line.Part('='));
    fields.emplace_back(std::move(name), std::string(line.rest()));
  }
  const absl::StatusOr<HistoryQuery> query = tallybell::ReadHistoryQuery(fields, kNow);
  if (!query.ok()) {
    Require(absl::IsInvalidArgument(query.status()));
    return 0;
  }
  Require(query->limit >= 1 && query->limit <= HistoryQuery::kMaxLimit && query->before >= 1);
  const std::string path = tallybell::HistoryPath(*query);
  Require(tallybell::IsRequestPath(path));
  const auto target = tallybell::ParseHttpTarget(path, "host");
  Require(target.ok() && target->path == "/api/v1/history");
  const absl::StatusOr<HistoryQuery> again = tallybell::ReadHistoryQuery(target->query, kNow);
  Require(again.ok() && again->rule == query->rule && again->group == query->group &&
          again->since == query->since && again->until == query->until &&
          again->limit == query->limit && again->before == query->before);
  return 0;
}
