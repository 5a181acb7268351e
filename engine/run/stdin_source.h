// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_STDIN_SOURCE_H_
#define TALLYBELL_ENGINE_RUN_STDIN_SOURCE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/run/configuration.h"
#include "engine/run/engine_source.h"
#include "engine/run/live_source.h"
#include "engine/run/source_health.h"
#include "engine/run/source_metrics.h"
#include "engine/run/source_reader.h"
#include "engine/store/delta.h"

namespace tallybell {

// What another program writes into our standard input, put into the evaluator (docs/
// configuration.md, "stdin"). Nothing of it can be read again: what was read after the last commit
// is lost where the process is killed, and nothing is remembered but the windows.
//
// While there is something to read it is complete to the greatest time read, then to the wall
// clock. At its end all is decided up to the wall clock. It is read only when poll says that there
// is something, because to set a flag of its would change it for the other processes that have it.
//
// Belongs to the evaluation thread.
class StdinSource : public EngineSource {
 public:
  // Reads `fd`, which it does not own. `stored`: the rows of all sources. Pointers outlive it.
  StdinSource(const StdinSourceConfig* config, int fd, const std::vector<PositionRow>& stored,
              LiveRules* rules, const Clock* clock, Metrics* metrics);
  ~StdinSource() override;

  void Poll(Delta* delta) override;
  bool Read() override;
  // The windows are all that is kept, and others save those.
  void Save(Delta*) override { unsaved_ = false; }
  bool Unsaved() const override { return unsaved_; }
  bool Ended() const override { return ended_; }

  SourceHealth& health() override { return health_; }
  SourceView View() const override;
  void UseRules(LiveRules* rules) override;

  // Until the end, after which it would be readable for ever.
  int watch_fd() const override;
  bool TakeWatchEvents() override { return false; }

 private:
  class Pipe;

  void Watch();
  void Take(std::vector<SourceItem> items);
  void Progress(TimeNs complete_to);
  void End(TimeNs now);

  const StdinSourceConfig* const config_;
  LiveRules* rules_;
  const Clock* const clock_;
  const std::unique_ptr<Pipe> pipe_;
  std::unique_ptr<SourceReader> reader_;
  SourceHealth health_;
  SourceMetrics read_;
  SourceCounts counted_;  // already in the metrics
  uint32_t source_ = 0;   // numbers in the evaluator
  uint32_t file_ = 0;
  TimeNs latest_ = kNoTime;       // the greatest time it stated
  TimeNs complete_to_ = kNoTime;  // wall clock
  bool at_end_ = true;            // for now
  bool unsaved_ = false;
  bool ended_ = false;
  bool live_ = true;  // holds the rules' clocks
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_STDIN_SOURCE_H_
