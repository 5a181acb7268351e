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
// Beyond kMaxDiagnostics only their number is kept: nobody reads further, and a hostile file could
// have a fault in every other byte. Not thread-safe.
class Diagnostics {
 public:
  static constexpr size_t kMaxDiagnostics = 1000;

  void Add(Diagnostic diagnostic);
  const std::vector<Diagnostic>& all() const { return all_; }
  // Of those not kept, too.
  size_t error_count() const { return error_count_; }
  bool HasErrors() const { return error_count_ > 0; }
  // Whether what is added from now on is not kept.
  bool full() const { return all_.size() >= kMaxDiagnostics; }

  // Adds all of `others`, in their order.
  void Append(Diagnostics others);

  // Puts those from the `first` on into the order of their lines and columns.
  void SortFrom(size_t first);

  // One a line: "rules.yaml:14:9: error: group a > alert B > when: ... (advice)".
  std::string ToString() const;

 private:
  std::vector<Diagnostic> all_;
  size_t error_count_ = 0;
  size_t not_kept_ = 0;
};

// The candidate that is nearest to `word` by edit distance, or an empty string if none is near.
std::string NearestWord(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_DIAGNOSTICS_H_
