// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_AHO_CORASICK_H_
#define TALLYBELL_ENGINE_SCAN_AHO_CORASICK_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/literal_scanner.h"

namespace tallybell {

// The Aho-Corasick automaton over bytes with A-Z folded to a-z; an occurrence of a literal whose
// case counts is compared once more. States are in order of depth: as many as fit in
// kMaxTableBytes, the shallow ones, have a full row of next states; the deep ones, which are
// seldom reached, keep their own edges and a link to the longest suffix that is a state.
class AhoCorasick : public LiteralScanner {
 public:
  static constexpr size_t kMaxTableBytes = size_t{16} << 20;

  // `literals` are distinct and within the limits of LiteralScanner; `ids` are what their hits
  // report. A smaller `max_table_bytes` is for tests.
  AhoCorasick(std::vector<ScanLiteral> literals, std::vector<uint32_t> ids,
              size_t max_table_bytes = kMaxTableBytes);

  std::unique_ptr<Scratch> NewScratch() const override;
  void Scan(absl::string_view block, Scratch* scratch, std::vector<ScanHit>* hits) const override;
  absl::string_view engine_name() const override { return "aho-corasick"; }

 private:
  struct Trie;

  // In a stored next state: that something ends there.
  static constexpr uint32_t kEnds = 1u << 31;
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = UINT32_MAX;

  void BuildClasses();
  void BuildEnds(const Trie& trie, const std::vector<uint32_t>& order,
                 const std::vector<uint32_t>& place);
  void BuildEdges(const Trie& trie, const std::vector<uint32_t>& order,
                  const std::vector<uint32_t>& place);
  void BuildSuffixes();
  void BuildRows(size_t max_table_bytes);
  uint32_t OwnEdge(uint32_t state, uint8_t byte_class) const;
  uint32_t Next(uint32_t state, uint8_t byte_class) const;
  void Report(uint32_t state, absl::string_view block, size_t end,
              std::vector<ScanHit>* hits) const;

  std::vector<ScanLiteral> literals_;
  std::vector<uint32_t> ids_;

  // Folded bytes that are in no literal are all class 0.
  std::array<uint8_t, 256> class_of_;
  uint32_t class_count_ = 1;
  std::array<bool, 256> leaves_root_;  // by byte

  // States, by depth. Edges of state s: [edge_begin_[s], edge_begin_[s + 1]), by class.
  std::vector<uint32_t> edge_begin_;
  std::vector<uint8_t> edge_class_;
  std::vector<uint32_t> edge_to_;  // with kEnds
  std::vector<uint32_t> suffix_;   // the longest proper suffix that is a state
  // Literals that end at state s: [end_begin_[s], end_begin_[s + 1]) of end_literal_, then those
  // of end_link_[s], the longest proper suffix where some end.
  std::vector<uint32_t> end_begin_;
  std::vector<uint32_t> end_literal_;
  std::vector<uint32_t> end_link_;

  uint32_t row_count_ = 0;     // states that have a row
  std::vector<uint32_t> row_;  // row_count_ times class_count_ next states, with kEnds
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_AHO_CORASICK_H_
