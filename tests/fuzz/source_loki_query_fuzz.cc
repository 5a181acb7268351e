// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as an answer to query_range, and as a query.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/source/loki_entries.h"
#include "engine/source/loki_query.h"
#include "engine/source/loki_split.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  absl::StatusOr<tallybell::LokiEntries> answer = tallybell::DecodeLokiAnswer(bytes);
  if (answer.ok()) {
    size_t text = 0;
    tallybell::TimeNs before = tallybell::kNoTime;
    for (const tallybell::LokiEntry& entry : answer->entries) {
      Require(entry.time >= before && entry.stream < answer->streams.size());
      before = entry.time;
      text += entry.line.size();
    }
    // No byte of JSON stands for more than two of text.
    Require(text <= 2 * bytes.size());
    const tallybell::LokiSplit split = tallybell::SplitLokiEntries(*answer);
    Require(split.with.empty() == split.without.empty());
    const size_t all = answer->entries.size();
    tallybell::LokiEntries first = tallybell::TakeLokiEntries(all / 2, &*answer);
    tallybell::AppendLokiEntries(*std::move(answer), &first);
    Require(first.entries.size() == all);
  }
  (void)tallybell::CheckLogQuery(bytes);
  tallybell::LokiTarget target;
  target.query = bytes;
  Require(tallybell::IsRequestPath(tallybell::LokiPath("query_range", target, 0, 1)));
  return 0;
}
