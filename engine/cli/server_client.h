// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_SERVER_CLIENT_H_
#define TALLYBELL_ENGINE_CLI_SERVER_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/cli/arguments.h"
#include "engine/net/http_client.h"
#include "engine/outbox/untold.h"
#include "engine/serve/history_query.h"

namespace tallybell {

// A tallybell that runs, asked through its API (docs/history.md, "Which of the two is asked"). Not
// thread-safe.
class ServerClient {
 public:
  // The tallybell at --url, or the one that listens where --config says, with the password of the
  // configuration. Null where the state file is to be looked at: with --state, or where nobody
  // answers; says on stderr which it is, where it could be both. InvalidArgument for arguments that
  // make no sense; otherwise why it does not answer, where --url names it.
  static absl::StatusOr<std::unique_ptr<ServerClient>> Choose(const Arguments& arguments);

  // The events that `query` wants, all of them whatever its limit is, as they were recorded.
  absl::Status ReadHistory(HistoryQuery query, absl::FunctionRef<void(HistoryEvent)> take);

  // What the receivers have not accepted; `*total` is how many there are, if there are more.
  absl::StatusOr<std::vector<Untold>> ListUntold(int64_t* total);

  // The answer's data. NotFound, and so on, with the server's sentence.
  absl::StatusOr<Json> Ask(absl::string_view method, const std::string& path);

 private:
  explicit ServerClient(std::unique_ptr<HttpClient> client) : client_(std::move(client)) {}

  const std::unique_ptr<HttpClient> client_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_SERVER_CLIENT_H_
