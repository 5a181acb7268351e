// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_
#define TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/cli/history_event.h"
#include "engine/outbox/untold.h"

namespace tallybell {

// History for people: each alert from its firing to its end, and below each of its steps what
// became of it at each receiver (docs/history.md). Collects; not thread-safe.
class HistoryTable {
 public:
  // In the order in which they were recorded.
  void Add(HistoryEvent event);
  // What a receiver has not accepted yet.
  void AddUntold(const Untold& untold);

  // The alerts of which anything happened in [since, until], whole, in the order in which they
  // began. Empty if there are none.
  std::string Render(TimeNs since, TimeNs until);

 private:
  // What became of one state at the receivers.
  struct Step {
    TimeNs time = kNoTime;  // kNoTime: the receivers know it, it is not decided yet
    std::string state;
    int64_t value = 0;
    int64_t enough = 0;
    bool exact = true;
    std::vector<std::string> deliveries;  // a line each
  };
  struct Episode {
    TimeNs starts_at = kNoTime;
    TimeNs ends_at = kNoTime;
    TimeNs first = kNever;  // of all that happened
    TimeNs last = kNoTime;
    bool closed = false;
    std::vector<Step> steps;
  };
  // All of one fingerprint.
  struct Story {
    std::string rule;
    Labels labels;
    std::vector<Episode> episodes;
  };

  void AddStep(const HistoryEvent& event, Story* story);
  static Episode& EpisodeOf(TimeNs starts_at, Story* story);
  static Step& StepOf(const std::string& state, Episode* episode);
  static void RenderEpisode(const Story& story, const Episode& episode, std::string* out);

  std::map<std::string, Story> stories_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_
