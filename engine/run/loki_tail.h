// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_LOKI_TAIL_H_
#define TALLYBELL_ENGINE_RUN_LOKI_TAIL_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/net/websocket_client.h"
#include "engine/source/loki_query.h"

namespace tallybell {

// Listens to Loki's tail, on a thread of its own, and connects again whenever it ends.
//
// The tail loses lines and says so seldom, and its labels are not those that history has; so
// nothing is taken from it but when something came. The lines themselves are asked for then.
class LokiTail {
 public:
  // Something came with times from `first` to `last`; both kNoTime: nobody knows what. Called on
  // the tail's thread.
  using Heard = std::function<void(TimeNs first, TimeNs last)>;
  // A tail that was one has ended, or says that it left something out. Called on the tail's thread.
  using Gap = std::function<void()>;

  // The errors of WebSocketClient::Create. `source` is its key; pointers outlive it. Metrics, by
  // source: loki_tail_connected, loki_tail_ends_total.
  static absl::StatusOr<std::unique_ptr<LokiTail>> Create(const LokiTarget& target,
                                                          const std::string& source,
                                                          const Clock* clock, Metrics* metrics);
  // Stops.
  ~LokiTail();

  void Start(Heard heard, Gap gap);
  void Stop();

 private:
  LokiTail(std::unique_ptr<WebSocketClient> client, const LokiTarget& target,
           const std::string& source, const Clock* clock, Metrics* metrics);
  void Run();
  absl::Status Listen();
  void Note(const absl::Status& ended);
  // False: it was stopped meanwhile.
  bool Rest(DurationNs wait);

  const std::unique_ptr<WebSocketClient> client_;
  const LokiTarget target_;
  const std::string source_;
  const Clock* const clock_;
  Metric& connected_;
  Metric& ends_total_;
  Heard heard_;
  Gap gap_;
  int failures_ = 0;              // since a message came
  TimeNs connected_at_ = kNever;  // monotonic
  bool logged_ = false;
  std::thread thread_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_LOKI_TAIL_H_
