// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_SOURCE_H_
#define TALLYBELL_ENGINE_RUN_LOKI_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/run/engine_source.h"
#include "engine/run/live_source.h"
#include "engine/run/loki_configuration.h"
#include "engine/run/loki_feed.h"
#include "engine/run/loki_former.h"
#include "engine/run/loki_seen.h"
#include "engine/run/source_health.h"
#include "engine/run/stream_evaluation.h"
#include "engine/source/loki_passes.h"
#include "engine/store/delta.h"

namespace tallybell {

// What one query of one tenant of a Loki brings, put into the evaluator, each line once. Up to
// where it was read and what was counted of what may be read again are saved with the windows, so
// a restart neither loses a line nor counts one twice. It is complete to what is read and settled.
//
// Belongs to the evaluation thread. Metrics, by source: source_lines_total, source_bytes_total,
// source_lines_cut_total, source_future_times_total, source_pauses_total, loki_lines_total (by how
// a line was found), loki_queue_bytes, loki_remembered_lines, loki_given_up_lines_total, and those
// of LokiFeed.
class LokiSource : public EngineSource {
 public:
  // The errors of LokiFeed::Create. `stored`: the rows of all sources, of which it takes its own,
  // and those of `former`. Pointers outlive it.
  static absl::StatusOr<std::unique_ptr<LokiSource>> Create(const LokiSourceConfig* config,
                                                            const LokiFormer& former,
                                                            const std::vector<PositionRow>& stored,
                                                            LiveRules* rules, const Clock* clock,
                                                            Metrics* metrics);
  ~LokiSource() override;

  // Looks whether the Loki can be read.
  void Poll(Delta* delta) override;
  // Evaluates some of what was read. True if there is more at once.
  bool Read() override;
  void Save(Delta* delta) override;
  bool Unsaved() const override;

  SourceHealth& health() override { return health_; }
  SourceView View() const override;
  void UseRules(LiveRules* rules) override { streams_.UseRules(rules); }

  int watch_fd() const override { return feed_->wake_fd(); }
  // A batch is there to be read; it is no reason to look after the rest.
  bool TakeWatchEvents() override {
    feed_->TakeWakeUps();
    return false;
  }

 private:
  LokiSource(const LokiSourceConfig* config, const LokiFormer& former,
             const std::vector<PositionRow>& stored, LiveRules* rules, const Clock* clock,
             Metrics* metrics, std::unique_ptr<LokiFeed> feed);
  void RestorePasses(const std::vector<PositionRow>& stored);
  void Inherit(const LokiFormer& former, const std::vector<PositionRow>& stored);
  void TakeBatch(LokiBatch batch);
  void Restrict();
  void SaveDoubt(Delta* delta);

  const LokiSourceConfig* const config_;
  const Clock* const clock_;
  const std::unique_ptr<LokiFeed> feed_;
  LokiSeen seen_;
  LokiPasses passes_;
  bool passes_changed_ = false;  // since they were saved
  TimeNs doubted_ = kNever;      // of the last run: LokiFeed::doubted
  TimeNs saved_doubt_ = kNever;
  std::vector<std::string> former_rows_;  // to be erased
  StreamEvaluation streams_;
  SourceHealth health_;
  bool restricted_ = false;  // more lines came than can be known again as long as configured
  bool early_ = true;        // what is not settled is read
  Metric& lines_total_;
  Metric& bytes_total_;
  Metric* found_total_[3];  // by LokiBatch::Found
  Metric& given_up_total_;
  Metric& cut_total_;
  Metric& pauses_total_;
  Metric& future_total_;
  Metric& queue_bytes_;
  Metric& remembered_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_SOURCE_H_
