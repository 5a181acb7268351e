// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_SINKS_ALERTA_H_
#define TALLYBELL_SINKS_ALERTA_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/net/http_client.h"
#include "sinks/sink.h"

namespace tallybell {

// An Alerta server: one POST for each state of an alert.
//
// Alerta knows an alert by environment, resource, event and customer, so the group of the rule is
// the resource. What it answers with 500 is as often a fault of the alert as of itself; whatever
// can be known to be refused is put right before it is sent.
class AlertaSink : public Sink {
 public:
  struct Options {
    HttpClient::Options http;  // base: the API, often .../api; credentials with scheme "Key"
    DurationNs timeout = 10 * kSecond;
    DurationNs resend_firing = 10 * kMinute;  // Alerta lets an alert expire after four of these
    bool send_resolved = true;

    // Of alerts that do not say it in a label of that name.
    std::string environment = "Production";
    std::vector<std::string> service = {"tallybell"};
    std::string group;
    std::string customer;

    // Words of rules to words of Alerta, before the built-in ones.
    std::map<std::string, std::string> severities;
    std::string external_url;  // of tallybell's status page
  };

  // InvalidArgument for settings that Alerta would refuse with every alert; else as
  // HttpClient::Create.
  static absl::StatusOr<std::unique_ptr<AlertaSink>> Create(Options options);

  AlertaSink(Options options, std::unique_ptr<HttpClient> client);

  const std::string& name() const override { return name_; }
  const SinkPolicy& policy() const override { return policy_; }
  std::vector<Verdict> Send(absl::Span<const Notice> notices, TimeNs now) override;
  void Cancel() override { client_->Cancel(); }

 private:
  Verdict SendOne(const Notice& notice, TimeNs now);
  std::string Render(const Notice& notice) const;

  Options options_;
  std::string name_;
  SinkPolicy policy_;
  std::unique_ptr<HttpClient> client_;
};

// The severity that Alerta is told for a rule's word: one that a stock server takes and that
// leaves the alert open. Any case; what it does not know is "indeterminate".
std::string AlertaSeverity(absl::string_view word,
                           const std::map<std::string, std::string>& own = {});

// The resource for the values of `by`: joined with "/", where a "/" inside a value is written
// %2F and a "%" %25, so that different values never make the same resource.
std::string AlertaResource(const std::vector<std::string>& by_values, absl::string_view alertname);

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_ALERTA_H_
