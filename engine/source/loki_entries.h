// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_ENTRIES_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_ENTRIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"

namespace tallybell {

// One line as Loki has it.
struct LokiEntry {
  TimeNs time = kNoTime;
  uint32_t stream = 0;  // of LokiEntries::streams
  std::string line;
  // Structured metadata and what the query's parsers found.
  std::vector<std::pair<std::string, std::string>> fields;
};

struct LokiEntries {
  std::vector<Labels> streams;     // each once
  std::vector<LokiEntry> entries;  // by time; of one time as they came
  int64_t lines_cut = 0;
  size_t memory = 0;      // bytes, about
};

// A longer line is cut, as one that is pushed.
inline constexpr size_t kMaxLokiLine = 256 << 10;

// Reads an answer to query_range: streams whose labels are those of the stream itself where the
// server was asked to keep them apart from the metadata. InvalidArgument says where it is anything
// else, or that it is the answer to a metric query. Linear; thread-safe.
absl::StatusOr<LokiEntries> DecodeLokiAnswer(absl::string_view body);

// Puts `more`, of the same times or later ones, behind `*out`.
void AppendLokiEntries(LokiEntries more, LokiEntries* out);

// Takes the first `count` entries off `*from`.
LokiEntries TakeLokiEntries(size_t count, LokiEntries* from);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_ENTRIES_H_
