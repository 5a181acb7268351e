// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/snapshot_desk.h"

#include <utility>

namespace tallybell {

struct SnapshotDesk::Tray {
  absl::Mutex mutex;
  bool filled ABSL_GUARDED_BY(mutex) = false;
  std::shared_ptr<const EngineSnapshot> snapshot ABSL_GUARDED_BY(mutex);

  void Fill(std::shared_ptr<const EngineSnapshot> made) {
    absl::MutexLock lock(&mutex);
    snapshot = std::move(made);
    filled = true;
  }

  std::shared_ptr<const EngineSnapshot> Take() {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&filled));
    filled = false;
    return std::move(snapshot);
  }
};

namespace {

// Fills the tray with nothing if the letter that holds it is thrown away.
template <typename TrayPtr>
struct Obligation {
  TrayPtr tray;
  ~Obligation() {
    if (tray != nullptr) tray->Fill(nullptr);
  }
};

}  // namespace

SnapshotDesk::SnapshotDesk(EngineMailbox* mailbox,
                           std::function<std::shared_ptr<const EngineSnapshot>(LiveEngine*)> make)
    : mailbox_(mailbox), make_(std::move(make)), tray_(std::make_shared<Tray>()) {
  thread_ = std::thread([this] { Serve(); });
}

SnapshotDesk::~SnapshotDesk() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  // It may be waiting for an engine that does nothing any more.
  tray_->Fill(nullptr);
  thread_.join();
}

bool SnapshotDesk::Ask(Client client) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || clients_.size() >= kMaxClients) return false;
  clients_.push_back(std::move(client));
  return true;
}

bool SnapshotDesk::Run(std::function<void()> work) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || work_.size() >= kMaxClients) return false;
  work_.push_back(std::move(work));
  return true;
}

void SnapshotDesk::Serve() {
  for (;;) {
    std::vector<Client> clients;
    std::vector<std::function<void()>> work;
    {
      absl::MutexLock lock(&mutex_);
      const auto wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return stopping_ || !clients_.empty() || !work_.empty();
      };
      mutex_.Await(absl::Condition(&wanted));
      if (stopping_) return;
      clients.swap(clients_);
      work.swap(work_);
    }
    for (const std::function<void()>& task : work) task();
    if (!clients.empty()) ServeClients(clients);
  }
}

void SnapshotDesk::ServeClients(const std::vector<Client>& clients) {
  auto obligation = std::make_shared<Obligation<std::shared_ptr<Tray>>>();
  obligation->tray = tray_;
  const bool posted = mailbox_->Post([obligation, make = make_](LiveEngine* engine) {
    std::exchange(obligation->tray, nullptr)->Fill(make(engine));
  });
  obligation.reset();
  // Refused or forgotten, the letter is gone by now or will be, and has filled the tray.
  const std::shared_ptr<const EngineSnapshot> snapshot = tray_->Take();
  for (const Client& client : clients) client(posted ? snapshot : nullptr);
}

}  // namespace tallybell
