// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_RESOLVER_H_
#define TALLYBELL_ENGINE_NET_RESOLVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// The addresses of one host, asked for under a deadline. The system's resolver has none that can
// be set from here (a dead name server holds it for half a minute), so it runs on a thread of its
// own, which is left behind when the deadline passes; never more than one is under way.
//
// Not thread-safe.
class Resolver {
 public:
  explicit Resolver(std::string host);
  ~Resolver();

  // Numeric addresses in the system's order of preference, at least one. DeadlineExceeded,
  // NotFound (no such host), or Unavailable.
  absl::StatusOr<std::vector<std::string>> Resolve(DurationNs deadline);

 private:
  struct Query;

  const std::string host_;
  std::shared_ptr<Query> query_;  // under way, or null
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_RESOLVER_H_
