// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PUSH_SOURCE_H_
#define TALLYBELL_ENGINE_RUN_PUSH_SOURCE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/run/engine_source.h"
#include "engine/run/live_source.h"
#include "engine/run/push_configuration.h"
#include "engine/run/push_repeats.h"
#include "engine/run/source_health.h"
#include "engine/run/stream_evaluation.h"
#include "engine/source/push_intake.h"
#include "engine/source/push_queue.h"
#include "engine/store/delta.h"

namespace tallybell {

// What is pushed, put into the evaluator. A push is answered once its effects are committed with
// the rest, so one that was answered is never lost, and one that is sent again is not counted
// again. It is complete to the wall clock, or to when the oldest push that waits came.
//
// Belongs to the evaluation thread, but for intake(), which is for any. Metrics, by source:
// source_lines_total, source_bytes_total, push_repeats_total, push_clamped_times_total,
// push_queue_bytes, and those of PushIntake.
class PushSource : public EngineSource {
 public:
  // `stored`: the rows of all sources, of which it takes its own. Pointers outlive it.
  PushSource(const PushSourceConfig* config, const std::vector<PositionRow>& stored,
             LiveRules* rules, const Clock* clock, Metrics* metrics);
  ~PushSource() override;

  // For the listener, which must be gone before this is.
  PushIntake& intake() { return intake_; }

  // Forgets what is too old.
  void Poll(Delta* delta) override;

  // Evaluates some of what waits. True if there is more at once.
  bool Read() override;
  bool IsPushed() const override { return true; }

  // Appends what must be remembered of what was read since the last call, and the answers that may
  // be given when that is committed.
  void Save(Delta* delta) override;
  bool Unsaved() const override;
  // Whether somebody waits for a Save.
  bool Urgent() const override { return !answers_.empty(); }

  SourceHealth& health() override { return health_; }
  SourceView View() const override;

  // The same streams under other rules.
  void UseRules(LiveRules* rules) override;

  // Readable when a push has come.
  int watch_fd() const override { return queue_.wake_fd(); }
  // A push is there to be read; it is no reason to look after the rest.
  bool TakeWatchEvents() override {
    queue_.TakeWakeUps();
    return false;
  }
  const PushSourceConfig& config() const { return *config_; }

 private:
  void WatchAnewAfterPause(const std::vector<PositionRow>& stored);
  std::string AliveRow() const;
  void SaveAlive(Delta* delta);
  void TakePush(Push push);

  const PushSourceConfig* const config_;
  const Clock* const clock_;
  PushQueue queue_;
  PushIntake intake_;
  PushRepeats repeats_;
  StreamEvaluation streams_;
  SourceHealth health_;
  std::vector<std::pair<std::shared_ptr<PushReply>, PushError>> answers_;
  TimeNs complete_to_ = kNoTime;
  TimeNs alive_saved_ = kNoTime;  // monotonic
  Metric& lines_total_;
  Metric& bytes_total_;
  Metric& repeats_total_;
  Metric& clamped_total_;
  Metric& queue_bytes_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PUSH_SOURCE_H_
