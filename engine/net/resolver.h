// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_RESOLVER_H_
#define TALLYBELL_ENGINE_NET_RESOLVER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// Numeric addresses of `host` in the system's order of preference, at least one. May take half a
// minute. NotFound (no such host) or Unavailable, in words for people.
absl::StatusOr<std::vector<std::string>> LookUpHost(const std::string& host);

// The addresses of one host, asked for under a deadline. The system's resolver has none that can
// be set from here (a dead name server holds it for half a minute), so it runs on a thread of its
// own, which is left behind when the deadline passes; never more than one is under way.
//
// Not thread-safe.
class Resolver {
 public:
  using LookUp = std::function<absl::StatusOr<std::vector<std::string>>(const std::string& host)>;

  // `look_up` may be called after this has gone, on the thread that was left behind.
  explicit Resolver(std::string host, LookUp look_up = LookUpHost);
  ~Resolver();

  // What look_up says; Unavailable where it says nothing in time.
  absl::StatusOr<std::vector<std::string>> Resolve(DurationNs deadline);

 private:
  struct Query;

  const std::string host_;
  const LookUp look_up_;
  std::shared_ptr<Query> query_;  // under way, or null
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_RESOLVER_H_
