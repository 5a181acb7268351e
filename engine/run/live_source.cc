// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/live_source.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/crash_point.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"
#include "engine/run/glog_file.h"

namespace tallybell {

// One file of the source, and the reader that is at work on it.
struct LiveSource::File {
  TailedFile* tailed = nullptr;  // owned by the TailSet until it is released
  std::unique_ptr<SourceReader> reader;
  Labels labels;
  SourceProgress::Member member = 0;
  std::vector<uint32_t> rules;  // that select it
  uint32_t name = 0;            // number in the evaluator
  bool started = false;
  bool caught_up = false;   // was read to its end before
  TimeNs latest = kNoTime;  // the greatest time it stated
  TimeNs complete_to = kNoTime;
  bool changed = true;    // since its position was saved
  bool finished = false;  // no more will come of it
  bool saved_finished = false;
  bool described = false;
  bool live = true;
  uint64_t read_to = 0;            // all that was read, an unfinished line too
  TimeNs grown_at = kNoTime;       // monotonic: when it was last seen to grow
  TimeNs failing_since = kNoTime;  // monotonic
  std::string why_failing;
  SourceCounts counted;  // already in the metrics
};

namespace {

// A stamp further ahead than max_future is taken as that, but how far it is ahead must be seen: so
// far two zones are apart at most.
constexpr DurationNs kReadableFuture = 26 * kHour;

// Bytes that a file grew by while it was waited for, mostly.
constexpr uint64_t kLittle = 64 << 10;

// What follows the source's key in the key of the row with what its SourceFiles must know.
constexpr char kFilesRow[] = "\nfiles";

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

TailSet::Options TailOptions(const FileSourceConfig& config, SourceFiles* files) {
  TailSet::Options options;
  options.name = config.Key();
  options.paths = files->Patterns();
  options.choose = [files](TimeNs now, std::vector<FileGlob::File>* found) {
    files->Choose(now, found);
  };
  options.start_at_end = config.start_at_end;
  return options;
}

SourceProgress::Options ProgressOptions(const FileSourceConfig& config) {
  SourceProgress::Options options;
  options.lateness = config.lateness;
  options.live_without_files = config.kind != FileSourceConfig::Kind::kFile;
  return options;
}

}  // namespace

LiveRules::LiveRules(RuleSet set, std::vector<Pattern> redact, const Labels& external_labels,
                     Metrics* metrics)
    : rules(std::move(set)),
      redactor(std::move(redact)),
      matcher(&rules, &redactor, metrics),
      candidates(&rules),
      evaluator(&rules, {external_labels, true}, metrics),
      gauges(rules, metrics) {}

LiveSource::LiveSource(const FileSourceConfig* config, const std::vector<PositionRow>& stored,
                       LiveRules* rules, const Clock* clock, Metrics* metrics)
    : config_(config),
      rules_(rules),
      clock_(clock),
      stored_(RowsOf(config->Key(), stored)),
      source_files_(SourceFiles::Make(config, metrics)),
      tail_(TailOptions(*config, source_files_.get()), PositionsOf(stored_), metrics),
      progress_(std::make_unique<SourceProgress>(ProgressOptions(*config), &rules->evaluator)),
      health_(config->Key(), config->stall_after, stored),
      read_(config->Key(), metrics),
      future_total_(metrics->Get("source_future_times_total", {{"source", config->Key()}})),
      pauses_total_(metrics->Get("source_pauses_total", {{"source", config->Key()}})),
      offset_seconds_(metrics->Get("source_clock_offset_seconds", {{"source", config->Key()}})) {
  for (const PositionRow& row : stored_) {
    if (row.source == absl::StrCat(config->Key(), kFilesRow)) source_files_->Restore(row.state);
  }
}

LiveSource::~LiveSource() = default;

std::string LiveSource::RowKey(const FilePosition& position) const {
  return absl::StrCat(config_->Key(), "\n", position.Key());
}

// Makes the file known to the rules that are in force.
void LiveSource::Join(File* file) {
  const std::vector<Labels> streams = SourceStreams::Possible(file->labels);
  std::vector<uint32_t> rules;
  for (const Labels& stream : streams) {
    const std::vector<uint32_t> more = rules_->matcher.RulesOf(stream);
    rules.insert(rules.end(), more.begin(), more.end());
  }
  std::sort(rules.begin(), rules.end());
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  file->member = progress_->Join(rules, streams, clock_->Now());
  file->rules = std::move(rules);
  file->name = rules_->evaluator.AddFile(file->tailed->identity().path);
}

void LiveSource::Open(TailedFile* tailed) {
  auto file = std::make_unique<File>();
  file->tailed = tailed;
  file->labels = source_files_->LabelsOf(tailed->identity().path);
  Join(file.get());
  file->reader = std::make_unique<SourceReader>(ReaderOptions(*tailed, file->labels), tailed,
                                                &rules_->candidates, &rules_->matcher);
  RestoreReader(*tailed, file->reader.get());
  for (const auto& other : files_) {
    if (other->tailed->state() == TailedFile::State::kDiscard) {
      file->reader->GoOnFrom(*other->reader);
    }
  }
  // Turns are not worth a line each.
  file->described = parked_.erase(RowKey(tailed->identity())) > 0;
  if (!file->described) {
    LogInfo("file opened",
            {{"file", tailed->identity().path}, {"offset", absl::StrCat(tailed->offset())}});
  }
  files_.push_back(std::move(file));
}

SourceReader::Options LiveSource::ReaderOptions(const TailedFile& tailed, Labels labels) const {
  SourceReader::Options options;
  options.name = tailed.identity().path;
  options.labels = std::move(labels);
  options.format = config_->format;
  options.zone = config_->zone;
  options.max_future = std::max(config_->max_future, kReadableFuture);
  options.lateness = config_->lateness;
  options.live = true;
  options.offset = tailed.offset();
  options.multiline = config_->multiline;
  const std::optional<GlogFile> glog = GlogFile::Identify(options.name);
  if (glog.has_value()) options.begins = glog->created;
  return options;
}

// Gives the reader what the last run knew of the file.
void LiveSource::RestoreReader(const TailedFile& tailed, SourceReader* reader) {
  const std::string key = RowKey(tailed.identity());
  const auto row = std::find_if(stored_.begin(), stored_.end(),
                                [&key](const PositionRow& stored) { return stored.source == key; });
  if (row == stored_.end()) return;
  const absl::StatusOr<Json> state = ParseJson(row->state);
  if (state.ok() && state->is_object() && state->contains("reader") &&
      (*state)["reader"].is_string() &&
      !reader->RestoreState((*state)["reader"].get_ref<const std::string&>()).ok()) {
    LogWarn("what was known of a file cannot be read", {{"file", tailed.identity().path}});
  }
  stored_.erase(row);
}

void LiveSource::Poll(Delta* delta) {
  TailSet::Changes changes = tail_.Poll(clock_->Monotonic());
  for (const auto& released : changes.released) {
    delta->positions.push_back({RowKey(released->identity()), "", true});
    Release(released.get());
  }
  for (const FilePosition& forgotten : changes.forgotten) {
    const std::string key = RowKey(forgotten);
    delta->positions.push_back({key, "", true});
    if (parked_.erase(key) == 0) continue;
    stored_.erase(std::remove_if(stored_.begin(), stored_.end(),
                                 [&key](const PositionRow& row) { return row.source == key; }),
                  stored_.end());
  }
  for (TailedFile* const opened : changes.opened) Open(opened);
  if (!changes.opened.empty() || !changes.released.empty()) CrashPoint("after-rotation");
  // The order of reading is the TailSet's: older files of a path first.
  const std::vector<TailedFile*> order = tail_.files();
  const auto place = [&order](const std::unique_ptr<File>& file) {
    return std::find(order.begin(), order.end(), file->tailed) - order.begin();
  };
  std::stable_sort(files_.begin(), files_.end(),
                   [&place](const auto& a, const auto& b) { return place(a) < place(b); });

  for (TailedFile* const tailed : changes.had_turn) Park(tailed, delta);
  if (source_files_->Changed()) {
    delta->positions.push_back({absl::StrCat(config_->Key(), kFilesRow), source_files_->Save()});
  }
  NoteHealth();
  progress_->Settle(well_, clock_->Now());
  if (const auto offset = offset_.Median(clock_->Monotonic()); offset.has_value()) {
    offset_seconds_.Set(*offset);
  }
}

void LiveSource::Release(const TailedFile* tailed) {
  LogInfo("file closed", {{"file", tailed->identity().path}});
  const auto it = std::find_if(files_.begin(), files_.end(),
                               [&](const auto& file) { return file->tailed == tailed; });
  if (it == files_.end()) return;
  progress_->Leave((*it)->member);
  files_.erase(it);
}

// There are not enough descriptors: others are read, and this file goes on from its row later.
void LiveSource::Park(TailedFile* tailed, Delta* delta) {
  const auto it = std::find_if(files_.begin(), files_.end(),
                               [&](const auto& file) { return file->tailed == tailed; });
  if (it == files_.end() || (*it)->finished) return;
  const absl::StatusOr<FilePosition> position = tailed->PositionAt((*it)->reader->resume_offset());
  if (!position.ok()) return;
  PositionRow row = RowOf(**it, *position);
  parked_.insert(row.source);
  stored_.push_back(row);
  delta->positions.push_back(std::move(row));
  const bool at_end = (*it)->caught_up;
  progress_->Leave((*it)->member);
  files_.erase(it);
  tail_.Park(tailed, *position, at_end);
}

// A source is well when there is a file to read, if it needs one, and none of its files fails.
void LiveSource::NoteHealth() {
  const bool any = std::any_of(files_.begin(), files_.end(), [](const auto& file) {
    return file->tailed->state() == TailedFile::State::kOpen;
  });
  const auto failing = std::find_if(files_.begin(), files_.end(),
                                    [](const auto& file) { return !file->why_failing.empty(); });
  const absl::Status without = any ? absl::OkStatus() : source_files_->WithoutFiles();
  well_ = without.ok();
  if (failing != files_.end()) {
    health_.NoteFault((*failing)->why_failing, clock_->Monotonic(), clock_->Now());
  } else if (!without.ok()) {
    health_.NoteFault(without.message(), clock_->Monotonic(), clock_->Now());
  } else {
    health_.NoteWell(clock_->Now());
  }
}

bool LiveSource::Read() {
  bool more = false;
  for (const auto& file : files_) {
    if (!file->finished && ReadSome(file.get())) more = true;
  }
  progress_->Settle(well_, clock_->Now());
  return more;
}

// While more waits to be decided than may, what is ahead of its rules' clocks waits in its file
// for those that hold them.
bool LiveSource::MustWait(const File& file) const {
  const Evaluator& evaluator = rules_->evaluator;
  if (!evaluator.Full() || file.complete_to == kNoTime) return false;
  return evaluator.Ahead(file.rules, SubtractNs(file.complete_to, config_->lateness));
}

// True if there may be more at once.
bool LiveSource::ReadSome(File* file) {
  const uint64_t begin = file->tailed->offset();
  if (!ReadFile(file)) return false;
  // Little is mostly all that there is. Where the end is seen at once, what that says is decided,
  // told and committed once, and not once for what is certain and once more at the end.
  // Where too much waits to be decided, the clocks go on first: they say who must wait.
  if (file->tailed->offset() - begin >= kLittle || rules_->evaluator.Full()) return true;
  return ReadFile(file);
}

// Reads one block. True if there may be more at once.
bool LiveSource::ReadFile(File* file) {
  if (MustWait(*file)) {
    pauses_total_.Add();
    return false;
  }
  const TailedFile::State state = file->tailed->state();
  if (state == TailedFile::State::kFinish) file->reader->Finish();
  const TimeNs before = clock_->Now();
  const uint64_t offset = file->reader->resume_offset();
  std::vector<SourceItem> items;
  const absl::StatusOr<bool> at_end = file->reader->Read(before, &items);
  NoteFile(file, at_end.status());
  if (at_end.ok() && *at_end && state == TailedFile::State::kOpen && IsQuiet(file)) {
    file->reader->TellUnfinished(before, &items);
  }
  if (file->reader->resume_offset() != offset || !items.empty()) file->changed = true;
  Take(file, std::move(items), before);
  if (!at_end.ok()) return false;
  file->caught_up = *at_end;
  if (!file->described && file->reader->format() != nullptr) {
    file->described = true;
    LogInfo("format", {{"file", file->tailed->identity().path},
                       {"format", file->reader->format()->Describe()}});
  }
  if (!*at_end) return true;
  if (state == TailedFile::State::kOpen) {
    file->complete_to = before;
    progress_->Progress(file->member, before);
  } else {
    file->finished = true;
    file->changed = true;
    progress_->SetLive(file->member, false);
  }
  return false;
}

// Whether nothing has come for so long that the last line may be whole without its newline.
bool LiveSource::IsQuiet(File* file) {
  if (config_->partial_flush == 0) return false;
  const TimeNs monotonic = clock_->Monotonic();
  if (file->grown_at == kNoTime || file->tailed->offset() != file->read_to) {
    file->read_to = file->tailed->offset();
    file->grown_at = monotonic;
  }
  return monotonic - file->grown_at >= config_->partial_flush;
}

void LiveSource::Take(File* file, std::vector<SourceItem> items, TimeNs arrival) {
  Evaluator& evaluator = rules_->evaluator;
  if (!items.empty()) NoteOffset(*file, items.back().time, arrival);
  const TimeNs bound = AddNs(arrival, config_->max_future);
  for (SourceItem& item : items) {
    if (item.time > bound) {
      item.time = item.record.time = bound;
      future_total_.Add();
    }
    if (!file->started) {
      file->started = true;
      progress_->Started(file->member, item.time);
    }
    item.record.file = file->name;
    evaluator.Add(item.record);
    file->latest = std::max(file->latest, item.time);
  }
  // While there are unread bytes, the greatest time read so far is all that is known.
  if (!items.empty()) {
    file->complete_to = file->latest;
    progress_->Progress(file->member, file->latest);
  }
  const SourceCounts counts = file->reader->counts();
  read_.Add(file->counted, counts);
  file->counted = counts;
}

// Only what comes while the file is read as it is written says how far its clock is off.
void LiveSource::NoteOffset(const File& file, TimeNs stated, TimeNs arrival) {
  if (!file.caught_up || file.reader->first_time() == kNoTime) return;
  offset_.Note(stated, arrival, clock_->Monotonic());
  if (!offset_.TakeWarning()) return;
  const DurationNs offset = offset_.warned_offset();
  const std::string zone = SourceClockOffset::ZoneDifference(offset);
  const std::string size = FormatDuration((offset < 0 ? -offset : offset) / kSecond * kSecond);
  const std::string off = absl::StrCat(size, offset < 0 ? " behind" : " ahead");
  if (zone.empty()) {
    LogWarn("the times of a source are steadily off the clock",
            {{"source", config_->Key()}, {"off", off}});
  } else {
    LogWarn(
        "the times of a source are steadily off the clock by as much as a time zone: is its "
        "timezone right?",
        {{"source", config_->Key()}, {"off", off}, {"zone_difference", zone}});
  }
}

// A file that cannot be read for a while is stuck: it must not hold the clock for ever.
void LiveSource::NoteFile(File* file, const absl::Status& status) {
  if (status.ok()) {
    if (!file->live) {
      file->live = true;
      progress_->SetLive(file->member, true);
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
    progress_->SetLive(file->member, false);
  }
}

void LiveSource::Save(Delta* delta) {
  for (const auto& file : files_) {
    if (file->changed) SaveFile(file.get(), delta);
  }
}

SourceView LiveSource::View() const {
  SourceView view;
  view.key = config_->Key();
  view.lateness = config_->lateness;
  view.lines = read_.lines();
  view.bytes = read_.bytes();
  for (const auto& file : files_) {
    if (file->finished) continue;
    ++view.files;
    if (!file->caught_up) view.state = SourceView::State::kBehind;
    if (view.files == 1 || file->complete_to < view.complete_to) {
      view.complete_to = file->complete_to;
    }
  }
  if (health_.down()) {
    view.state = SourceView::State::kDown;
    view.why = health_.why();
  }
  return view;
}

bool LiveSource::Unsaved() const {
  return std::any_of(files_.begin(), files_.end(), [](const auto& file) { return file->changed; });
}

PositionRow LiveSource::RowOf(const File& file, const FilePosition& position) const {
  return {RowKey(position),
          DumpJson(Json{{"position", position.Encode()}, {"reader", file.reader->SaveState()}})};
}

void LiveSource::SaveFile(File* file, Delta* delta) {
  file->changed = false;
  const absl::StatusOr<FilePosition> position =
      file->tailed->PositionAt(file->reader->resume_offset());
  if (position.ok()) {
    delta->positions.push_back(RowOf(*file, *position));
  }
  if (file->finished && !file->saved_finished) {
    file->saved_finished = true;
    delta->committed.push_back([tailed = file->tailed] { tailed->MarkCommitted(); });
  }
}

void LiveSource::UseRules(LiveRules* rules) {
  rules_ = rules;
  progress_ = std::make_unique<SourceProgress>(ProgressOptions(*config_), &rules->evaluator);
  for (const auto& file : files_) {
    Join(file.get());
    file->reader->UseRules(&rules->candidates, &rules->matcher);
    if (file->started) progress_->Started(file->member, file->latest);
    if (file->finished || !file->live) progress_->SetLive(file->member, false);
  }
  progress_->Settle(well_, clock_->Now());
}

}  // namespace tallybell
