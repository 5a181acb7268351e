// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/alerta_receiver.h"

#include <httplib.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace tallybell {
namespace {

constexpr absl::string_view kSeverities[] = {
    "security", "critical", "major",   "minor", "warning", "indeterminate", "informational",
    "normal",   "ok",       "cleared", "debug", "trace",   "unknown"};

std::pair<int, Json> Error(int status, absl::string_view message) {
  return {status, Json{{"status", "error"}, {"code", status}, {"message", std::string(message)}}};
}

bool IsClosing(const std::string& severity) {
  return severity == "normal" || severity == "ok" || severity == "cleared";
}

std::string Text(const Json& body, const char* key, absl::string_view otherwise = "") {
  const auto it = body.find(key);
  return it != body.end() && it->is_string() ? it->get<std::string>() : std::string(otherwise);
}

bool IsStringList(const Json& body, const char* key) {
  const auto it = body.find(key);
  return it == body.end() ||
         (it->is_array() &&
          std::all_of(it->begin(), it->end(), [](const Json& v) { return v.is_string(); }));
}

}  // namespace

AlertaReceiver::AlertaReceiver(std::string key)
    : key_(std::move(key)), server_(std::make_unique<httplib::Server>()) {
  server_->Post("/api/alert", [this](const httplib::Request& request, httplib::Response& response) {
    if (request.get_header_value("Content-Type") != "application/json") {
      response.status = 415;
      return;
    }
    const auto [status, body] = Post(request.get_header_value("Authorization"), request.body);
    response.status = status;
    response.set_content(DumpJson(body), "application/json");
  });
  port_ = server_->bind_to_any_port("127.0.0.1");
  if (port_ < 0) std::abort();
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  // A stop that comes before the loop has begun would be lost.
  while (!server_->is_running()) std::this_thread::yield();
}

AlertaReceiver::~AlertaReceiver() {
  server_->stop();
  thread_.join();
}

std::string AlertaReceiver::url() const { return absl::StrCat("http://127.0.0.1:", port_, "/api"); }

void AlertaReceiver::SetBlackout(bool on) {
  absl::MutexLock lock(&mutex_);
  blackout_ = on;
}

std::map<AlertaReceiver::Key, AlertaReceiver::Alert> AlertaReceiver::alerts() const {
  absl::MutexLock lock(&mutex_);
  return alerts_;
}

std::vector<AlertaReceiver::Answered> AlertaReceiver::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

bool AlertaReceiver::WaitForRequests(size_t n) const {
  absl::MutexLock lock(&mutex_);
  const auto there = [this, n]()
                         ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return requests_.size() >= n; };
  return mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(30));
}

std::pair<int, Json> AlertaReceiver::Post(absl::string_view authorization, absl::string_view body) {
  absl::MutexLock lock(&mutex_);
  const absl::StatusOr<Json> json = ParseJson(body);
  std::pair<int, Json> answer;
  if (!key_.empty() && authorization != absl::StrCat("Key ", key_)) {
    // The real one repeats the key too.
    absl::ConsumePrefix(&authorization, "Key ");
    answer = Error(401, absl::StrCat("API key parameter '", authorization, "' is invalid"));
  } else if (!json.ok() || !json->is_object()) {
    answer = Error(400, "not an object");
  } else {
    answer = Store(*json);
  }
  requests_.push_back({answer.first, json.ok() ? *json : Json()});
  return answer;
}

std::pair<int, Json> AlertaReceiver::Store(const Json& body) {
  for (const char* key : {"resource", "event"}) {
    if (body.contains(key) && !body[key].is_string()) return Error(500, "operator does not exist");
    if (Text(body, key).empty()) {
      return Error(400, absl::StrCat("Missing mandatory value for \"", key, "\""));
    }
  }
  for (const char* key : {"service", "tags", "correlate"}) {
    if (!IsStringList(body, key)) return Error(400, absl::StrCat(key, " must be a list"));
  }
  const std::string environment = Text(body, "environment");
  if (environment != "Production" && environment != "Development") {
    return Error(403, "[POLICY] Alert environment does not match one of Production, Development");
  }
  if (!body.contains("service") || body["service"].empty()) {
    return Error(403, "[POLICY] Alert must define a service");
  }
  const std::string severity = Text(body, "severity", "normal");
  if (std::find(std::begin(kSeverities), std::end(kSeverities), severity) ==
      std::end(kSeverities)) {
    return Error(500, absl::StrCat("Severity (", severity, ") is not one of the allowed"));
  }
  if (DumpJson(body).find("\\u0000") != std::string::npos) {
    return Error(500, "A string literal cannot contain NUL (0x00) characters.");
  }
  if (Text(body, "resource").size() + Text(body, "event").size() > 2600) {
    return Error(500, "index row size exceeds btree maximum");
  }
  const std::string id = absl::StrCat("alert-", requests_.size());
  if (blackout_) {
    return {
        202,
        Json{{"status", "ok"}, {"message", "Suppressed alert during blackout period"}, {"id", id}}};
  }
  const Key key = {environment, Text(body, "resource"), Text(body, "event"),
                   Text(body, "customer")};
  const auto [it, is_new] = alerts_.try_emplace(key);
  Alert& alert = it->second;
  if (is_new) {
    alert.id = id;
  } else if (alert.severity == severity) {
    ++alert.duplicate_count;
  } else {
    alert.duplicate_count = 0;
    ++alert.severity_changes;
  }
  alert.severity = severity;
  alert.status = IsClosing(severity) ? "closed" : "open";
  alert.value = Text(body, "value");
  alert.text = Text(body, "text");
  alert.raw_data = Text(body, "rawData");
  alert.tags = body.contains("tags") ? body["tags"].get<std::vector<std::string>>()
                                     : std::vector<std::string>();
  return {201, Json{{"status", "ok"}, {"id", alert.id}}};
}

}  // namespace tallybell
