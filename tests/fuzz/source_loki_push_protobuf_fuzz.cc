// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a push of protobuf: as the message, and as the Snappy block around it.

#include <snappy.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/source/loki_push_body.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Whatever was taken lies within what was pushed and keeps the limits.
void Check(const absl::StatusOr<tallybell::PushedBody>& body) {
  if (!body.ok()) return;
  const char* const begin = body->bytes().data();
  const char* const end = begin + body->bytes().size();
  for (const tallybell::PushedStream& stream : body->streams()) {
    Require(!stream.entries.empty());
    for (const tallybell::PushedEntry& entry : stream.entries) {
      Require(entry.line.empty() || (entry.line.data() >= begin && entry.line.data() < end));
      for (const tallybell::Field& field : body->FieldsOf(entry)) {
        Require(field.value.empty() || (field.value.data() >= begin && field.value.data() < end));
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const tallybell::PushLimits limits;
  std::string block;
  snappy::Compress(bytes.data(), bytes.size(), &block);
  Check(tallybell::DecodeLokiPush(tallybell::PushFormat::kProtobuf, block, limits));
  Check(tallybell::DecodeLokiPush(tallybell::PushFormat::kProtobuf, bytes, limits));
  return 0;
}
