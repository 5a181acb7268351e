// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_HISTORY_H_
#define TALLYBELL_ENGINE_RUN_LOKI_HISTORY_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/clock.h"
#include "engine/source/loki_query.h"

namespace tallybell {

// A span of what a Loki stores, read from its beginning to its end with several questions under
// way: the span is cut into slices, which are read side by side and handed on in order. A question
// that may be answered another time is asked again; our log says once when that begins, and when
// all are answered.
//
// Thread-safe for one caller; has threads of its own. What waits is bounded.
class LokiHistory {
 public:
  struct Options {
    LokiQuery::Options query;
    TimeNs from = kNoTime;
    TimeNs to = kNoTime;
    int readers = 4;
    size_t max_bytes = 64 << 20;  // that wait; one page of each reader may come on top
    int tries = 8;                // of a question that may be answered another time
  };

  // The errors of LokiQuery::Create. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<LokiHistory>> Create(const Options& options,
                                                             const Clock* clock);
  // Stops.
  ~LokiHistory();

  // The next page, the pages together being all of [from, to), in order; waits for it. False at the
  // end. The errors of LokiQuery::Read; after one there is no more.
  absl::StatusOr<bool> Next(LokiPage* page);

  // Instants of which not all could be read, with the reason.
  std::vector<std::string> unreadable() const;

 private:
  struct Slice {
    TimeNs from = kNoTime;
    TimeNs to = kNoTime;
    std::deque<LokiPage> pages;
    bool done = false;
    absl::Status status;
  };

  LokiHistory(const Options& options, std::vector<std::unique_ptr<LokiQuery>> queries);
  Slice* NextSlice() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run(LokiQuery* query, int number);
  absl::Status ReadSlice(LokiQuery* query, int number, Slice* slice);
  absl::StatusOr<LokiPage> ReadPage(LokiQuery* query, int number, TimeNs from, TimeNs to);
  void NoteOutage(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteEnd(bool answered) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Hand(Slice* slice, LokiPage page);
  bool MayHand(const Slice* slice) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const DurationNs slice_;
  std::vector<std::unique_ptr<LokiQuery>> queries_;  // one a reader

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  TimeNs sliced_to_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::unique_ptr<Slice>> slices_ ABSL_GUARDED_BY(mutex_);  // not handed on whole yet
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> unreadable_ ABSL_GUARDED_BY(mutex_);
  int unanswered_ ABSL_GUARDED_BY(mutex_) = 0;  // readers that ask one question again
  bool outage_said_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> threads_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_HISTORY_H_
