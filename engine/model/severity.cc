// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/severity.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tallybell {
namespace {

// Up to eight characters as one number, so that the compiler can search among words.
constexpr uint64_t Packed(absl::string_view word) {
  uint64_t packed = 0;
  for (const char c : word) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}

constexpr size_t kPackable = 8;

// Of words that are longer than that.
Severity SeverityFromLongWord(absl::string_view word) {
  if (absl::EqualsIgnoreCase(word, "emergency")) return Severity::kFatal;
  if (absl::EqualsIgnoreCase(word, "information")) return Severity::kInfo;
  if (absl::EqualsIgnoreCase(word, "informational")) return Severity::kInfo;
  return Severity::kUnknown;
}

}  // namespace

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
  if (word.size() > kPackable) return SeverityFromLongWord(word);
  uint64_t packed = 0;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return Severity::kUnknown;  // in front it would not count
    packed = packed << 8 | static_cast<unsigned char>(absl::ascii_tolower(byte));
  }
  switch (packed) {
    case Packed("t"):
    case Packed("trace"):
    case Packed("verbose"):
    case Packed("finest"):
    case Packed("finer"):
    case Packed("fine"):
    case Packed("d"):
    case Packed("debug"):
      return Severity::kDebug;
    case Packed("i"):
    case Packed("info"):
    case Packed("n"):
    case Packed("notice"):
      return Severity::kInfo;
    case Packed("w"):
    case Packed("warn"):
    case Packed("warning"):
      return Severity::kWarning;
    case Packed("e"):
    case Packed("err"):
    case Packed("error"):
    case Packed("severe"):
      return Severity::kError;
    case Packed("f"):
    case Packed("fatal"):
    case Packed("c"):
    case Packed("crit"):
    case Packed("critical"):
    case Packed("alert"):
    case Packed("emerg"):
    case Packed("panic"):
    case Packed("dpanic"):
      return Severity::kFatal;
    default:
      return Severity::kUnknown;
  }
}

}  // namespace tallybell
