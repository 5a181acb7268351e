// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/aho_corasick.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"

namespace tallybell {
namespace {

uint8_t Fold(char c) {
  return static_cast<uint8_t>(absl::ascii_tolower(static_cast<unsigned char>(c)));
}

}  // namespace

// The literals' prefixes, numbered as they come.
struct AhoCorasick::Trie {
  struct Edge {
    uint32_t from;
    uint32_t to;
    uint8_t byte_class;
  };

  uint32_t states = 1;
  std::vector<Edge> edges;            // every state but the root has one into it, in order
  std::vector<uint32_t> end_of;       // of each literal
  std::vector<uint32_t> depth = {0};  // of each state
  absl::flat_hash_map<uint64_t, uint32_t> child;

  uint32_t Extend(uint32_t state, uint8_t byte_class) {
    const auto [it, inserted] = child.try_emplace(uint64_t{state} << 8 | byte_class, states);
    if (inserted) {
      edges.push_back({state, states, byte_class});
      depth.push_back(depth[state] + 1);
      ++states;
    }
    return it->second;
  }
};

AhoCorasick::AhoCorasick(std::vector<ScanLiteral> literals, std::vector<uint32_t> ids,
                         size_t max_table_bytes)
    : literals_(std::move(literals)), ids_(std::move(ids)) {
  BuildClasses();
  Trie trie;
  for (const ScanLiteral& literal : literals_) {
    uint32_t state = kRoot;
    for (const char c : literal.text) state = trie.Extend(state, class_of_[Fold(c)]);
    trie.end_of.push_back(state);
  }
  // order[i] is the trie's number of the i-th state by depth, place the reverse.
  std::vector<uint32_t> order(trie.states);
  std::vector<uint32_t> place(trie.states);
  for (uint32_t i = 0; i < trie.states; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&trie](uint32_t a, uint32_t b) { return trie.depth[a] < trie.depth[b]; });
  for (uint32_t i = 0; i < trie.states; ++i) place[order[i]] = i;

  BuildEnds(trie, order, place);
  BuildEdges(trie, order, place);
  BuildSuffixes();
  BuildRows(max_table_bytes);
}

void AhoCorasick::BuildClasses() {
  class_of_.fill(0);
  leaves_root_.fill(false);
  std::array<bool, 256> used = {};
  for (const ScanLiteral& literal : literals_) {
    for (const char c : literal.text) used[Fold(c)] = true;
  }
  // At most 230 folded bytes exist, so that class 0 stays free for the rest.
  for (int byte = 0; byte < 256; ++byte) {
    if (used[byte]) class_of_[byte] = static_cast<uint8_t>(class_count_++);
  }
  for (int upper = 'A'; upper <= 'Z'; ++upper) class_of_[upper] = class_of_[upper - 'A' + 'a'];
}

void AhoCorasick::BuildEnds(const Trie& trie, const std::vector<uint32_t>& order,
                            const std::vector<uint32_t>& place) {
  std::vector<uint32_t> by_state(literals_.size());
  for (uint32_t i = 0; i < by_state.size(); ++i) by_state[i] = i;
  std::stable_sort(by_state.begin(), by_state.end(), [&](uint32_t a, uint32_t b) {
    return place[trie.end_of[a]] < place[trie.end_of[b]];
  });
  size_t next = 0;
  for (uint32_t state = 0; state < order.size(); ++state) {
    end_begin_.push_back(static_cast<uint32_t>(next));
    while (next < by_state.size() && place[trie.end_of[by_state[next]]] == state) ++next;
  }
  end_begin_.push_back(static_cast<uint32_t>(next));
  end_literal_ = std::move(by_state);
}

void AhoCorasick::BuildEdges(const Trie& trie, const std::vector<uint32_t>& order,
                             const std::vector<uint32_t>& place) {
  std::vector<Trie::Edge> edges = trie.edges;
  for (Trie::Edge& edge : edges) {
    edge.from = place[edge.from];
    edge.to = place[edge.to];
  }
  std::sort(edges.begin(), edges.end(), [](const Trie::Edge& a, const Trie::Edge& b) {
    return a.from != b.from ? a.from < b.from : a.byte_class < b.byte_class;
  });
  size_t next = 0;
  for (uint32_t state = 0; state < order.size(); ++state) {
    edge_begin_.push_back(static_cast<uint32_t>(next));
    for (; next < edges.size() && edges[next].from == state; ++next) {
      edge_class_.push_back(edges[next].byte_class);
      edge_to_.push_back(edges[next].to);
    }
  }
  edge_begin_.push_back(static_cast<uint32_t>(next));
}

// By depth, so that a state's suffixes are known before the state is.
void AhoCorasick::BuildSuffixes() {
  const size_t states = edge_begin_.size() - 1;
  suffix_.assign(states, kRoot);
  end_link_.assign(states, kNone);
  for (uint32_t state = 0; state < states; ++state) {
    for (uint32_t e = edge_begin_[state]; e < edge_begin_[state + 1]; ++e) {
      const uint32_t to = edge_to_[e];
      uint32_t suffix = state;
      uint32_t target = kNone;
      while (suffix != kRoot && target == kNone) {
        suffix = suffix_[suffix];
        target = OwnEdge(suffix, edge_class_[e]);
      }
      suffix_[to] = target == kNone ? kRoot : target;
    }
    const uint32_t suffix = suffix_[state];
    end_link_[state] = end_begin_[suffix] != end_begin_[suffix + 1] ? suffix : end_link_[suffix];
  }
  for (uint32_t& to : edge_to_) {
    if (end_begin_[to] != end_begin_[to + 1] || end_link_[to] != kNone) to |= kEnds;
  }
}

void AhoCorasick::BuildRows(size_t max_table_bytes) {
  const size_t states = edge_begin_.size() - 1;
  const size_t fit = max_table_bytes / (class_count_ * sizeof(uint32_t));
  row_count_ = static_cast<uint32_t>(std::min(states, std::max<size_t>(fit, 1)));
  row_.assign(size_t{row_count_} * class_count_, kRoot);
  for (uint32_t state = 0; state < row_count_; ++state) {
    uint32_t* const row = &row_[size_t{state} * class_count_];
    if (state != kRoot) {
      std::copy_n(&row_[size_t{suffix_[state]} * class_count_], class_count_, row);
    }
    for (uint32_t e = edge_begin_[state]; e < edge_begin_[state + 1]; ++e) {
      row[edge_class_[e]] = edge_to_[e];
    }
  }
  for (int byte = 0; byte < 256; ++byte) leaves_root_[byte] = row_[class_of_[byte]] != kRoot;
}

// With kEnds, once BuildSuffixes has set it; kNone if the state has no such edge.
uint32_t AhoCorasick::OwnEdge(uint32_t state, uint8_t byte_class) const {
  const auto begin = edge_class_.begin() + edge_begin_[state];
  const auto end = edge_class_.begin() + edge_begin_[state + 1];
  const auto it = std::lower_bound(begin, end, byte_class);
  return it != end && *it == byte_class ? edge_to_[it - edge_class_.begin()] : kNone;
}

uint32_t AhoCorasick::Next(uint32_t state, uint8_t byte_class) const {
  while (state >= row_count_) {
    const uint32_t to = OwnEdge(state, byte_class);
    if (to != kNone) return to;
    state = suffix_[state];
  }
  return row_[size_t{state} * class_count_ + byte_class];
}

void AhoCorasick::Report(uint32_t state, absl::string_view block, size_t end,
                         std::vector<ScanHit>* hits) const {
  const size_t before = hits->size();
  for (; state != kNone; state = end_link_[state]) {
    for (uint32_t i = end_begin_[state]; i < end_begin_[state + 1]; ++i) {
      const uint32_t index = end_literal_[i];
      const ScanLiteral& literal = literals_[index];
      const size_t length = literal.text.size();
      if (literal.ignore_case || block.substr(end - length, length) == literal.text) {
        hits->push_back({static_cast<uint32_t>(end), ids_[index]});
      }
    }
  }
  std::sort(hits->begin() + before, hits->end());
}

std::unique_ptr<LiteralScanner::Scratch> AhoCorasick::NewScratch() const {
  return std::make_unique<Scratch>();
}

void AhoCorasick::Scan(absl::string_view block, Scratch*, std::vector<ScanHit>* hits) const {
  if (literals_.empty()) return;
  const auto* const begin = reinterpret_cast<const uint8_t*>(block.data());
  const uint8_t* const end = begin + block.size();
  uint32_t state = kRoot;
  for (const uint8_t* p = begin; p < end; ++p) {
    if (state == kRoot) {
      while (p < end && !leaves_root_[*p]) ++p;
      if (p == end) return;
    }
    state = Next(state, class_of_[*p]);
    if (state & kEnds) {
      state &= ~kEnds;
      Report(state, block, p + 1 - begin, hits);
    }
  }
}

}  // namespace tallybell
