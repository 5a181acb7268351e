// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/match/group_key.h"

namespace tallybell {
namespace {

constexpr char kEnd = '\xff';

}  // namespace

void AppendToGroupKey(absl::string_view value, std::string* key) {
  const size_t begin = key->size();
  key->append(value.size() + 1, kEnd);
  value.copy(key->data() + begin, value.size());
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
