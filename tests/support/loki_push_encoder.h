// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Writes pushes as Loki's clients do, so that a test says what is in them.
#ifndef TALLYBELL_TESTS_SUPPORT_LOKI_PUSH_ENCODER_H_
#define TALLYBELL_TESTS_SUPPORT_LOKI_PUSH_ENCODER_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

struct TestPush {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  struct Entry {
    TimeNs time = 0;
    std::string line;
    Pairs metadata;
  };
  struct Stream {
    Pairs labels;
    std::vector<Entry> entries;
  };
  std::vector<Stream> streams;
};

// One field of a protobuf message: a number, or bytes with their length.
std::string ProtobufNumber(uint32_t field, uint64_t value);
std::string ProtobufBytes(uint32_t field, absl::string_view bytes);

std::string Snappy(absl::string_view bytes);

// The labels as clients write them: {a="b", c="d"}.
std::string LabelText(const TestPush::Pairs& labels);

// Loki's message PushRequest, without Snappy.
std::string EncodeProtobuf(const TestPush& push);
std::string EncodeJson(const TestPush& push);
// As /api/prom/push takes it; knows no metadata.
std::string EncodeLegacyJson(const TestPush& push);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_LOKI_PUSH_ENCODER_H_
