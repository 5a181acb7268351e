// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace tallybell {

absl::StatusOr<std::vector<std::string>> LookUpHost(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    // A host without /etc/hosts has this name all the same (RFC 6761, 6.3).
    if (host == "localhost") return std::vector<std::string>{"127.0.0.1", "::1"};
    if (error == EAI_NONAME || error == EAI_NODATA) {
      return absl::NotFoundError(absl::StrCat("there is no host called ", host));
    }
    return absl::UnavailableError(
        absl::StrCat("the name ", host, " cannot be looked up: ", gai_strerror(error)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) ==
            0 &&
        std::find(addresses.begin(), addresses.end(), text) == addresses.end()) {
      addresses.emplace_back(text);
    }
  }
  freeaddrinfo(found);
  if (addresses.empty()) return absl::NotFoundError(absl::StrCat("no address for ", host));
  return addresses;
}

struct Resolver::Query {
  absl::Mutex mutex;
  bool done ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<std::vector<std::string>> answer ABSL_GUARDED_BY(mutex);
};

Resolver::Resolver(std::string host, LookUp look_up)
    : host_(std::move(host)), look_up_(std::move(look_up)) {}

Resolver::~Resolver() = default;

absl::StatusOr<std::vector<std::string>> Resolver::Resolve(DurationNs deadline) {
  if (query_ == nullptr) {
    auto query = std::make_shared<Query>();
    try {
      std::thread([query, host = host_, look_up = look_up_] {
        auto answer = look_up(host);
        absl::MutexLock lock(&query->mutex);
        query->answer = std::move(answer);
        query->done = true;
      }).detach();
    } catch (const std::system_error& error) {
      return absl::UnavailableError(absl::StrCat("no thread to resolve on: ", error.what()));
    }
    query_ = std::move(query);
  }
  const std::shared_ptr<Query> query = query_;
  absl::MutexLock lock(&query->mutex);
  if (!query->mutex.AwaitWithTimeout(absl::Condition(&query->done), absl::Nanoseconds(deadline))) {
    return absl::UnavailableError(
        absl::StrCat("the name ", host_, " cannot be looked up: no answer in time"));
  }
  query_ = nullptr;
  return std::move(query->answer);
}

}  // namespace tallybell
