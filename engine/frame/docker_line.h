// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The line format of Docker's json-file driver. Scanned by hand: the object is flat and nearly
// always in one shape, and its text is handed on without a copy.
#ifndef TALLYBELL_ENGINE_FRAME_DOCKER_LINE_H_
#define TALLYBELL_ENGINE_FRAME_DOCKER_LINE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// What the driver wrote, not yet interpreted.
struct DockerLine {
  absl::string_view log;     // decoded, without the newline at its end
  absl::string_view stream;  // as written between the quotes
  absl::string_view time;    // likewise
  bool has_log = false;
  bool has_time = false;
  bool ends_line = false;  // `log` had a newline at its end
};

// Reads one JSON object. Keys may come in any order, unknown ones are passed over whatever they
// hold; of a key that comes twice the last one counts. `log` is a view of `line`, or of `*scratch`
// where it has escapes before the newline at its end. False if `line` is not such an object.
bool ScanDockerLine(absl::string_view line, DockerLine* docker, std::string* scratch);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_DOCKER_LINE_H_
