// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a message of a Loki's tail.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/source/loki_entries.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tallybell::LokiEntries> message = tallybell::DecodeLokiTail(bytes);
  if (!message.ok()) return 0;
  tallybell::TimeNs before = tallybell::kNoTime;
  for (const tallybell::LokiEntry& entry : message->entries) {
    if (entry.time < before || entry.stream >= message->streams.size()) std::abort();
    before = entry.time;
  }
  return 0;
}
