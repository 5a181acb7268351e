// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_DIAGNOSTICS_H_
#define TALLYBELL_RULES_DIAGNOSTICS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tallybell {

// A place in a file that a person wrote. Lines and columns count from 1; 0 is "the whole file".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

// One fault, or one thing worth saying, with its place.
struct Diagnostic {
  enum class Kind { kError, kWarning };
  Kind kind = Kind::kError;
  Place place;
  // From the outermost: "group anka-node > alert AnkaVmStartFailing > when"; may be empty.
  std::string chain;
  std::string message;
  std::string advice;  // "did you mean ...?"; may be empty
};

// Everything that is wrong with the files of one load, so that a person mends all of it at once.
// Not thread-safe.
class Diagnostics {
 public:
  void Add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }
  const std::vector<Diagnostic>& all() const { return all_; }
  bool HasErrors() const;

  // Puts those from the `first` on into the order of their lines and columns.
  void SortFrom(size_t first);

  // One a line: "rules.yaml:14:9: error: group a > alert B > when: ... (advice)".
  std::string ToString() const;

 private:
  std::vector<Diagnostic> all_;
};

// The candidate that is nearest to `word` by edit distance, or an empty string if none is near.
std::string NearestWord(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_DIAGNOSTICS_H_
