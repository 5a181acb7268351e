// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_connection.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/net/http_answer.h"

namespace tallybell {
namespace {

constexpr size_t kHeadBuffer = 4 * 1024;
constexpr size_t kBodyBuffer = 64 * 1024;
constexpr size_t kSmallAnswer = 4 * 1024;  // goes out however full the budget is
constexpr DurationNs kFinishTime = 2 * kSecond;
constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

TimeNs Steady() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

ServedResponse TryLater() {
  ServedResponse response = PlainAnswer(503);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void HttpServing::CountRefusal(absl::string_view reason) const {
  metrics->Get("http_refused_total", {{"reason", std::string(reason)}}).Add();
}

HttpConnection::HttpConnection(uint64_t id, HttpServing* serving,
                               std::shared_ptr<HttpTransport> transport, std::string peer)
    : id_(id), serving_(serving), transport_(std::move(transport)), peer_(std::move(peer)) {}

bool HttpConnection::is_busy() const {
  return phase_ == Phase::kBody || phase_ == Phase::kAnswering || phase_ == Phase::kWriting ||
         (phase_ == Phase::kHead && head_.has_value() && head_->begun());
}

void HttpConnection::Start() {
  Enter(Phase::kHead, serving_->limits.head_time);
  transport_->Handshake([self = shared_from_this()](bool ok) {
    if (!ok) {
      if (self->phase_ != Phase::kClosed) self->serving_->CountRefusal("handshake");
      return self->Close();
    }
    // The time for the first head began with the connection.
    self->head_.emplace(self->serving_->limits.head);
    self->ReadMore();
  });
}

void HttpConnection::Enter(Phase phase, DurationNs limit) {
  if (phase_ == Phase::kClosed) return;
  phase_ = phase;
  phase_since_ = Steady();
  transport_->SetAlarm(limit, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnAlarm();
  });
}

void HttpConnection::OnAlarm() {
  switch (phase_) {
    case Phase::kHead:
      if (!head_.has_value() || !head_->begun()) return Close();
      return Refuse({408, "head_time"});
    case Phase::kBody:
      return Refuse({408, "body_time"});
    case Phase::kAnswering:
      serving_->CountRefusal("answer_time");
      return Send(TryLater(), false);
    case Phase::kWriting:
      serving_->CountRefusal("write_time");
      return Close();
    case Phase::kFinishing:
      return Close();
    case Phase::kClosed:
      return;
  }
}

void HttpConnection::Close() {
  if (phase_ == Phase::kClosed) return;
  const auto self = shared_from_this();
  phase_ = Phase::kClosed;
  transport_->Close();
  lease_ = nullptr;
  serving_->closed(id_);
}

void HttpConnection::ReadMore() {
  const size_t size = phase_ == Phase::kBody ? kBodyBuffer : kHeadBuffer;
  if (buffer_.size() != size) buffer_ = std::string(size, '\0');
  begin_ = end_ = 0;
  reading_ = true;
  transport_->Read(&buffer_[0], buffer_.size(), [self = shared_from_this()](size_t n) {
    self->reading_ = false;
    // An alarm may have answered meanwhile; what came is not looked at then.
    if (self->phase_ != Phase::kHead && self->phase_ != Phase::kBody) return;
    if (n == 0) return self->Close();
    self->end_ = n;
    self->Consume();
  });
}

void HttpConnection::Write(absl::string_view bytes, std::function<void()> done) {
  writing_ = true;
  transport_->Write(bytes, [self = shared_from_this(), done = std::move(done)](bool ok) {
    self->writing_ = false;
    if (!ok) return self->Close();
    done();
  });
}

void HttpConnection::Expect() {
  head_.emplace(serving_->limits.head);
  body_.reset();
  out_ = std::string();
  Enter(Phase::kHead, serving_->limits.idle_time);
  if (serving_->stopping) return Close();
  if (pending().empty()) return ReadMore();
  Consume();
}

void HttpConnection::Consume() {
  if (phase_ == Phase::kHead) return ConsumeHead();
  if (phase_ == Phase::kBody) return ConsumeBody();
}

void HttpConnection::ConsumeHead() {
  if (!head_->begun() && request_ > 0) Enter(Phase::kHead, serving_->limits.head_time);
  size_t used = 0;
  const HttpHeadReader::State state = head_->Feed(pending(), &used);
  begin_ += used;
  if (state == HttpHeadReader::State::kMore) return ReadMore();
  if (state == HttpHeadReader::State::kRefused) return Refuse(head_->refusal());
  OnHead();
}

void HttpConnection::OnHead() {
  const HttpHead& head = head_->head();
  verdict_ = serving_->gate.Judge(head);
  if (verdict_.refusal.status != 0) {
    // The next request can only be found where this one has no body.
    const bool keep_alive = head.keep_alive && !head.chunked && head.length == 0;
    return Refuse(verdict_.refusal, std::move(verdict_.headers), keep_alive);
  }
  body_.emplace(head.chunked, head.length, verdict_.max_body);
  lease_ = std::make_shared<ByteLease>(serving_->bodies);
  Enter(Phase::kBody, serving_->limits.body_time);
  if (!head.expects_continue || !pending().empty()) return ConsumeBody();
  Write(kContinue, [this] {
    if (phase_ == Phase::kBody) ReadMore();
  });
}

void HttpConnection::ConsumeBody() {
  size_t used = 0;
  const HttpBodyReader::State state = body_->Feed(pending(), &used);
  begin_ += used;
  if (!lease_->GrowTo(static_cast<int64_t>(body_->body().capacity()))) {
    serving_->CountRefusal("bodies_in_memory");
    return Send(TryLater(), false);
  }
  switch (state) {
    case HttpBodyReader::State::kMore:
      return ReadMore();
    case HttpBodyReader::State::kMalformed:
      return Refuse({400, "framing"});
    case HttpBodyReader::State::kTooLong:
      return Refuse({413, "body"});
    case HttpBodyReader::State::kDone:
      return Dispatch();
  }
}

void HttpConnection::Dispatch() {
  ServedRequest request;
  request.method = head_->head().method;
  request.path = std::move(verdict_.target.path);
  request.query = std::move(verdict_.target.query);
  request.headers = std::move(head_->head().fields);
  request.body = std::move(body_->body());
  request.peer = peer_;
  request.wait = serving_->limits.answer_time;
  Enter(Phase::kAnswering, serving_->limits.answer_time);
  Responder responder = serving_->new_responder(id_, ++request_, std::move(lease_));
  try {
    verdict_.route->handler(std::move(request), std::move(responder));
  } catch (...) {
    // The responder went with it and answers 500.
    serving_->metrics->Get("http_handler_failures_total").Add();
  }
}

void HttpConnection::Answer(uint64_t request, ServedResponse response) {
  if (phase_ != Phase::kAnswering || request != request_) return;
  Send(std::move(response), head_->head().keep_alive);
}

void HttpConnection::Refuse(const HttpRefusal& refusal, HttpFields headers, bool keep_alive) {
  serving_->CountRefusal(refusal.reason);
  ServedResponse response = PlainAnswer(refusal.status);
  response.headers = std::move(headers);
  Send(std::move(response), keep_alive);
}

void HttpConnection::Send(ServedResponse response, bool keep_alive) {
  if (phase_ == Phase::kClosed) return;
  keep_alive = keep_alive && !serving_->stopping;
  const bool with_body = head_->head().method != "HEAD";
  auto lease = std::make_shared<ByteLease>(serving_->answers);
  int status = 0;
  if (response.body.size() > kSmallAnswer &&
      !lease->GrowTo(static_cast<int64_t>(response.body.size()))) {
    serving_->CountRefusal("answers_in_memory");
    response = TryLater();
  }
  if (writing_) return Close();  // the client does not even take the word to go on
  out_ = RenderAnswer(response, with_body, keep_alive, &status);
  body_.reset();
  lease_ = nullptr;
  ++request_;  // no answer is taken for this one any more
  serving_->metrics->Get("http_requests_total", {{"code", absl::StrCat(status)}}).Add();
  Enter(Phase::kWriting, serving_->limits.write_time);
  Write(out_, [this, lease, keep_alive] {
    if (phase_ != Phase::kWriting) return;
    return keep_alive ? Expect() : Finish();
  });
}

void HttpConnection::Finish() {
  // It ran out of time while it read: nothing has come that a close could trip over.
  if (reading_) return Close();
  out_ = std::string();
  buffer_ = std::string();
  begin_ = end_ = 0;
  Enter(Phase::kFinishing, kFinishTime);
  transport_->Finish([self = shared_from_this()](bool) { self->Close(); });
}

}  // namespace tallybell
