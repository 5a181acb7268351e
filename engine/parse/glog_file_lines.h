// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What glog says about a file in its first and last lines and in its name, outside of any record.
#ifndef TALLYBELL_ENGINE_PARSE_GLOG_FILE_LINES_H_
#define TALLYBELL_ENGINE_PARSE_GLOG_FILE_LINES_H_

#include "absl/strings/string_view.h"
#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// One such line. The views are into it.
struct GlogFileLine {
  enum class Kind {
    kCreated,      // Log file created at: 2021/03/04 01:42:32
    kMachine,      // Running on machine: Mac-mini
    kBinary,       // Binary: Built with gc go1.14.3 for darwin/amd64
    kDuration,     // Running duration (h:mm:ss): 0:00:00
    kPreviousLog,  // Previous log: <none>
    kLineFormat,   // Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg
    kNextLog,      // Next log: /path
    kContinued,    // CONTINUED IN NEXT FILE
  };
  Kind kind = Kind::kCreated;
  Stamp created;                // of kCreated: local to the writer unless it says UTC
  absl::string_view host;       // of kMachine
  absl::string_view path;       // of kPreviousLog and kNextLog
  bool year_in_prefix = false;  // of kLineFormat: dates have eight digits
};

// Whether `text` is a line that begins or ends a glog file, not one of a record. Thread-safe.
bool ParseGlogFileLine(absl::string_view text, GlogFileLine* line);

// What the name of a glog file says: anka_agent.Mac-mini.root.log.INFO.20210304-014232.1280, which
// is <program>.<host>.<user>.log.<severity>.<stamp>.<pid>. The views are into the name.
struct GlogFileName {
  absl::string_view program;
  absl::string_view host;  // up to its first dot
  absl::string_view user;
  Severity severity = Severity::kUnknown;
  Stamp created;  // local to the writer
  absl::string_view pid;
};

// Reads a file's name or path. False if it is not a name that glog gives. Thread-safe.
bool ParseGlogFileName(absl::string_view path, GlogFileName* name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_GLOG_FILE_LINES_H_
