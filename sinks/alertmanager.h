// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_ALERTMANAGER_H_
#define TALLYBELL_SINKS_ALERTMANAGER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"
#include "sinks/sink.h"

namespace tallybell {

// One Alertmanager, spoken to over its API v2. Of a cluster each member is a sink of its own.
//
// A firing alert is a lease: it ends by itself four minutes after the last time it was sent, and
// is sent again every minute. That, not the retry, is what survives an Alertmanager that restarts
// with nothing.
class AlertmanagerSink : public Sink {
 public:
  // How long a firing lasts that nobody repeats, at least and in repeats.
  static constexpr DurationNs kLease = 4 * kMinute;
  static constexpr int64_t kLeaseInRepeats = 4;
  static constexpr size_t kMaxBatch = 64;

  struct Options {
    HttpClient::Options http;           // base: where its web interface is, no /api/v2
    DurationNs timeout = 10 * kSecond;  // for all requests of one attempt
    std::string external_url;           // of tallybell's status page; empty: no generatorURL
    DurationNs resend_firing = kMinute;
    DurationNs resend_resolved = 15 * kMinute;
    DurationNs min_firing = 5 * kMinute + 30 * kSecond;
    bool send_resolved = true;
  };

  // InvalidArgument, NotFound or PermissionDenied, as HttpClient::Create.
  static absl::StatusOr<std::unique_ptr<AlertmanagerSink>> Create(Options options);

  AlertmanagerSink(Options options, std::unique_ptr<HttpClient> client);

  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs now) override;
  void Cancel() override { client_->Cancel(); }

 private:
  std::string Render(absl::Span<const Notice> notices, TimeNs now) const;

  const Options options_;
  const std::string name_;
  const SinkPolicy policy_;
  const std::unique_ptr<HttpClient> client_;
};

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_ALERTMANAGER_H_
