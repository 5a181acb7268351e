// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How the fields of a line are named, and which of them anyone wants.
#ifndef TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_
#define TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// The one spelling of a field's name: what cannot stand in a label's name becomes `_`, so that
// `request.id`, `request-id` and `id` within `request` are all found as written in a label:
// docs/formats.md, "Fields".
std::string FieldName(absl::string_view name);

// The fields that rules ask for. Formats in which finding a field costs something look for no
// other ones. Immutable once it is filled, and then thread-safe.
class WantedFields {
 public:
  WantedFields() = default;

  // Every field there is, for showing a line to a person.
  static WantedFields All();

  // `name` in any spelling.
  void Add(absl::string_view name) { names_.insert(FieldName(name)); }

  bool all() const { return all_; }
  bool empty() const { return !all_ && names_.empty(); }
  // `name` as FieldName writes it.
  bool Has(absl::string_view name) const { return all_ || names_.find(name) != names_.end(); }
  // Whether some wanted name begins with `prefix` and goes on with `_`: a look into the object of
  // that name may be worth it.
  bool HasWithin(absl::string_view prefix) const;

 private:
  bool all_ = false;
  std::set<std::string, std::less<>> names_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_
