// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the headers of a push say, as Loki reads them.
#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_HEADERS_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_HEADERS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

enum class PushFormat {
  kProtobuf,  // a message within one Snappy block
  kJson,
};

// What is around the format; Snappy is part of kProtobuf.
enum class PushCompression { kNone, kGzip, kDeflate };

struct PushDecoder {
  PushFormat format = PushFormat::kProtobuf;
  PushCompression compression = PushCompression::kNone;
};

// JSON is what says so; every other media type is protobuf. InvalidArgument where there is no media
// type or an encoding that nobody knows. Values as they stand in the headers; empty: no such
// header.
absl::StatusOr<PushDecoder> ChoosePushDecoder(absl::string_view content_type,
                                              absl::string_view content_encoding);

// Whether `tenant`, the value of X-Scope-OrgID, may name one tenant; InvalidArgument says why not.
// Empty is no tenant, which is fine here.
absl::Status CheckPushTenant(absl::string_view tenant);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_HEADERS_H_
