// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_SNAPSHOT_DESK_H_
#define TALLYBELL_ENGINE_SERVE_SNAPSHOT_DESK_H_

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/run/engine_mailbox.h"
#include "engine/run/engine_snapshot.h"

namespace tallybell {

// Where those who want to see the engine stand in line. Has a thread of its own, which asks the
// evaluation thread for a snapshot and then serves everybody who was waiting: however many ask, the
// evaluation is asked for one at a time, and what is made of it is made here. Thread-safe.
class SnapshotDesk {
 public:
  // Null if the engine has ended.
  using Client = std::function<void(std::shared_ptr<const EngineSnapshot>)>;

  // More clients than this wait for no good reason.
  static constexpr size_t kMaxClients = 1'024;

  // `make` is called on the evaluation thread, and must be quick. `mailbox` outlives the desk.
  SnapshotDesk(EngineMailbox* mailbox,
               std::function<std::shared_ptr<const EngineSnapshot>(LiveEngine*)> make);
  // Ends the thread; whoever still waits is destroyed unserved.
  ~SnapshotDesk();

  // `client` is called once on the desk's thread. False: too many wait.
  bool Ask(Client client);
  // The same for work that needs no snapshot.
  bool Run(std::function<void()> work);

 private:
  // What the evaluation thread hands back; it outlives a desk that is gone by then.
  struct Tray;

  void Serve();
  void ServeClients(const std::vector<Client>& clients);

  EngineMailbox* const mailbox_;
  const std::function<std::shared_ptr<const EngineSnapshot>(LiveEngine*)> make_;
  const std::shared_ptr<Tray> tray_;
  absl::Mutex mutex_;
  std::vector<Client> clients_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_SNAPSHOT_DESK_H_
