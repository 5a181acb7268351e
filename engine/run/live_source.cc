// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/live_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"
#include "engine/run/source_labels.h"

namespace tallybell {

// One file of the source, and the reader that is at work on it.
struct LiveSource::File {
  TailedFile* tailed = nullptr;  // owned by the TailSet until it is released
  std::unique_ptr<SourceReader> reader;
  uint32_t source = 0;  // numbers in the evaluator
  uint32_t name = 0;
  bool started = false;
  TimeNs latest = kNoTime;  // the greatest time it stated
  bool changed = true;      // since its position was saved
  bool finished = false;    // no more will come of it
  bool saved_finished = false;
  bool described = false;
  bool live = true;
  TimeNs failing_since = kNoTime;  // monotonic
  std::string why_failing;
  SourceCounts counted;  // already in the metrics
};

namespace {

std::vector<FilePosition> PositionsOf(const std::vector<PositionRow>& rows) {
  std::vector<FilePosition> positions;
  for (const PositionRow& row : rows) {
    const absl::StatusOr<Json> state = ParseJson(row.state);
    if (!state.ok() || !state->is_object() || !state->contains("position") ||
        !(*state)["position"].is_string()) {
      continue;
    }
    const absl::StatusOr<FilePosition> position =
        FilePosition::Decode((*state)["position"].get_ref<const std::string&>());
    if (position.ok()) positions.push_back(*position);
  }
  return positions;
}

// The rows of `stored` that belong to the source of that key.
std::vector<PositionRow> RowsOf(const std::string& key, const std::vector<PositionRow>& stored) {
  std::vector<PositionRow> rows;
  for (const PositionRow& row : stored) {
    if (absl::StartsWith(row.source, absl::StrCat(key, "\n"))) rows.push_back(row);
  }
  return rows;
}

TailSet::Options TailOptions(const FileSourceConfig& config) {
  TailSet::Options options;
  options.name = config.Key();
  options.paths = config.paths;
  options.start_at_end = config.start_at_end;
  return options;
}

}  // namespace

LiveRules::LiveRules(RuleSet set, std::vector<Pattern> redact, const Labels& external_labels,
                     Metrics* metrics)
    : rules(std::move(set)),
      redactor(std::move(redact)),
      matcher(&rules, &redactor, metrics),
      candidates(&rules),
      evaluator(&rules, {external_labels, true}, metrics) {}

LiveSource::LiveSource(const FileSourceConfig* config, const std::vector<PositionRow>& stored,
                       LiveRules* rules, const Clock* clock, Metrics* metrics)
    : config_(config),
      rules_(rules),
      clock_(clock),
      stored_(RowsOf(config->Key(), stored)),
      tail_(TailOptions(*config), PositionsOf(stored_), metrics),
      health_(config->Key(), config->stall_after, stored_),
      lines_total_(metrics->Get("source_lines_total", {{"source", config->Key()}})),
      bytes_total_(metrics->Get("source_bytes_total", {{"source", config->Key()}})) {}

LiveSource::~LiveSource() = default;

std::string LiveSource::RowKey(const FilePosition& position) const {
  return absl::StrCat(config_->Key(), "\n", position.Key());
}

void LiveSource::Add(File* file, LiveRules* rules) {
  const std::string& path = file->tailed->identity().path;
  const Pattern* const from_path =
      config_->labels_from_path.has_value() ? &*config_->labels_from_path : nullptr;
  file->source = rules->evaluator.AddSource(
      SourceStreams::Possible(SourceLabels(path, config_->labels, from_path)), config_->lateness,
      clock_->Now());
  file->name = rules->evaluator.AddFile(path);
}

void LiveSource::Open(TailedFile* tailed) {
  auto file = std::make_unique<File>();
  file->tailed = tailed;
  Add(file.get(), rules_);
  const std::string& path = tailed->identity().path;
  SourceReader::Options options;
  options.name = path;
  options.labels =
      SourceLabels(path, config_->labels,
                   config_->labels_from_path.has_value() ? &*config_->labels_from_path : nullptr);
  options.format = config_->format;
  options.zone = config_->zone;
  options.max_future = config_->max_future;
  options.lateness = config_->lateness;
  options.live = true;
  options.offset = tailed->offset();
  file->reader =
      std::make_unique<SourceReader>(options, tailed, &rules_->candidates, &rules_->matcher);
  const std::string key = RowKey(tailed->identity());
  const auto row = std::find_if(stored_.begin(), stored_.end(),
                                [&key](const PositionRow& stored) { return stored.source == key; });
  if (row != stored_.end()) {
    const absl::StatusOr<Json> state = ParseJson(row->state);
    if (state.ok() && state->is_object() && state->contains("reader") &&
        (*state)["reader"].is_string()) {
      const absl::Status restored =
          file->reader->RestoreState((*state)["reader"].get_ref<const std::string&>());
      if (!restored.ok()) {
        LogWarn("what was known of a file cannot be read", {{"file", path}});
      }
    }
    stored_.erase(row);
  }
  LogInfo("file opened", {{"file", path}, {"offset", absl::StrCat(tailed->offset())}});
  files_.push_back(std::move(file));
}

void LiveSource::Poll(Delta* delta) {
  TailSet::Changes changes = tail_.Poll(clock_->Monotonic());
  for (const auto& released : changes.released) {
    delta->positions.push_back({RowKey(released->identity()), "", true});
    files_.erase(std::remove_if(files_.begin(), files_.end(),
                                [&](const auto& file) { return file->tailed == released.get(); }),
                 files_.end());
    LogInfo("file closed", {{"file", released->identity().path}});
  }
  for (const FilePosition& forgotten : changes.forgotten) {
    delta->positions.push_back({RowKey(forgotten), "", true});
  }
  for (TailedFile* const opened : changes.opened) Open(opened);
  // The order of reading is the TailSet's: older files of a path first.
  const std::vector<TailedFile*> order = tail_.files();
  const auto place = [&order](const std::unique_ptr<File>& file) {
    return std::find(order.begin(), order.end(), file->tailed) - order.begin();
  };
  std::stable_sort(files_.begin(), files_.end(),
                   [&place](const auto& a, const auto& b) { return place(a) < place(b); });

  NoteHealth();
}

// A source is well when there is a file to read and none of its files fails.
void LiveSource::NoteHealth() {
  const bool any = std::any_of(files_.begin(), files_.end(), [](const auto& file) {
    return file->tailed->state() == TailedFile::State::kOpen;
  });
  const auto failing = std::find_if(files_.begin(), files_.end(),
                                    [](const auto& file) { return !file->why_failing.empty(); });
  if (failing != files_.end()) {
    health_.NoteFault((*failing)->why_failing, clock_->Monotonic(), clock_->Now());
  } else if (!any) {
    health_.NoteFault("there is no file to read", clock_->Monotonic(), clock_->Now());
  } else {
    health_.NoteWell(clock_->Now());
  }
}

bool LiveSource::Read() {
  bool more = false;
  for (const auto& file : files_) {
    if (!file->finished && ReadFile(file.get())) more = true;
  }
  return more;
}

// Reads one block. True if there may be more at once.
bool LiveSource::ReadFile(File* file) {
  const TailedFile::State state = file->tailed->state();
  if (state == TailedFile::State::kFinish) file->reader->Finish();
  const TimeNs before = clock_->Now();
  const uint64_t offset = file->reader->resume_offset();
  std::vector<SourceItem> items;
  const absl::StatusOr<bool> at_end = file->reader->Read(before, &items);
  NoteFile(file, at_end.status(), before);
  if (file->reader->resume_offset() != offset || !items.empty()) file->changed = true;
  Take(file, std::move(items));
  if (!at_end.ok()) return false;
  if (!file->described && file->reader->format() != nullptr) {
    file->described = true;
    LogInfo("format", {{"file", file->tailed->identity().path},
                       {"format", file->reader->format()->Describe()}});
  }
  if (!*at_end) return true;
  if (state == TailedFile::State::kOpen) {
    rules_->evaluator.Progress(file->source, before);
  } else {
    file->finished = true;
    file->changed = true;
    rules_->evaluator.SetLive(file->source, false, before);
  }
  return false;
}

void LiveSource::Take(File* file, std::vector<SourceItem> items) {
  Evaluator& evaluator = rules_->evaluator;
  for (SourceItem& item : items) {
    if (!file->started) {
      file->started = true;
      evaluator.Started(file->source, item.time);
    }
    item.record.file = file->name;
    evaluator.Add(item.record);
    file->latest = std::max(file->latest, item.time);
  }
  // While there are unread bytes, the greatest time read so far is all that is known.
  if (!items.empty()) evaluator.Progress(file->source, file->latest);
  const SourceCounts counts = file->reader->counts();
  lines_total_.Add(counts.lines - file->counted.lines);
  bytes_total_.Add(counts.bytes - file->counted.bytes);
  file->counted = counts;
}

// A file that cannot be read for a while is stuck: it must not hold the clock for ever.
void LiveSource::NoteFile(File* file, const absl::Status& status, TimeNs now) {
  if (status.ok()) {
    if (!file->live) {
      file->live = true;
      rules_->evaluator.SetLive(file->source, true, now);
      LogInfo("file can be read again", {{"file", file->tailed->identity().path}});
    }
    file->failing_since = kNoTime;
    file->why_failing.clear();
    return;
  }
  const TimeNs monotonic = clock_->Monotonic();
  if (file->failing_since == kNoTime) {
    file->failing_since = monotonic;
    file->why_failing = std::string(status.message());
    LogWarn("file cannot be read",
            {{"file", file->tailed->identity().path}, {"err", std::string(status.message())}});
  }
  if (file->live && monotonic - file->failing_since >= config_->stall_after) {
    file->live = false;
    rules_->evaluator.SetLive(file->source, false, now);
  }
}

void LiveSource::Save(Delta* delta) {
  for (const auto& file : files_) {
    if (file->changed) SaveFile(file.get(), delta);
  }
}

bool LiveSource::Unsaved() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file->changed; });
}

void LiveSource::SaveFile(File* file, Delta* delta) {
  file->changed = false;
  const absl::StatusOr<FilePosition> position =
      file->tailed->PositionAt(file->reader->resume_offset());
  if (position.ok()) {
    delta->positions.push_back(
        {RowKey(*position),
         DumpJson(Json{{"position", position->Encode()}, {"reader", file->reader->SaveState()}})});
  }
  if (file->finished && !file->saved_finished) {
    file->saved_finished = true;
    delta->committed.push_back([tailed = file->tailed] { tailed->MarkCommitted(); });
  }
}

void LiveSource::UseRules(LiveRules* rules) {
  rules_ = rules;
  for (const auto& file : files_) {
    Add(file.get(), rules);
    file->reader->UseRules(&rules->candidates, &rules->matcher);
    if (file->started) rules->evaluator.Started(file->source, file->latest);
    if (file->finished || !file->live) rules->evaluator.SetLive(file->source, false, clock_->Now());
  }
}

}  // namespace tallybell
