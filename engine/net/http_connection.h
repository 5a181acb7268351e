// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_CONNECTION_H_
#define TALLYBELL_ENGINE_NET_HTTP_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/net/byte_budget.h"
#include "engine/net/http_body.h"
#include "engine/net/http_gate.h"
#include "engine/net/http_head.h"
#include "engine/net/http_limits.h"
#include "engine/net/http_served.h"
#include "engine/net/http_transport.h"

namespace tallybell {

// What the connections of one listener share; it outlives them.
struct HttpServing {
  HttpServing(const HttpLimits& l, HttpGate g, Metrics* m)
      : limits(l),
        gate(std::move(g)),
        metrics(m),
        bodies(std::make_shared<ByteBudget>(l.bodies_in_memory)),
        answers(std::make_shared<ByteBudget>(l.answers_in_memory)) {}

  const HttpLimits limits;
  const HttpGate gate;
  Metrics* const metrics;
  const std::shared_ptr<ByteBudget> bodies;
  const std::shared_ptr<ByteBudget> answers;
  bool stopping = false;  // each connection ends with the answer that is under way
  // The responder that finds its way back to a request of a connection, and holds on to the lease
  // of the request's body.
  std::function<Responder(uint64_t connection, uint64_t request, std::shared_ptr<ByteLease> body)>
      new_responder;
  std::function<void(uint64_t connection)> closed;

  // Counts one that was turned away.
  void CountRefusal(absl::string_view reason) const;
};

// One client: head, body, handler, answer, and again. Requests that are sent ahead wait in the
// socket, so one connection is never more than one request and one buffer.
//
// Lives on the listener's thread, kept alive by the listener and by what it waits for.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // Where it is, in the order in which connections are given up for newer ones.
  enum class Phase { kFinishing, kHead, kBody, kWriting, kAnswering, kClosed };

  HttpConnection(uint64_t id, HttpServing* serving, std::shared_ptr<HttpTransport> transport,
                 std::string peer);

  void Start();
  // The answer to one of its requests; one that comes too late is dropped.
  void Answer(uint64_t request, ServedResponse response);
  void Close();

  Phase phase() const { return phase_; }
  TimeNs phase_since() const { return phase_since_; }  // of the steady clock
  // Whether a request is under way that an end would break off.
  bool is_busy() const;

 private:
  void Enter(Phase phase, DurationNs limit);
  void OnAlarm();
  void Expect();
  void ReadMore();
  void Write(absl::string_view bytes, std::function<void()> done);
  void Consume();
  void ConsumeHead();
  void ConsumeBody();
  void OnHead();
  void Dispatch();
  void Refuse(const HttpRefusal& refusal, HttpFields headers = {}, bool keep_alive = false);
  void Send(ServedResponse response, bool keep_alive);
  void Finish();
  absl::string_view pending() const {
    return absl::string_view(buffer_).substr(begin_, end_ - begin_);
  }

  const uint64_t id_;
  HttpServing* const serving_;
  const std::shared_ptr<HttpTransport> transport_;
  const std::string peer_;
  Phase phase_ = Phase::kHead;
  TimeNs phase_since_ = 0;
  bool reading_ = false;  // a read is under way, which writes into the buffer,
  bool writing_ = false;  // a write, which reads what it was given
  std::string buffer_;    // [begin_, end_) came and is not consumed
  size_t begin_ = 0;
  size_t end_ = 0;
  std::optional<HttpHeadReader> head_;
  std::optional<HttpBodyReader> body_;
  HttpGate::Verdict verdict_;
  std::shared_ptr<ByteLease> lease_;
  uint64_t request_ = 0;  // how many it has begun to answer
  std::string out_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_CONNECTION_H_
