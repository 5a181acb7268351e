// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/scripted_receiver.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace tallybell {
namespace {

bool SendAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(n);
  }
  return true;
}

// Reads one request from `fd`; what comes behind it stays in `*buffer`.
bool ReadRequest(int fd, std::string* buffer, ScriptedReceiver::Request* request) {
  size_t head_end;
  const auto more = [&] {
    char chunk[16384];
    const ssize_t n = recv(fd, chunk, sizeof chunk, 0);
    if (n > 0) buffer->append(chunk, n);
    return n > 0;
  };
  while ((head_end = buffer->find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return false;
  }
  request->head = buffer->substr(0, head_end + 2);
  buffer->erase(0, head_end + 4);
  const std::vector<std::string> lines = absl::StrSplit(request->head, "\r\n");
  const std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  if (words.size() != 3) return false;
  request->method = words[0];
  request->target = words[1];
  size_t length = 0;
  for (const std::string& line : lines) {
    if (absl::StartsWithIgnoreCase(line, "content-length:")) {
      if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(line.substr(15)), &length)) return false;
    }
  }
  while (buffer->size() < length) {
    if (!more()) return false;
  }
  request->body = buffer->substr(0, length);
  buffer->erase(0, length);
  return true;
}

}  // namespace

ScriptedReceiver::ScriptedReceiver(std::vector<Step> steps) : steps_(steps.begin(), steps.end()) {
  // As main does before anything else.
  std::signal(SIGPIPE, SIG_IGN);
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedReceiver::~ScriptedReceiver() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  listener_.Close();
  acceptor_.join();
  for (std::thread& server : servers_) server.join();
}

ScriptedReceiver::Step ScriptedReceiver::Answer(int status, absl::string_view body,
                                                absl::string_view headers) {
  Step step;
  step.bytes = absl::StrCat("HTTP/1.1 ", status, " Whatever\r\nContent-Length: ", body.size(),
                            "\r\n", headers, "\r\n", body);
  return step;
}

std::string ScriptedReceiver::url() const { return absl::StrCat("http://127.0.0.1:", port()); }

void ScriptedReceiver::Release() {
  absl::MutexLock lock(&mutex_);
  released_ = true;
}

void ScriptedReceiver::Script(std::vector<Step> steps) {
  absl::MutexLock lock(&mutex_);
  steps_.assign(steps.begin(), steps.end());
}

std::vector<ScriptedReceiver::Request> ScriptedReceiver::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

bool ScriptedReceiver::WaitForRequests(size_t n) const {
  absl::MutexLock lock(&mutex_);
  const auto there = [this, n]()
                         ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return requests_.size() >= n; };
  return mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
}

void ScriptedReceiver::Accept() {
  for (int connection = 0;; ++connection) {
    const int fd = listener_.Accept().Release();
    if (fd < 0) return;
    absl::MutexLock lock(&mutex_);
    open_.push_back(fd);
    if (stopping_) shutdown(fd, SHUT_RDWR);
    servers_.emplace_back([this, fd, connection] { Serve(fd, connection); });
  }
}

ScriptedReceiver::Step ScriptedReceiver::NextStep() {
  absl::MutexLock lock(&mutex_);
  if (steps_.empty()) return Answer(200);
  Step step = steps_.front();
  if (steps_.size() > 1) steps_.pop_front();
  return step;
}

void ScriptedReceiver::Serve(int fd, int connection) {
  std::string buffer;
  Request request;
  request.connection = connection;
  while (ReadRequest(fd, &buffer, &request)) {
    {
      absl::MutexLock lock(&mutex_);
      requests_.push_back(request);
    }
    if (!Do(fd, NextStep())) break;
  }
  absl::MutexLock lock(&mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  close(fd);
}

bool ScriptedReceiver::Do(int fd, const Step& step) {
  switch (step.what) {
    case Step::Do::kAnswer:
      return SendAll(fd, step.bytes) && !step.close_after;
    case Step::Do::kHang: {
      absl::MutexLock lock(&mutex_);
      const auto over = [this]()
                            ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return released_ || stopping_; };
      mutex_.Await(absl::Condition(&over));
      return released_ && SendAll(fd, Answer(200).bytes);
    }
    case Step::Do::kReset: {
      const linger at_once = {1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return false;
    }
    case Step::Do::kClose:
      return false;
    case Step::Do::kDrip:
      for (const char c : step.bytes) {
        pollfd peer = {fd, POLLIN, 0};
        // The pause is what makes it a drip; a shutdown of the other end ends it.
        if (poll(&peer, 1, 50) > 0 || !SendAll(fd, absl::string_view(&c, 1))) return false;
      }
      return true;
    case Step::Do::kFlood:
      if (!SendAll(fd, step.bytes)) return false;
      while (SendAll(fd, step.filler)) {
      }
      return false;
  }
  return false;
}

}  // namespace tallybell
