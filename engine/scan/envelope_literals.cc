// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/envelope_literals.h"

#include <algorithm>
#include <utility>

namespace tallybell {

std::vector<ScanLiteral> LiteralsUnder(ScanEnvelope envelope, const ScanLiteral& literal) {
  // As it is, too: a line that does not wear the envelope is matched as it was written.
  std::vector<ScanLiteral> literals = {literal};
  if (envelope != ScanEnvelope::kDocker) return literals;
  ScanLiteral escaped = {"", literal.ignore_case};
  for (const char c : literal.text) {
    if (c == '"' || c == '\\') escaped.text += '\\';
    escaped.text += c;
  }
  if (escaped.text != literal.text) literals.push_back(std::move(escaped));
  return literals;
}

std::vector<ScanLiteral> EscapesOf(ScanEnvelope envelope,
                                   const std::vector<ScanLiteral>& literals) {
  if (envelope != ScanEnvelope::kDocker || literals.empty()) return {};
  std::vector<ScanLiteral> escapes = {{"\\u", false}};
  const auto any_holds = [&literals](char c) {
    return std::any_of(literals.begin(), literals.end(), [c](const ScanLiteral& literal) {
      return literal.text.find(c) != std::string::npos;
    });
  };
  if (any_holds('/')) escapes.push_back({"\\/", false});
  if (any_holds('\t')) escapes.push_back({"\\t", false});
  return escapes;
}

}  // namespace tallybell
