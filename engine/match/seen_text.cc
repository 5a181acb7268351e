// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/seen_text.h"

#include "engine/frame/docker_line.h"
#include "engine/frame/line_text.h"

namespace tallybell {

void AppendSeenText(ScanEnvelope envelope, absl::string_view line, std::string* scratch,
                    std::string* out) {
  DockerLine docker;
  // Of what a broken envelope holds, the line itself is the text.
  if (envelope == ScanEnvelope::kDocker && ScanDockerLine(line, &docker, scratch) &&
      (docker.has_log || docker.has_time)) {
    return AppendLineText(docker.log, out);
  }
  AppendLineText(line, out);
}

}  // namespace tallybell
