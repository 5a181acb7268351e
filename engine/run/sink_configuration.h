// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SINK_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_SINK_CONFIGURATION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/run/configuration.h"
#include "engine/run/configuration_fields.h"
#include "rules/yaml_fields.h"
#include "sinks/sink.h"

namespace tallybell {

// The map `tls` of `*fields`: how to talk to a server.
HttpClient::Tls ReadTls(ConfigurationFields* fields);

// Reads one item of `sinks:`, a map of one kind to its settings, and appends a sink for each
// receiver that it names.
void ReadSink(const YamlScope& scope, const YamlNode& item, const std::string* directory,
              const std::string& external_url, std::vector<SinkConfig>* sinks);

// Makes the receivers. What sinks say of their settings (a key file that cannot be read) is an
// error of the configuration: a line for each.
absl::StatusOr<std::vector<std::unique_ptr<Sink>>> MakeSinks(
    const std::vector<SinkConfig>& configs);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SINK_CONFIGURATION_H_
