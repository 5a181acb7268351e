// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_STREAM_OPTIONS_H_
#define TALLYBELL_ENGINE_CLI_STREAM_OPTIONS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/cli/arguments.h"
#include "engine/model/labels.h"

namespace tallybell {

// What a command line says of the logs that it names: --label, --format, --year, --timezone.
struct StreamOptions {
  Labels labels;
  std::string format = "auto";
  int first_year = 0;  // of the first record; 0: to be found out
  std::optional<absl::TimeZone> zone;

  // InvalidArgument with a sentence for people.
  static absl::StatusOr<StreamOptions> Read(const Arguments& arguments);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_STREAM_OPTIONS_H_
