// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MATCH_RECORD_VALUES_H_
#define TALLYBELL_ENGINE_MATCH_RECORD_VALUES_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "engine/model/record.h"
#include "rules/pattern.h"

namespace tallybell {

// The names that a rule can ask for while it looks at one record, and their values: stream labels,
// named groups of the pattern that matched, and fields (docs/semantics.md, "Which records count").
// Views of the record, which outlives it. Used by one thread at a time.
class RecordValues {
 public:
  explicit RecordValues(const Record* record) : record_(record) {}

  // Whether one of `patterns` finds something in the record's text; where the first one does, and
  // its named groups, are then known.
  bool FindFirst(const std::vector<Pattern>& patterns);

  // What FindFirst found last; empty before that.
  absl::string_view match() const { return match_; }

  // The named groups of `other` are asked before those of this one.
  void PreferCapturesOf(const RecordValues& other);
  void ForgetCaptures() { captures_.clear(); }

  // The value of a name in `where`: a field, else a named group, else a stream label. Empty where
  // there is none.
  absl::string_view ForWhere(absl::string_view name) const;
  // The value of a name in `by`: a stream label, else a named group, else a field.
  absl::string_view ForBy(absl::string_view name) const;

 private:
  absl::string_view Capture(absl::string_view name) const;
  absl::string_view FieldOf(absl::string_view name) const;

  const Record* record_;
  absl::string_view match_;
  Captures captures_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MATCH_RECORD_VALUES_H_
