// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_WEBHOOK_H_
#define TALLYBELL_SINKS_WEBHOOK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"
#include "sinks/sink.h"

namespace tallybell {

// Anything that takes the body that Alertmanager's webhook receiver sends (version 4). Each batch
// is one group without group labels.
class WebhookSink : public Sink {
 public:
  static constexpr size_t kMaxBatch = 64;

  struct Options {
    HttpClient::Options http;           // base: the whole URL to post to
    DurationNs timeout = 10 * kSecond;  // for all requests of one attempt
    std::string external_url;           // of tallybell's status page
    DurationNs resend_firing = 0;       // 0: each state is told once
    bool send_resolved = true;
  };

  // InvalidArgument, NotFound or PermissionDenied, as HttpClient::Create.
  static absl::StatusOr<std::unique_ptr<WebhookSink>> Create(Options options);

  WebhookSink(Options options, std::unique_ptr<HttpClient> client);

  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs now) override;
  void Cancel() override { client_->Cancel(); }

 private:
  std::string Render(absl::Span<const Notice> notices) const;

  Options options_;
  std::string path_;
  std::string name_;
  SinkPolicy policy_;
  std::unique_ptr<HttpClient> client_;
};

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_WEBHOOK_H_
