// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/severity.h"

#include "absl/strings/match.h"

namespace tallybell {

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kUnknown:
      return "unknown";
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
    case Severity::kFatal:
      return "fatal";
  }
  return "unknown";
}

Severity SeverityFromWord(absl::string_view word) {
  struct Word {
    absl::string_view word;
    Severity severity;
  };
  static constexpr Word kWords[] = {
      {"i", Severity::kInfo},
      {"w", Severity::kWarning},
      {"e", Severity::kError},
      {"f", Severity::kFatal},
      {"d", Severity::kDebug},
      {"t", Severity::kDebug},
      {"n", Severity::kInfo},
      {"c", Severity::kFatal},
      {"info", Severity::kInfo},
      {"warning", Severity::kWarning},
      {"warn", Severity::kWarning},
      {"error", Severity::kError},
      {"fatal", Severity::kFatal},
      {"debug", Severity::kDebug},
      {"trace", Severity::kDebug},
      {"notice", Severity::kInfo},
      {"critical", Severity::kFatal},
      {"crit", Severity::kFatal},
      {"err", Severity::kError},
      {"panic", Severity::kFatal},
      {"dpanic", Severity::kFatal},
      {"alert", Severity::kFatal},
      {"emerg", Severity::kFatal},
      {"emergency", Severity::kFatal},
      {"informational", Severity::kInfo},
  };
  for (const Word& known : kWords) {
    if (absl::EqualsIgnoreCase(word, known.word)) return known.severity;
  }
  return Severity::kUnknown;
}

}  // namespace tallybell
