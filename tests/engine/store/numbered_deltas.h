// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_STORE_NUMBERED_DELTAS_H_
#define TALLYBELL_TESTS_ENGINE_STORE_NUMBERED_DELTAS_H_

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/store/store.h"

namespace tallybell {

inline constexpr TimeNs kDeltaTime = 1'700'000'000 * kSecond;
inline constexpr int kDeltaGroups = 4;

// The n-th transaction, from 1 on: the same number in every table, and `bytes` of state in each
// group.
inline Delta NthDelta(int n, size_t bytes = 300) {
  Delta delta;
  delta.positions = {{"file", absl::StrCat(n)}};
  delta.rules = {{"rule", absl::StrCat(n)}};
  for (int i = 0; i < kDeltaGroups; ++i) {
    delta.groups.push_back({"rule", absl::StrCat(i), absl::StrCat(n, std::string(bytes, 'x'))});
  }
  delta.outbox = {{"am", n, "f", absl::StrCat(n)}};
  delta.history = {{kDeltaTime, "f", absl::StrCat(n), "", "", ""}};
  return delta;
}

// The number of the last of them that is there; -1 if the tables disagree, or if one of them was
// written twice or not at all.
inline int LastDelta(Store* store) {
  const auto all = store->Load();
  const auto history = store->History(100'000);
  if (!all.ok() || !history.ok()) return -1;
  if (all->positions.empty()) {
    return all->groups.empty() && all->outbox.empty() && history->empty() ? 0 : -1;
  }
  int n = -1;
  if (!absl::SimpleAtoi(all->positions[0].state, &n)) return -1;
  if (all->rules.size() != 1 || all->rules[0].state != all->positions[0].state) return -1;
  if (all->groups.size() != kDeltaGroups) return -1;
  for (const GroupRow& row : all->groups) {
    if (row.state.substr(0, row.state.find('x')) != absl::StrCat(n)) return -1;
  }
  if (static_cast<int>(all->outbox.size()) != n || static_cast<int>(history->size()) != n) {
    return -1;
  }
  for (int i = 0; i < n; ++i) {
    if ((*history)[i].kind != absl::StrCat(n - i)) return -1;
  }
  return n;
}

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_STORE_NUMBERED_DELTAS_H_
