// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_history_reader.h"

#include <limits>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tallybell {

struct StatusHistoryReader::Tray {
  using Events = std::optional<std::vector<HistoryEvent>>;

  absl::Mutex mutex;
  bool reading ABSL_GUARDED_BY(mutex) = false;
  bool late ABSL_GUARDED_BY(mutex) = false;  // somebody waited for it in vain
  Events events ABSL_GUARDED_BY(mutex);

  void Fill(Events read) {
    absl::MutexLock lock(&mutex);
    events = std::move(read);
    reading = false;
    late = false;
  }
};

namespace {

// Fills the tray with nothing if it is thrown away before.
template <typename TrayPtr>
class Reading {
 public:
  explicit Reading(TrayPtr tray) : tray_(std::move(tray)) {}
  ~Reading() {
    if (tray_ != nullptr) tray_->Fill(std::nullopt);
  }

  void Look(Store* store) {
    const absl::StatusOr<Store::HistoryPage> page =
        store->HistoryBefore(std::numeric_limits<int64_t>::max(), StatusHistoryReader::kEvents);
    if (!page.ok()) return;
    std::vector<HistoryEvent> events;
    for (const HistoryRow& row : page->rows) events.push_back(ReadHistoryEvent(row));
    std::exchange(tray_, nullptr)->Fill(std::move(events));
  }

 private:
  TrayPtr tray_;
};

}  // namespace

StatusHistoryReader::StatusHistoryReader(std::function<void(Committer::Reader)> read)
    : read_(std::move(read)), tray_(std::make_shared<Tray>()) {}

void StatusHistoryReader::Begin() {
  {
    absl::MutexLock lock(&tray_->mutex);
    if (std::exchange(tray_->reading, true)) return;
  }
  auto reading = std::make_shared<Reading<std::shared_ptr<Tray>>>(tray_);
  read_([reading = std::move(reading)](Store* store) {
    reading->Look(store);
    return false;
  });
}

std::optional<std::vector<HistoryEvent>> StatusHistoryReader::Take(DurationNs patience) {
  absl::MutexLock lock(&tray_->mutex);
  const auto read = [this]()
                        ABSL_EXCLUSIVE_LOCKS_REQUIRED(tray_->mutex) { return !tray_->reading; };
  const absl::Duration wait = absl::Nanoseconds(tray_->late ? 0 : patience);
  if (tray_->mutex.AwaitWithTimeout(absl::Condition(&read), wait)) return tray_->events;
  tray_->late = true;
  return std::nullopt;
}

}  // namespace tallybell
