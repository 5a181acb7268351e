// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a configuration: it is refused with a place, or keeps the limits that
// docs/configuration.md names.

#include <cstddef>
#include <cstdint>

#include "engine/run/configuration.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Configuration;
using tallybell::Require;

void CheckWhole(const Configuration& configuration) {
  Require(!configuration.rules.empty() && !configuration.sinks.empty());
  Require(!configuration.state_path.empty());
  Require(!configuration.files.empty() || !configuration.pushes.empty());
  for (const tallybell::FileSourceConfig& file : configuration.files) {
    Require(file.lateness >= 0 && file.stall_after > 0 && file.max_future >= 0);
    Require(!file.Key().empty());
  }
  Require(configuration.outbox.max_rows >= 10 && configuration.outbox.max_alert_age >= 0);
  for (const auto& [name, value] : configuration.external_labels.pairs()) {
    Require(tallybell::IsLabelName(name));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tallybell::Diagnostics diagnostics;
  const Configuration configuration =
      tallybell::LoadConfiguration("/etc/tallybell/t.yaml", text, &diagnostics);
  for (const tallybell::Diagnostic& diagnostic : diagnostics.all()) {
    Require(diagnostic.place.line >= 0 && diagnostic.place.column >= 0);
    Require(diagnostic.place.file == "/etc/tallybell/t.yaml" && !diagnostic.message.empty());
  }
  if (!diagnostics.HasErrors()) CheckWhole(configuration);
  return 0;
}
