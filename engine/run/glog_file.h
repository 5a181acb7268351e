// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_GLOG_FILE_H_
#define TALLYBELL_ENGINE_RUN_GLOG_FILE_H_

#include <optional>
#include <string>

#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// What the name of a file that glog writes says. A link like anka_agent.INFO says nothing; the name
// of its target does.
struct GlogFile {
  std::string host;
  std::string program;  // directory, program, host and user: the same for its severity files
  Severity severity = Severity::kUnknown;
  Stamp created;

  // Follows the links of `path`. nullopt if glog gives no such name.
  static std::optional<GlogFile> Identify(const std::string& path);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_GLOG_FILE_H_
