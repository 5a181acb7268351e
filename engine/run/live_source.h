// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LIVE_SOURCE_H_
#define TALLYBELL_ENGINE_RUN_LIVE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/match/candidate_rules.h"
#include "engine/match/rule_matcher.h"
#include "engine/outbox/outbox.h"
#include "engine/run/configuration.h"
#include "engine/run/engine_source.h"
#include "engine/run/evaluator.h"
#include "engine/run/rule_gauges.h"
#include "engine/run/source_clock_offset.h"
#include "engine/run/source_files.h"
#include "engine/run/source_health.h"
#include "engine/run/source_metrics.h"
#include "engine/run/source_progress.h"
#include "engine/run/source_reader.h"
#include "engine/source/tail_set.h"
#include "engine/store/delta.h"

namespace tallybell {

// The rules that are in force, and what is made of them; replaced as a whole by a reload.
struct LiveRules {
  LiveRules(RuleSet set, std::vector<Pattern> redact, const Labels& external_labels,
            Metrics* metrics);

  const RuleSet rules;
  const Redactor redactor;
  const RuleMatcher matcher;
  CandidateRulesCache candidates;
  Evaluator evaluator;
  RuleGauges gauges;
};

// The files of one configured source: found, read, and what they say put into the evaluator. Says
// too whether the source is alive: one that cannot be read for `stall_after` holds no rule's clock
// and raises TallybellSourceDown.
//
// Belongs to the evaluation thread.
class LiveSource : public EngineSource {
 public:
  // `stored`: the rows of all sources, of which it takes its own. `rules` outlives it.
  LiveSource(const FileSourceConfig* config, const std::vector<PositionRow>& stored,
             LiveRules* rules, const Clock* clock, Metrics* metrics);
  ~LiveSource() override;

  // Looks for new, rotated and vanished files.
  void Poll(Delta* delta) override;

  // Reads a block of each file. True if there may be more at once.
  bool Read() override;

  // Appends the positions of what was read since the last call.
  void Save(Delta* delta) override;
  bool Unsaved() const override;

  SourceHealth& health() override { return health_; }
  SourceView View() const override;

  // The same files under other rules.
  void UseRules(LiveRules* rules) override;

  int watch_fd() const override { return tail_.watch_fd(); }
  bool TakeWatchEvents() override { return tail_.TakeWatchEvents(); }
  const FileSourceConfig& config() const { return *config_; }

 private:
  struct File;

  void Open(TailedFile* tailed);
  SourceReader::Options ReaderOptions(const TailedFile& tailed, Labels labels) const;
  void RestoreReader(const TailedFile& tailed, SourceReader* reader);
  void Release(const TailedFile* tailed);
  void Park(TailedFile* tailed, Delta* delta);
  PositionRow RowOf(const File& file, const FilePosition& position) const;
  void Join(File* file);
  bool MustWait(const File& file) const;
  bool ReadSome(File* file);
  bool ReadFile(File* file);
  bool IsQuiet(File* file);
  void Take(File* file, std::vector<SourceItem> items, TimeNs arrival);
  void NoteOffset(const File& file, TimeNs stated, TimeNs arrival);
  void NoteFile(File* file, const absl::Status& status);
  void NoteHealth();
  void SaveFile(File* file, Delta* delta);
  std::string RowKey(const FilePosition& position) const;

  const FileSourceConfig* const config_;
  LiveRules* rules_;
  const Clock* const clock_;
  // Of files that are not open: of the last run, and of those that are parked, by their keys.
  std::vector<PositionRow> stored_;
  std::set<std::string> parked_;
  const std::unique_ptr<SourceFiles> source_files_;
  TailSet tail_;
  std::unique_ptr<SourceProgress> progress_;
  std::vector<std::unique_ptr<File>> files_;  // in the order in which they are read
  SourceHealth health_;
  bool well_ = true;
  SourceClockOffset offset_;
  SourceMetrics read_;
  Metric& future_total_;
  Metric& pauses_total_;
  Metric& offset_seconds_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LIVE_SOURCE_H_
