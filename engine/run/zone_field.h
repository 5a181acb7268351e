// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_ZONE_FIELD_H_
#define TALLYBELL_ENGINE_RUN_ZONE_FIELD_H_

#include <optional>

#include "absl/time/time.h"
#include "engine/run/configuration_fields.h"

namespace tallybell {

// The zone of `timezone`, if it is there and is one.
std::optional<absl::TimeZone> ReadZone(ConfigurationFields* fields);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_ZONE_FIELD_H_
