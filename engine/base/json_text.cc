// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/json_text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

constexpr int64_t kFreeKeys = 64;             // an object of so many costs nothing worth counting
constexpr int64_t kMaxKeySteps = 20'000'000;  // comparisons of keys; one object of some 6,000

bool IsStart(Json::parse_event_t event) {
  return event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
}

}  // namespace

std::string DumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<Json> ParseJson(absl::string_view text, int max_depth) {
  // An object that keeps its keys' order is searched key by key when one is put in: without a
  // bound, a megabyte of short keys would take minutes.
  int64_t key_steps = kMaxKeySteps;
  bool too_deep = false;
  std::vector<int64_t> keys;  // so far, of the object at each depth
  const auto guard = [&](int depth, Json::parse_event_t event, Json&) {
    too_deep = too_deep || (IsStart(event) && depth >= max_depth);
    if (too_deep || key_steps < 0) return false;
    if (event == Json::parse_event_t::object_start) {
      keys.resize(std::max(keys.size(), static_cast<size_t>(depth) + 1));
      keys[depth] = 0;
    } else if (event == Json::parse_event_t::key) {
      key_steps -= std::max<int64_t>(keys[depth - 1]++ - kFreeKeys, 0);
    }
    return key_steps >= 0;
  };
  Json value = Json::parse(text.begin(), text.end(), guard, /*allow_exceptions=*/false);
  if (too_deep) {
    return absl::InvalidArgumentError(absl::StrCat("JSON nested deeper than ", max_depth));
  }
  if (key_steps < 0) return absl::InvalidArgumentError("JSON with too many keys in one object");
  if (value.is_discarded()) return absl::InvalidArgumentError("not JSON");
  return value;
}

}  // namespace tallybell
