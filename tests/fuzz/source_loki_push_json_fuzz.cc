// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a push of JSON, as the text of labels, and as what a content encoding is around.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/source/loki_push_body.h"
#include "engine/source/push_labels.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const tallybell::PushLimits limits;
  const absl::StatusOr<tallybell::PushedBody> body =
      tallybell::DecodeLokiPush(tallybell::PushFormat::kJson, bytes, limits);
  if (body.ok()) {
    size_t text = 0;
    for (const tallybell::PushedStream& stream : body->streams()) {
      Require(!stream.entries.empty());
      for (const tallybell::PushedEntry& entry : stream.entries) text += entry.line.size();
    }
    // No byte of JSON stands for more than two of text.
    Require(text <= 2 * bytes.size());
  }
  const auto labels = tallybell::ParsePushLabels(bytes, limits.labels);
  if (labels.ok()) Require(labels->pairs().size() <= limits.labels.names);
  return 0;
}
