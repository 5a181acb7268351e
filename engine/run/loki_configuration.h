// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_LOKI_CONFIGURATION_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/run/configuration_fields.h"
#include "engine/source/loki_query.h"
#include "rules/template.h"

namespace tallybell {

// One query of one tenant of a Loki that is followed: docs/loki.md. A plain value.
struct LokiSourceConfig {
  LokiTarget target;
  // Templates over the stream's own labels, which they win over.
  std::vector<std::pair<std::string, Template>> labels;
  std::optional<absl::TimeZone> zone;  // of stamps that state none and fit no zone
  DurationNs lateness = 45 * kSecond;
  DurationNs max_future = kMinute;
  DurationNs stall_after = kMinute;
  DurationNs settle = 10 * kSecond;
  DurationNs sweep_every = 5 * kSecond;
  DurationNs look_back = kHour;
  DurationNs start = kHour;  // before the very first start
  DurationNs timeout = 30 * kSecond;
  int page = 5000;
  bool tail = true;

  // What tells it from the other sources over a restart.
  std::string Key() const;
  // How Key begins: whom it asks, in whose name.
  std::string KeyOfTenant() const;
  // The ages at which what is stored is read: LokiPasses.
  std::vector<DurationNs> Ages() const;
};

// Reads the map `loki` of a source: one for each of its tenants and queries
// (docs/configuration.md, "loki").
std::vector<LokiSourceConfig> ReadLokiSources(ConfigurationFields* fields);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_CONFIGURATION_H_
