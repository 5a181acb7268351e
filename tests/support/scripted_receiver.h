// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SUPPORT_SCRIPTED_RECEIVER_H_
#define TALLYBELL_TESTS_SUPPORT_SCRIPTED_RECEIVER_H_

#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/loopback_listener.h"

namespace tallybell {

// A TCP server on a free loopback port that misbehaves as it is told. It speaks just enough HTTP
// to read a request whole; what it answers is bytes, so that it can answer what no server library
// would. Each connection is served on a thread of its own.
class ScriptedReceiver {
 public:
  // One answer.
  struct Step {
    enum class Do {
      kAnswer,  // sends `bytes`
      kHang,    // sends nothing until Release or the end
      kReset,   // closes with a RST
      kClose,   // closes in good order
      kDrip,    // sends `bytes` one by one, each after the other end has had time to look
      kFlood,   // sends `bytes`, then `filler` over and over until the other end goes
    };
    Do what = Do::kAnswer;
    std::string bytes;
    std::string filler;
    bool close_after = false;
  };

  struct Request {
    std::string method;
    std::string target;
    std::string head;  // the whole head, as it came
    std::string body;
    int connection = 0;  // counted from 0
  };

  // Answers the steps in order, then the last one for ever; with none, 200 and nothing.
  explicit ScriptedReceiver(std::vector<Step> steps = {});
  ~ScriptedReceiver();

  // "HTTP/1.1 <status>" with a length, `headers` (each ending in \r\n) and `body`.
  static Step Answer(int status, absl::string_view body = "", absl::string_view headers = "");

  int port() const { return listener_.port(); }
  std::string url() const;

  // Lets everything that hangs answer 200.
  void Release();
  void Script(std::vector<Step> steps);

  std::vector<Request> requests() const;
  // Waits until there have been `n` requests. False if that takes more than half a minute.
  bool WaitForRequests(size_t n) const;

 private:
  void Accept();
  void Serve(int fd, int connection);
  // False when the connection is to be closed.
  bool Do(int fd, const Step& step);
  Step NextStep();

  const LoopbackListener listener_;

  mutable absl::Mutex mutex_;
  std::deque<Step> steps_ ABSL_GUARDED_BY(mutex_);
  std::vector<Request> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> open_ ABSL_GUARDED_BY(mutex_);
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::vector<std::thread> servers_;  // the accepting thread's
  std::thread acceptor_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SUPPORT_SCRIPTED_RECEIVER_H_
