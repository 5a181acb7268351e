// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// How the fields of a line are named, and which of them anyone wants.
#ifndef TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_
#define TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// The one spelling of a field's name: what cannot stand in a label's name becomes `_`, so that
// `request.id`, `request-id` and `id` within `request` are all found as written in a label:
// docs/formats.md, "Fields". It has as many bytes as `name`.
std::string FieldName(absl::string_view name);

// The fields that rules ask for. Formats in which finding a field costs something look for no
// other ones. Immutable once it is filled, and then thread-safe.
class WantedFields {
 public:
  WantedFields() = default;

  // Every field there is, for showing a line to a person.
  static WantedFields All();

  // `name` in any spelling.
  void Add(absl::string_view name);

  bool all() const { return all_; }
  bool empty() const { return !all_ && names_.empty(); }
  // `name` as FieldName writes it.
  bool Has(absl::string_view name) const {
    return all_ || (MayHave(name.size()) && names_.find(name) != names_.end());
  }
  // Whether some wanted name begins with `prefix` and goes on with `_`: a look into the object of
  // that name may be worth it.
  bool HasWithin(absl::string_view prefix) const;
  // Whether Has or HasWithin may be true of a name of so many bytes: most that no rule asks for are
  // told by that.
  bool MayHave(size_t size) const { return all_ || (sizes_ & SizeBit(size)) != 0; }

 private:
  static uint64_t SizeBit(size_t size) { return uint64_t{1} << std::min<size_t>(size, 63); }

  bool all_ = false;
  uint64_t sizes_ = 0;  // SizeBit of each name, and of what stands before each `_` of it
  std::set<std::string, std::less<>> names_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_FIELD_NAME_H_
