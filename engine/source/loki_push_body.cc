// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_push_body.h"

#include <utility>

#include "engine/base/status_macros.h"
#include "engine/source/loki_push_json.h"
#include "engine/source/loki_push_protobuf.h"
#include "engine/source/snappy_block.h"
#include "engine/source/pushed_body_builder.h"

namespace tallybell {

absl::StatusOr<PushedBody> DecodeLokiPush(PushFormat format, std::string body,
                                          const PushLimits& limits) {
  if (format == PushFormat::kJson) {
    PushedBodyBuilder builder(std::move(body), limits);
    RETURN_IF_ERROR(DecodeLokiPushJson(&builder));
    return std::move(builder).Finish();
  }
  ASSIGN_OR_RETURN(std::string message, UncompressSnappyBlock(body, limits.body_bytes));
  PushedBodyBuilder builder(std::move(message), limits);
  RETURN_IF_ERROR(DecodeLokiPushProtobuf(&builder));
  return std::move(builder).Finish();
}

}  // namespace tallybell
