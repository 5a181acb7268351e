// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_
#define TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/time_ns.h"
#include "engine/outbox/untold.h"
#include "engine/serve/history_event.h"

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

  // Of a day on which it came nearer, or was enough, the lesser counts are not shown.
  void AddNearest(HistoryEvent event);
  void AddStep(const HistoryEvent& event, Story* story);
  static Episode& EpisodeOf(TimeNs starts_at, Story* story);
  static Step& StepOf(const std::string& state, Episode* episode);
  static void RenderEpisode(const Story& story, const Episode& episode, std::string* out);

  std::map<std::string, Story> stories_;
  // By rule and UTC day: how near it came, of what; and the days on which it was enough.
  std::map<std::tuple<std::string, int64_t, int64_t>, HistoryEvent> nearest_;
  std::set<std::pair<std::string, int64_t>> reached_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_HISTORY_TABLE_H_
