// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/delta_merge.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"

namespace tallybell {
namespace {

template <typename T>
void MoveBehind(std::vector<T> later, std::vector<T>* items) {
  if (items->empty()) {
    *items = std::move(later);
  } else {
    items->insert(items->end(), std::make_move_iterator(later.begin()),
                  std::make_move_iterator(later.end()));
  }
}

// `key` gives views into a row, which stays where it is until all are seen.
template <typename Row, typename Key>
void KeepLast(std::vector<Row>* rows, Key key) {
  if (rows->size() < 2) return;
  absl::flat_hash_set<decltype(key(rows->front()))> seen;
  std::vector<bool> keep(rows->size());
  for (size_t i = rows->size(); i-- > 0;) keep[i] = seen.insert(key((*rows)[i])).second;
  if (seen.size() == rows->size()) return;
  size_t out = 0;
  for (size_t i = 0; i < rows->size(); ++i) {
    if (!keep[i]) continue;
    if (out != i) (*rows)[out] = std::move((*rows)[i]);
    ++out;
  }
  rows->resize(out);
}

std::pair<absl::string_view, int64_t> OutboxKey(const OutboxRow& row) {
  return {row.receiver, row.id};
}

}  // namespace

void MergeDelta(Delta later, Delta* delta) {
  absl::flat_hash_set<absl::string_view> erased;
  for (const RuleRow& row : later.rules) {
    if (row.erased) erased.insert(row.rule);
  }
  if (!erased.empty()) {
    const auto gone = [&](const GroupRow& row) { return erased.contains(row.rule); };
    delta->groups.erase(std::remove_if(delta->groups.begin(), delta->groups.end(), gone),
                        delta->groups.end());
  }
  MoveBehind(std::move(later.positions), &delta->positions);
  MoveBehind(std::move(later.rules), &delta->rules);
  MoveBehind(std::move(later.groups), &delta->groups);
  MoveBehind(std::move(later.outbox), &delta->outbox);
  MoveBehind(std::move(later.history), &delta->history);
  MoveBehind(std::move(later.committed), &delta->committed);
  delta->urgent = delta->urgent || later.urgent;
}

void KeepLastRows(Delta* delta) {
  KeepLast(&delta->positions, [](const PositionRow& row) { return absl::string_view(row.source); });
  KeepLast(&delta->groups, [](const GroupRow& row) {
    return std::pair<absl::string_view, absl::string_view>(row.rule, row.group);
  });
  KeepLast(&delta->outbox, OutboxKey);
}

bool IsAcknowledgement(const Delta& delta) {
  return delta.positions.empty() && delta.rules.empty() && delta.groups.empty();
}

void YieldRows(const Delta& later, Delta* earlier) {
  if (later.outbox.empty()) return;
  absl::flat_hash_set<std::pair<absl::string_view, int64_t>> keys;
  for (const OutboxRow& row : later.outbox) keys.insert(OutboxKey(row));
  std::erase_if(earlier->outbox,
                [&](const OutboxRow& row) { return keys.contains(OutboxKey(row)); });
}

}  // namespace tallybell
