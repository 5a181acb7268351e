// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a message of a Loki's tail.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/source/loki_tail_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tallybell::LokiTailMessage> message = tallybell::ReadLokiTailMessage(bytes);
  if (message.ok() && message->lines > 0 && message->first > message->last) std::abort();
  return 0;
}
