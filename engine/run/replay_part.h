// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_REPLAY_PART_H_
#define TALLYBELL_ENGINE_RUN_REPLAY_PART_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/ahead_ring.h"
#include "engine/base/worker_crew.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/source_item.h"
#include "engine/run/source_reader.h"
#include "engine/source/archive.h"
#include "engine/source/read_ahead.h"

namespace tallybell {

// One file of a replay, taken from its bytes to what it says. With a crew it is ahead of who asks:
// one thread decompresses a few blocks, another makes items of them, and several files that come
// one after the other are read at a time. The items are the same.
//
// Used by one thread at a time.
class ReplayPart {
 public:
  // How far it may be ahead, or not at all without a crew. A plain file is read ahead by its
  // SourceReader.
  struct Ahead {
    WorkerCrew* crew = nullptr;
    ReadAhead::Options bytes;        // decompressed
    size_t batches = 3;              // of items, at least 2
    size_t batch_bytes = 512 << 10;  // what a batch of items takes in memory, about
  };

  // `file` is its number for records. `candidates`, `matcher` and what `options` and `ahead` name
  // outlive it.
  ReplayPart(std::unique_ptr<Archive> archive, uint32_t file, SourceReader::Options options,
             const Ahead& ahead, CandidateRulesCache* candidates, const RuleMatcher* matcher);
  ~ReplayPart();

  // The next item, or null at the end. Reads as far as it takes to have one. What items show may
  // be lent until a call that reads.
  SourceItem* Peek() { return next_ < end_ ? &batch_->items[next_] : PeekOn(); }
  void Pop() { ++next_; }

  // Of the file as it stands on the disk, in bytes. Never less than before.
  uint64_t bytes_read() const;

  // Behind the last item: why the file was not read to its end, and what else is known of it.
  const absl::Status& status() const { return status_; }
  const SourceReader& reader() const { return reader_; }

 private:
  struct Batch {
    std::vector<SourceItem> items;
    bool last = false;
  };

  bool Fill(Batch* batch, size_t enough);
  SourceItem* PeekOn();

  const std::unique_ptr<Archive> archive_;
  const uint32_t file_;
  std::unique_ptr<ReadAhead> bytes_;  // null: the archive's own
  SourceReader reader_;
  absl::Status status_;
  std::vector<Batch> batches_;
  Batch* batch_ = nullptr;           // the one in use
  size_t next_ = 0;                  // item of it
  size_t end_ = 0;                   // how many it has
  std::unique_ptr<AheadRing> ring_;  // null: there is one batch, filled when it is asked for
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_REPLAY_PART_H_
