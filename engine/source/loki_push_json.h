// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_JSON_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_JSON_H_

#include "absl/status/status.h"
#include "engine/source/pushed_body_builder.h"

namespace tallybell {

// Reads the builder's bytes as JSON of either shape, also mixed:
//   {"streams": [{"stream": {"job": "a"}, "values": [["<ns>", "line", {"name": "value"}]]}]}
//   {"streams": [{"labels": "{job=\"a\"}", "entries": [{"ts": "<RFC 3339>", "line": "line"}]}]}
// Members may come in any order, unknown ones are passed over. InvalidArgument if it is neither.
absl::Status DecodeLokiPushJson(PushedBodyBuilder* builder);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_JSON_H_
