// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PUSH_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_PUSH_CONFIGURATION_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/run/configuration_fields.h"
#include "engine/run/server_configuration.h"
#include "engine/source/loki_push_body.h"
#include "rules/template.h"

namespace tallybell {

// A place to which clients push as to Loki: docs/loki-push.md.
struct PushSourceConfig {
  ListenConfig listener;  // without an address: where the server listens
  // Templates over the stream's own labels, which they win over.
  std::vector<std::pair<std::string, Template>> labels;
  std::optional<absl::TimeZone> zone;  // of stamps that state none and fit no zone
  DurationNs lateness = 10 * kSecond;
  DurationNs max_future = kMinute;
  DurationNs stall_after = kMinute;
  bool require_tenant = false;
  size_t queue_bytes = 64 << 20;  // pushes that wait; more are answered with 429
  PushLimits limits;

  // What tells it from the other sources over a restart.
  std::string Key() const;
};

// Reads the map `loki_push` of a source: docs/configuration.md, "loki_push".
PushSourceConfig ReadPushSource(ConfigurationFields* fields);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PUSH_CONFIGURATION_H_
