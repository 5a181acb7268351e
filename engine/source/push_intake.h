// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_INTAKE_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_INTAKE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "engine/base/clock.h"
#include "engine/base/metrics.h"
#include "engine/source/loki_push_body.h"
#include "engine/source/push_error.h"
#include "engine/source/push_queue.h"

namespace tallybell {

// One POST to /loki/api/v1/push or /api/prom/push, as the listener read it.
struct PushRequest {
  std::string path;
  // Values of the headers Content-Type, Content-Encoding and X-Scope-OrgID; empty: not there.
  std::string content_type;
  std::string content_encoding;
  std::string tenant;
  std::string body;
};

// Where pushes come in: decodes them on the thread of whoever brings them and puts them into the
// queue. Thread-safe.
class PushIntake {
 public:
  struct Options {
    std::string source;           // as metrics name it
    bool require_tenant = false;  // 401 without one
    PushLimits limits;
  };

  // All pointers outlive it.
  PushIntake(Options options, PushQueue* queue, const Clock* clock, Metrics* metrics);

  // If it is OK, `answer` is called once, on any thread, when what was pushed is on the disk: with
  // 204, or with 400 if only a part could be taken. It must not block. Else it is not called, and
  // PushErrorOf says what to answer at once.
  absl::Status Offer(PushRequest request, std::function<void(const PushError&)> answer);

 private:
  absl::Status Take(PushRequest request, std::function<void(const PushError&)> answer);

  const Options options_;
  PushQueue* const queue_;
  const Clock* const clock_;
  Metric& requests_total_;
  Metric& refused_total_;
  Metric& pushed_back_total_;
  Metric& refused_lines_total_;
  Metric& lines_cut_total_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_INTAKE_H_
