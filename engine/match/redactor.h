// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_REDACTOR_H_
#define TALLYBELL_ENGINE_MATCH_REDACTOR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/pattern.h"

namespace tallybell {

// Takes out of a text what must be neither stored nor sent. Patterns of rules see the line as it
// is; only what leaves matching goes through here. Immutable and thread-safe.
class Redactor {
 public:
  Redactor() = default;
  explicit Redactor(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {}

  static constexpr absl::string_view kReplacement = "[redacted]";

  // `text` with every match of every pattern replaced.
  std::string Redact(absl::string_view text) const;

  bool empty() const { return patterns_.empty(); }

 private:
  std::vector<Pattern> patterns_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_REDACTOR_H_
