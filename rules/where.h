// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_WHERE_H_
#define TALLYBELL_RULES_WHERE_H_

#include <memory>
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// A condition on a record's fields: severity >= warning and file != "noise.go". Immutable and
// thread-safe. What the operators mean is in docs/rules.md, "where".
class Where {
 public:
  // The value of a field; the empty string where a record has none.
  using Lookup = absl::FunctionRef<absl::string_view(absl::string_view name)>;

  // InvalidArgument with what is wrong and at which byte of `text`.
  static absl::StatusOr<Where> Parse(absl::string_view text);

  bool Holds(Lookup lookup) const;

  // One text for all spellings that mean the same comparison: spaces, quotes and needless brackets
  // do not show.
  std::string ToString() const;

  // Names of the fields that it reads.
  const std::set<std::string>& fields() const { return fields_; }

  // In rules/where_tree.h; for this room alone.
  struct Node;

 private:
  friend class WhereParser;

  std::shared_ptr<const Node> root_;
  std::set<std::string> fields_;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_WHERE_H_
