// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/field_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tallybell {

std::string FieldName(absl::string_view name) {
  std::string spelled(name);
  for (char& c : spelled) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return spelled;
}

WantedFields WantedFields::All() {
  WantedFields fields;
  fields.all_ = true;
  return fields;
}

void WantedFields::Add(absl::string_view name) {
  const std::string spelled = FieldName(name);
  sizes_ |= SizeBit(spelled.size());
  for (size_t i = 0; i < spelled.size(); ++i) {
    if (spelled[i] == '_') sizes_ |= SizeBit(i);
  }
  names_.insert(spelled);
}

bool WantedFields::HasWithin(absl::string_view prefix) const {
  if (all_) return true;
  // The names that begin with `prefix` stand together, but one with a lower byte than `_` after it
  // may come first.
  for (auto it = names_.lower_bound(prefix); it != names_.end(); ++it) {
    if (!absl::StartsWith(*it, prefix)) return false;
    if (it->size() > prefix.size() && (*it)[prefix.size()] == '_') return true;
  }
  return false;
}

}  // namespace tallybell
