// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_OUTBOX_RANKED_SET_H_
#define TALLYBELL_ENGINE_OUTBOX_RANKED_SET_H_

#include <cstddef>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace tallybell {

// Things with a rank each; the least is at hand, and a rank may change. Every call costs the
// logarithm of their number. Not thread-safe.
template <typename Thing, typename Rank>
class RankedSet {
 public:
  void Put(const Thing& thing, const Rank& rank) {
    const auto [it, is_new] = ranks_.try_emplace(thing, rank);
    if (!is_new) {
      if (it->second == rank) return;
      order_.erase({it->second, thing});
      it->second = rank;
    }
    order_.insert({rank, thing});
  }

  void Remove(const Thing& thing) {
    const auto it = ranks_.find(thing);
    if (it == ranks_.end()) return;
    order_.erase({it->second, thing});
    ranks_.erase(it);
  }

  bool empty() const { return order_.empty(); }
  size_t size() const { return order_.size(); }

  // The least rank and its thing. Not of an empty set.
  const std::pair<Rank, Thing>& Least() const { return *order_.begin(); }

 private:
  absl::flat_hash_map<Thing, Rank> ranks_;
  std::set<std::pair<Rank, Thing>> order_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_OUTBOX_RANKED_SET_H_
