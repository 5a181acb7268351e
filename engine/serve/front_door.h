// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_FRONT_DOOR_H_
#define TALLYBELL_ENGINE_SERVE_FRONT_DOOR_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/net/http_listener.h"
#include "engine/run/engine_mailbox.h"
#include "engine/run/engine_snapshot.h"
#include "engine/run/outbox_access.h"
#include "engine/serve/snapshot_desk.h"
#include "engine/store/committer.h"

namespace tallybell {

// What the front door asks of the engine behind it. Each function is called on the evaluation
// thread, and must be quick.
struct EngineHooks {
  std::function<std::shared_ptr<const EngineSnapshot>(LiveEngine*)> snapshot;
  // Brings the gauges up to date that are not counted as things happen.
  std::function<void(LiveEngine*)> update_gauges;
  // Loads and takes over the configuration; says what is wrong with it.
  std::function<absl::Status(LiveEngine*)> reload;
  // Forgets a rule's group: its window, and its alert, which ends. NotFound if there is none.
  std::function<absl::Status(LiveEngine*, const std::string& rule, const Labels& group)> forget;
  // The configuration as it is in force, without secrets.
  std::function<std::string(LiveEngine*)> configuration;
  // Has a reader look at the state file, as Committer::Read does.
  std::function<bool(LiveEngine*, Committer::Reader)> read_state;

  // Not functions: what any thread may use. The clock outlives the front door.
  std::shared_ptr<OutboxAccess> outbox;
  const Clock* clock = nullptr;
};

// tallybell's HTTP face: health, metrics, reload, the API (docs/server.md) and
// the status page (docs/status-page.md). Further routes, of
// sources that are pushed to, are given by whoever opens it.
//
// Opened and closed by the thread that runs the engine. Requests are served by the listener's
// thread and the desk's; the evaluation thread is only ever asked for what EngineHooks names.
class FrontDoor {
 public:
  // `mailbox` and `metrics` outlive it.
  static absl::StatusOr<std::unique_ptr<FrontDoor>> Open(HttpListener::Options options,
                                                         std::vector<HttpRoute> more_routes,
                                                         EngineHooks hooks, EngineMailbox* mailbox,
                                                         Metrics* metrics);

  // As it can be connected to.
  const std::string& address() const { return listener_->address(); }

  // See HttpListener.
  absl::Status ReloadTls() { return listener_->ReloadTls(); }

  // Answers what waits, for at most `grace`, and closes. The mailbox must still be delivered, or
  // closed, meanwhile.
  void Close(DurationNs grace);

 private:
  FrontDoor(EngineHooks hooks, EngineMailbox* mailbox, Metrics* metrics);

  std::vector<HttpRoute> Routes();
  void AddStateRoutes(std::vector<HttpRoute>* routes);
  HttpHandler ShowMetrics();
  HttpHandler ShowSnapshot(std::function<std::string(const EngineSnapshot&, const ServedRequest&)>);
  HttpHandler Reload();
  HttpHandler Forget();
  HttpHandler ShowConfiguration();

  const EngineHooks hooks_;
  EngineMailbox* const mailbox_;
  Metrics* const metrics_;
  std::unique_ptr<SnapshotDesk> desk_;
  std::unique_ptr<HttpListener> listener_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_FRONT_DOOR_H_
