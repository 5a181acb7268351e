// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_ALERTA_RECEIVER_H_
#define TALLYBELL_TESTS_SUPPORT_ALERTA_RECEIVER_H_

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/json_text.h"

namespace httplib {
class Server;
}  // namespace httplib

namespace tallybell {

// What a stock Alerta 9.1 does with POST /api/alert, as far as a teller of alerts can see it:
// answers, de-duplication, correlation, closing, blackouts, policy, keys. On a free loopback port.
class AlertaReceiver {
 public:
  struct Alert {
    std::string id;
    std::string status;  // "open" or "closed"
    std::string severity;
    std::string value;
    std::string text;
    std::string raw_data;
    std::vector<std::string> tags;
    int duplicate_count = 0;
    int severity_changes = 0;
  };
  // environment, resource, event, customer
  using Key = std::tuple<std::string, std::string, std::string, std::string>;

  struct Answered {
    int status;
    Json body;  // of the request
  };

  // With a key, requests need "Authorization: Key <key>".
  explicit AlertaReceiver(std::string key = "");
  ~AlertaReceiver();

  std::string url() const;  // of the API

  // While it lasts, everything is answered 202 and nothing is kept.
  void SetBlackout(bool on);

  std::map<Key, Alert> alerts() const;
  std::vector<Answered> requests() const;
  bool WaitForRequests(size_t n) const;

 private:
  // Status and body of the answer.
  std::pair<int, Json> Post(absl::string_view authorization, absl::string_view body);
  std::pair<int, Json> Store(const Json& body) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string key_;
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;

  mutable absl::Mutex mutex_;
  bool blackout_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<Key, Alert> alerts_ ABSL_GUARDED_BY(mutex_);
  std::vector<Answered> requests_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_ALERTA_RECEIVER_H_
