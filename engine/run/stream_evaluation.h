// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_STREAM_EVALUATION_H_
#define TALLYBELL_ENGINE_RUN_STREAM_EVALUATION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/base/clock.h"
#include "engine/run/live_source.h"
#include "engine/run/push_records.h"
#include "engine/run/push_streams.h"
#include "engine/source/loki_push_body.h"
#include "engine/store/delta.h"

namespace tallybell {

// The streams that one source brings lines of, and all that the evaluator is told of them: their
// records, and the clocks of the rules that select them. It is the same whether the lines are
// pushed or asked for: all streams of the source are complete to the same time, so for the clock of
// a rule one of them is enough.
//
// Belongs to the evaluation thread.
class StreamEvaluation {
 public:
  struct Options {
    std::string source;                                   // its key
    const PushStreams::LabelTemplates* labels = nullptr;  // of every stream, over its own
    PushRecords::Options records;
    DurationNs lateness = 0;
  };

  // `stored`: the rows of all sources, of which it takes its own. Pointers outlive it.
  StreamEvaluation(const Options& options, const std::vector<PositionRow>& stored, LiveRules* rules,
                   const Clock* clock);

  // Evaluates the lines of one stream of `tenant`, which came at `arrival`, a wall clock.
  void Take(const PushedBody& body, const PushedStream& pushed, absl::string_view tenant,
            TimeNs arrival);

  // The source has told all up to `complete_to`.
  void Progress(TimeNs complete_to);
  // Whether it can tell anything at all. Absence begins anew when it can again.
  void SetLive(bool live);
  // Absence begins anew: for a while it could not have been told anything.
  void WatchAnew();

  // Whether what is complete to that time is ahead of the clocks of its rules, while the evaluator
  // holds as much that is not decided as it may.
  bool MustWait(TimeNs complete_to) const;

  // The same streams under other rules.
  void UseRules(LiveRules* rules);

  // How many records since the last call were too far in the future and taken as at the bound.
  int64_t TakeClamped();

  // Appends what changed since the last call.
  void Save(Delta* delta) { streams_.Save(delta); }
  bool Unsaved() const { return streams_.Unsaved(); }

 private:
  // A source of the evaluator: there is one that any rule selects which selects a stream of ours.
  struct Watched {
    uint32_t source = 0;
    bool started = false;
    TimeNs latest = kNoTime;
  };

  void TakeUpRules();
  void Watch(PushStream* stream);
  void NoteTimes(PushStream* stream, TimeNs first, TimeNs last);
  uint32_t FileOf(const PushStream& stream);

  const Options options_;
  LiveRules* rules_;
  const Clock* const clock_;
  PushStreams streams_;
  std::unique_ptr<PushRecords> records_;
  bool live_ = true;  // as the evaluator was told
  std::vector<Watched> watched_;
  std::vector<int> watched_of_rule_;                  // place in watched_, or -1
  absl::flat_hash_map<std::string, uint32_t> files_;  // by the row of a stream
  int64_t clamped_ = 0;                               // already taken
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_STREAM_EVALUATION_H_
