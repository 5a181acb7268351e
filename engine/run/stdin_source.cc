// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/stdin_source.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "engine/base/log.h"
#include "engine/run/source_streams.h"
#include "engine/source/byte_reader.h"

namespace tallybell {
namespace {

// How much is evaluated before what is certain is told.
constexpr size_t kBytesARead = 256 << 10;

}  // namespace

// What there is to read without waiting.
class StdinSource::Pipe : public ByteReader {
 public:
  explicit Pipe(int fd) : fd_(fd) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    pollfd ready = {fd_, POLLIN, 0};
    // A file that hangs up is readable: it gives what is left, and then its end.
    if (ended_ || poll(&ready, 1, 0) <= 0) return 0;
    const ssize_t n = read(fd_, buffer, size);
    if (n > 0) return static_cast<size_t>(n);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    ended_ = true;
    if (n < 0) return absl::ErrnoToStatus(errno, "standard input");
    return 0;
  }

  int fd() const { return fd_; }
  bool ended() const { return ended_; }

 private:
  const int fd_;
  bool ended_ = false;
};

StdinSource::StdinSource(const StdinSourceConfig* config, int fd,
                         const std::vector<PositionRow>& stored, LiveRules* rules,
                         const Clock* clock, Metrics* metrics)
    : config_(config),
      rules_(rules),
      clock_(clock),
      pipe_(std::make_unique<Pipe>(fd)),
      health_(config->Key(), kMinute, stored),
      read_(config->Key(), metrics) {
  SourceReader::Options options;
  options.name = config->Key();
  options.labels = config->labels;
  options.format = config->format;
  options.zone = config->zone;
  options.max_future = config->max_future;
  options.lateness = config->lateness;
  options.live = true;
  options.block = kBytesARead;
  options.multiline = config->multiline;
  reader_ = std::make_unique<SourceReader>(std::move(options), pipe_.get(), &rules->candidates,
                                           &rules->matcher);
  Watch();
}

StdinSource::~StdinSource() = default;

// Makes it known to the rules that are in force.
void StdinSource::Watch() {
  source_ = rules_->evaluator.AddSource(SourceStreams::Possible(config_->labels), config_->lateness,
                                        clock_->Now());
  file_ = rules_->evaluator.AddFile(config_->Key());
}

void StdinSource::Poll(Delta*) { health_.NoteWell(clock_->Now()); }

bool StdinSource::Read() {
  if (ended_) {
    // What its end decided has been told; from now on it holds nobody's clock.
    if (std::exchange(live_, false)) rules_->evaluator.SetLive(source_, false, clock_->Now());
    return false;
  }
  const TimeNs before = clock_->Now();
  std::vector<SourceItem> items;
  absl::StatusOr<bool> at_end = reader_->Read(before, &items);
  Take(std::move(items));
  if (pipe_->ended()) {
    if (!at_end.ok()) {
      LogWarn("standard input cannot be read on",
              {{"err", std::string(at_end.status().message())}});
    }
    End(before);
    return false;
  }
  // An error without an end is that of the lines, which go on behind it.
  at_end_ = at_end.ok() && *at_end;
  if (at_end_) Progress(before);
  return !at_end_;
}

void StdinSource::Take(std::vector<SourceItem> items) {
  for (SourceItem& item : items) {
    if (latest_ == kNoTime) rules_->evaluator.Started(source_, item.time);
    item.record.file = file_;
    rules_->evaluator.Add(item.record);
    latest_ = std::max(latest_, item.time);
  }
  if (!items.empty()) {
    unsaved_ = true;
    Progress(latest_);
  }
  const SourceCounts counts = reader_->counts();
  read_.Add(counted_, counts);
  counted_ = counts;
}

void StdinSource::Progress(TimeNs complete_to) {
  complete_to_ = std::max(complete_to_, complete_to);
  rules_->evaluator.Progress(source_, complete_to_);
}

// Nothing comes late any more: what can be decided by now is.
void StdinSource::End(TimeNs now) {
  ended_ = true;
  at_end_ = true;
  unsaved_ = true;
  reader_->Finish();
  bool last = false;
  while (!last) {
    std::vector<SourceItem> items;
    const absl::StatusOr<bool> at_end = reader_->Read(now, &items);
    Take(std::move(items));
    last = !at_end.ok() || *at_end;
  }
  Progress(AddNs(now, config_->lateness));
  LogInfo("standard input has ended");
}

SourceView StdinSource::View() const {
  SourceView view;
  view.key = config_->Key();
  view.lateness = config_->lateness;
  view.complete_to = complete_to_;
  view.lines = read_.lines();
  view.bytes = read_.bytes();
  if (!at_end_) view.state = SourceView::State::kBehind;
  return view;
}

int StdinSource::watch_fd() const { return ended_ ? -1 : pipe_->fd(); }

void StdinSource::UseRules(LiveRules* rules) {
  rules_ = rules;
  Watch();
  reader_->UseRules(&rules->candidates, &rules->matcher);
  if (latest_ != kNoTime) rules_->evaluator.Started(source_, latest_);
  if (!live_) {
    rules_->evaluator.SetLive(source_, false, clock_->Now());
  } else if (complete_to_ != kNoTime) {
    rules_->evaluator.Progress(source_, complete_to_);
  }
}

}  // namespace tallybell
