// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_ALERTMANAGER_PROCESS_H_
#define TALLYBELL_TESTS_SUPPORT_ALERTMANAGER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/json_text.h"
#include "engine/net/http_client.h"

namespace tallybell {

// A real Alertmanager on a free loopback port, with its data in a directory of its own; both go
// with this.
class AlertmanagerProcess {
 public:
  static constexpr const char* kBinary = "/usr/bin/prometheus-alertmanager";

  struct Options {
    // Where it sends its notifications; empty: nowhere.
    std::string webhook_url;
    std::string group_wait = "1s";
    std::string group_interval = "1s";
  };

  // Whether there is one on this machine.
  static bool Installed();

  // Returns once it is ready; Unavailable if it is not within half a minute.
  static absl::StatusOr<std::unique_ptr<AlertmanagerProcess>> Start(const Options& options);
  ~AlertmanagerProcess();

  std::string url() const;

  // GET `path` as JSON.
  absl::StatusOr<Json> Get(const std::string& path);

 private:
  AlertmanagerProcess() = default;
  absl::Status Launch(const Options& options);
  absl::Status AwaitReady();
  void End();

  int port_ = 0;
  pid_t pid_ = -1;
  std::string directory_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_ALERTMANAGER_PROCESS_H_
