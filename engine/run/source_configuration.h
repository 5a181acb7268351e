// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_CONFIGURATION_H_

#include <string>
#include <vector>

#include "engine/run/configuration.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// Reads the list of `sources` into `*configuration`; every fault goes to the scope's
// diagnostics. `directory`: that of the configuration file; must outlive the call.
void ReadSources(const YamlScope& scope, const YamlNode& node, const std::string* directory,
                 Configuration* configuration);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_CONFIGURATION_H_
