// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "sinks/alerta.h"

namespace tallybell {
namespace {

struct Word {
  absl::string_view ours;
  absl::string_view alerta;
};

// Alerta closes an alert that it is told is "normal", "ok" or "cleared", and answers 500 to a word
// that it does not know.
constexpr Word kWords[] = {
    {"security", "security"},
    {"critical", "critical"},
    {"major", "major"},
    {"minor", "minor"},
    {"warning", "warning"},
    {"indeterminate", "indeterminate"},
    {"informational", "informational"},
    {"debug", "debug"},
    {"trace", "trace"},
    {"unknown", "unknown"},
    {"page", "critical"},
    {"crit", "critical"},
    {"fatal", "critical"},
    {"alert", "critical"},
    {"emergency", "critical"},
    {"emerg", "critical"},
    {"disaster", "critical"},
    {"panic", "critical"},
    {"p1", "critical"},
    {"error", "major"},
    {"err", "major"},
    {"high", "major"},
    {"severe", "major"},
    {"p2", "major"},
    {"average", "minor"},
    {"medium", "minor"},
    {"p3", "minor"},
    {"warn", "warning"},
    {"low", "warning"},
    {"ticket", "warning"},
    {"p4", "warning"},
    {"info", "informational"},
    {"information", "informational"},
    {"notice", "informational"},
    {"normal", "informational"},
    {"ok", "informational"},
    {"cleared", "informational"},
    {"p5", "informational"},
};

}  // namespace

std::string AlertaSeverity(absl::string_view word, const std::map<std::string, std::string>& own) {
  const auto it = own.find(std::string(word));
  if (it != own.end()) word = it->second;
  const std::string lower = absl::AsciiStrToLower(word);
  const Word* known = std::find_if(std::begin(kWords), std::end(kWords),
                                   [&](const Word& w) { return w.ours == lower; });
  return std::string(known == std::end(kWords) ? "indeterminate" : known->alerta);
}

}  // namespace tallybell
