// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// tallybell's own log: one line a message on stderr, in logfmt.
//
// Values are escaped and cut at 1 KiB, so that nothing read from a log can forge a line or reach
// the terminal as a control sequence. Messages are about tallybell, never about what it reads: no
// log line and no pattern of a rule is ever written here.
#ifndef TALLYBELL_ENGINE_BASE_LOG_H_
#define TALLYBELL_ENGINE_BASE_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tallybell {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

using LogField = std::pair<absl::string_view, std::string>;

// Writes one line: level=warn msg="sink is down" sink=alertmanager err="connection refused".
// Thread-safe; a line is written with one call and never interleaved.
void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields = {});

inline void LogInfo(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, message, fields);
}
inline void LogWarn(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, message, fields);
}
inline void LogError(absl::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, message, fields);
}

// Messages below `level` are not written. Default: kInfo.
void SetLogLevel(LogLevel level);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_LOG_H_
