// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/group_key.h"

#include <algorithm>

namespace tallybell {
namespace {

constexpr char kEnd = '\xff';

}  // namespace

void AppendToGroupKey(absl::string_view value, std::string* key) {
  char ended[64];
  if (value.size() < sizeof(ended)) {
    std::copy(value.begin(), value.end(), ended);
    ended[value.size()] = kEnd;
    key->append(ended, value.size() + 1);
    return;
  }
  key->append(value.data(), value.size());
  key->push_back(kEnd);
}

std::string GroupKey(absl::Span<const std::string> by_values) {
  std::string key;
  for (const std::string& value : by_values) AppendToGroupKey(value, &key);
  return key;
}

std::vector<std::string> GroupKeyValues(absl::string_view key) {
  std::vector<std::string> values;
  while (!key.empty()) {
    const size_t end = key.find(kEnd);
    values.emplace_back(key.substr(0, end));
    key.remove_prefix(end + 1);
  }
  return values;
}

}  // namespace tallybell
