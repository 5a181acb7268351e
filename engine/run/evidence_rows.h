// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_EVIDENCE_ROWS_H_
#define TALLYBELL_ENGINE_RUN_EVIDENCE_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/store/delta.h"
#include "engine/window/evidence_ring.h"

namespace tallybell {

// The lines of an EvidenceRing as the state file keeps them: each is written once, whatever groups
// it is of and however often those change. A row holds lines that follow each other in the ring; it
// goes when they do. Of what comes between two saves only the newest kMaxSaved bytes are written:
// in a flood the disk is for what counts, and a line that was not written is missing from an alert
// only if the process is killed (docs/reliability.md, "Limits").
//
// Not thread-safe; belongs to the evaluation thread. Moves with the ring that it is of.
class EvidenceRows {
 public:
  static constexpr size_t kMaxSaved = 4 << 20;  // bytes of the ring
  // A row that is smaller goes on with the next lines.
  static constexpr size_t kGoodRow = 4 << 10;
  static constexpr size_t kMaxRow = 256 << 10;

  // Appends what came to `ring` and what went from it since the last call. `file_names`: of the
  // numbers in it.
  void SaveChanged(const EvidenceRing& ring, const std::vector<std::string>& file_names,
                   Delta* delta);

  // Takes those of `*positions` that are lines, and puts them into `*ring`, which is new.
  // `add_file` gives a file's number by its name. Rows that make no sense are erased by `*delta`,
  // and counted in `*rejected`.
  void Restore(std::vector<PositionRow>* positions,
               absl::FunctionRef<uint32_t(const std::string&)> add_file, EvidenceRing* ring,
               Metric* rejected, Delta* delta);

  // Lines that were never written, because too many came at once.
  int64_t unsaved() const { return unsaved_; }

 private:
  struct Block {
    uint64_t place = 0;  // of its first line, in its key
    uint64_t end = 0;    // the place behind its last one
  };

  uint64_t PassOver(const EvidenceRing& ring, uint64_t from);
  PositionRow MakeRow(const EvidenceRing& ring, const std::vector<std::string>& file_names,
                      Block* block) const;

  std::deque<Block> blocks_;  // that are stored
  uint64_t saved_ = 0;        // the place behind the last line that was looked at
  int64_t unsaved_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_EVIDENCE_ROWS_H_
