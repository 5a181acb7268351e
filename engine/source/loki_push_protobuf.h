// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_PROTOBUF_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_PROTOBUF_H_

#include "absl/status/status.h"
#include "engine/source/pushed_body_builder.h"

namespace tallybell {

// Reads the builder's bytes as Loki's message PushRequest. Fields may come in any order, unknown
// ones are passed over; nothing is copied but labels. InvalidArgument if it is no such message.
absl::Status DecodeLokiPushProtobuf(PushedBodyBuilder* builder);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_PROTOBUF_H_
