// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/caller.h"

namespace tallybell {
namespace {

// Where the colon before the number stands; npos if `text` is no caller.
size_t ColonOf(absl::string_view text) {
  const size_t colon = text.find_last_not_of("0123456789");
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == text.size() ||
      text[colon] != ':' || text.find_first_of(" \t\"") != absl::string_view::npos) {
    return absl::string_view::npos;
  }
  return colon;
}

}  // namespace

bool IsCaller(absl::string_view text) { return ColonOf(text) != absl::string_view::npos; }

void AddCaller(absl::string_view caller, Fields* fields) {
  const size_t colon = ColonOf(caller);
  if (colon != absl::string_view::npos) {
    const absl::string_view file = caller.substr(0, colon);
    fields->Add("file", file.substr(file.rfind('/') + 1));
    fields->Add("line", caller.substr(colon + 1));
  }
  fields->Add("caller", caller);
}

}  // namespace tallybell
