// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_FORMER_H_
#define TALLYBELL_ENGINE_RUN_LOKI_FORMER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/run/loki_configuration.h"
#include "engine/store/delta.h"

namespace tallybell {

// The row that says up to where the source of that key has been read.
std::string LokiPassesRow(absl::string_view key);

// The ages of the passes and the times to which they have read, as that row's `state` has them;
// false if it is none.
bool ReadLokiPasses(const std::string& state, std::vector<DurationNs>* ages,
                    std::vector<TimeNs>* read_to);

// What was read for `config`, if it is new, by sources that are in `all` no more: they asked the
// same Loki for the same tenant, or for the same when the Loki was elsewhere (docs/loki.md, "Known
// again").
struct LokiFormer {
  std::vector<std::string> keys;
  TimeNs horizon = kNoTime;  // it is known what they counted since then
};
LokiFormer FindLokiFormer(const LokiSourceConfig& config, const std::vector<LokiSourceConfig>& all,
                          const std::vector<PositionRow>& stored);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_FORMER_H_
