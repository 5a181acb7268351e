// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the engine knows, in the JSON of Prometheus's HTTP API, so that whatever shows a
// Prometheus's alerts shows these: docs/server.md, "API".
#ifndef TALLYBELL_ENGINE_SERVE_PROMETHEUS_API_H_
#define TALLYBELL_ENGINE_SERVE_PROMETHEUS_API_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/run/engine_snapshot.h"

namespace tallybell {

// Which rules are asked for; an empty list asks for all.
struct RulesQuery {
  bool alerting = true;  // false: recording rules only, of which there are none
  bool exclude_alerts = false;
  std::vector<std::string> rule_names;
  std::vector<std::string> groups;
  std::vector<std::string> files;
};

// The whole bodies of /api/v1/rules, /api/v1/alerts and /api/v1/status/sources.
Json RulesAnswer(const EngineSnapshot& snapshot, const RulesQuery& query);
Json AlertsAnswer(const EngineSnapshot& snapshot);
Json SourcesAnswer(const EngineSnapshot& snapshot);

// {"status":"success","data":...} and {"status":"error","errorType":...,"error":...}.
Json SuccessAnswer(Json data);
Json ErrorAnswer(absl::string_view type, absl::string_view what);

// A number as Prometheus writes values: "4e+00", "1.2e+01".
std::string FormatValue(int64_t value);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_PROMETHEUS_API_H_
