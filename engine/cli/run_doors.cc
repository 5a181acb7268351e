// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/run_doors.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/serve/push_routes.h"

namespace tallybell {
namespace {

// How long answers that are due may take to leave at the end.
constexpr DurationNs kGrace = kSecond;

absl::Status AtAddress(const std::string& address, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat("listen ", address, ": ", status.message()));
}

int64_t MaxBody(const PushSource& push) {
  return static_cast<int64_t>(push.config().limits.body_bytes);
}

absl::StatusOr<std::unique_ptr<HttpListener>> OpenPush(PushSource* push, Metrics* metrics) {
  const ListenConfig& config = push->config().listener;
  absl::StatusOr<HttpListener::Options> options = ListenerOptions(config, "");
  if (!options.ok()) return AtAddress(config.listen, options.status());
  auto listener = HttpListener::Create(*std::move(options),
                                       PushRoutes(&push->intake(), MaxBody(*push)), metrics);
  if (!listener.ok()) return AtAddress(config.listen, listener.status());
  LogInfo("listening for pushes", {{"address", (*listener)->address()}});
  return listener;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunDoors>> RunDoors::Open(const ServerConfig& server,
                                                         EngineHooks hooks, LiveEngine* engine,
                                                         EngineMailbox* mailbox, Metrics* metrics) {
  std::unique_ptr<RunDoors> doors(new RunDoors());
  std::vector<HttpRoute> routes;
  for (PushSource* const push : engine->pushes()) {
    if (push->config().listener.listen.empty()) {
      routes = PushRoutes(&push->intake(), MaxBody(*push));
    } else {
      ASSIGN_OR_RETURN(std::unique_ptr<HttpListener> listener, OpenPush(push, metrics));
      doors->pushes_.push_back(std::move(listener));
    }
  }
  const ListenConfig& config = server.listener;
  if (config.listen.empty()) return doors;
  absl::StatusOr<HttpListener::Options> options = ListenerOptions(config, server.external_url);
  if (!options.ok()) return AtAddress(config.listen, options.status());
  auto opened =
      FrontDoor::Open(*std::move(options), std::move(routes), std::move(hooks), mailbox, metrics);
  if (!opened.ok()) return AtAddress(config.listen, opened.status());
  doors->server_ = *std::move(opened);
  LogInfo("listening", {{"address", doors->server_->address()}});
  return doors;
}

absl::Status RunDoors::ReloadTls() {
  absl::Status worst;
  if (server_ != nullptr) worst.Update(server_->ReloadTls());
  for (const auto& push : pushes_) worst.Update(push->ReloadTls());
  return worst;
}

void RunDoors::Close() {
  if (server_ != nullptr) server_->Close(kGrace);
  for (const auto& push : pushes_) push->Stop(kGrace);
}

}  // namespace tallybell
