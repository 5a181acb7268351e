// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/log.h"

#include <time.h>
#include <unistd.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "engine/base/time_ns.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// Bytes. What is longer says no more to a person, and a pipe takes short lines in one piece.
constexpr size_t kMaxValue = 1024;

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};

absl::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "info";
}

bool IsBare(absl::string_view value) {
  if (value.empty()) return false;
  for (const unsigned char c : value) {
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void AppendValue(absl::string_view value, std::string* line) {
  if (IsBare(value) && value.size() <= kMaxValue) {
    absl::StrAppend(line, value);
  } else if (value.size() <= kMaxValue) {
    AppendQuoted(value, line);
  } else {
    AppendQuoted(absl::StrCat(Utf8Truncate(value, kMaxValue), "..."), line);
  }
}

}  // namespace

void Log(LogLevel level, absl::string_view message, std::initializer_list<LogField> fields) {
  if (level < minimum_level.load(std::memory_order_relaxed)) return;
  // The log's own stamp is the one instant that is not an argument: it says when a message was
  // written, and nothing is decided by it.
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  std::string line = absl::StrCat("ts=", FormatRfc3339Millis(now.tv_sec * kSecond + now.tv_nsec),
                                  " level=", LevelName(level), " msg=");
  AppendValue(message, &line);
  for (const LogField& field : fields) {
    absl::StrAppend(&line, " ", field.first, "=");
    AppendValue(field.second, &line);
  }
  line.push_back('\n');
  // There is nowhere to report a failure to write the report.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void SetLogLevel(LogLevel level) { minimum_level = level; }

}  // namespace tallybell
