// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_bodies.h"

#include <limits>
#include <utility>

#include "engine/source/pushed_body_builder.h"

namespace tallybell {

PushedBody LokiBody(LokiEntries entries, const std::vector<bool>& wanted) {
  // What Loki gives has no bounds but its own: it was bounded when it was read.
  PushLimits limits;
  limits.streams = limits.entries = std::numeric_limits<size_t>::max();
  std::vector<std::vector<size_t>> of_stream(entries.streams.size());
  for (size_t i = 0; i < entries.entries.size(); ++i) {
    if (wanted[i]) of_stream[entries.entries[i].stream].push_back(i);
  }
  PushedBodyBuilder builder("", limits);
  for (size_t stream = 0; stream < of_stream.size(); ++stream) {
    if (of_stream[stream].empty()) continue;
    for (const size_t i : of_stream[stream]) {
      LokiEntry& entry = entries.entries[i];
      for (auto& [name, value] : entry.fields) {
        const absl::string_view kept = builder.Keep(std::move(name));
        builder.AddField(kept, builder.Keep(std::move(value))).IgnoreError();
      }
      builder.EndEntry(entry.time, builder.Keep(std::move(entry.line))).IgnoreError();
    }
    builder.EndStream(std::move(entries.streams[stream])).IgnoreError();
  }
  return std::move(builder).Finish().value_or(PushedBody());
}

}  // namespace tallybell
