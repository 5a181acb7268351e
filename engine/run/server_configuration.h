// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SERVER_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_SERVER_CONFIGURATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "engine/net/credentials.h"
#include "engine/net/http_listener.h"
#include "engine/run/configuration_fields.h"

namespace tallybell {

// Where something listens, and who may come: docs/server.md, "Configuration". A plain value.
struct ListenConfig {
  std::string listen;  // empty: nowhere
  std::string cert_file;
  std::string key_file;
  bool insecure = false;
  Credentials::Options credentials;  // that a client must have; none: anybody may ask
};

struct ServerConfig {
  ListenConfig listener;
  std::string external_url;  // empty: not known
};

// Reads `listen` and what belongs to it from `*fields`, without finishing them.
ListenConfig ReadListen(ConfigurationFields* fields);

// Reads the map `server`.
ServerConfig ReadServer(ConfigurationFields* fields);

// One of `basic_auth` and `authorization`, as Prometheus writes them.
Credentials::Options ReadCredentials(ConfigurationFields* fields);

// Reads the secrets that `config` names. NotFound, PermissionDenied or InvalidArgument if that
// cannot be. `external_url` may be empty; its host is one that clients may call the server by.
absl::StatusOr<HttpListener::Options> ListenerOptions(const ListenConfig& config,
                                                      const std::string& external_url);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SERVER_CONFIGURATION_H_
