// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_SINKS_SAMPLE_ALERT_H_
#define TALLYBELL_TESTS_SINKS_SAMPLE_ALERT_H_

#include <string>
#include <vector>

#include "engine/model/alert.h"
#include "sinks/sink.h"

namespace tallybell {

inline constexpr TimeNs kSampleStart = 1'714'566'750'426'698'000;  // 2024-05-01T12:32:30.426698Z

inline Alert SampleAlert(absl::string_view host = "mac1") {
  Alert alert;
  alert.rule_group = "anka-node";
  alert.rule = "AnkaVmStartFailing";
  alert.labels = Labels{{"alertname", "AnkaVmStartFailing"}, {"severity", "warning"}};
  alert.labels.Set("host", host);
  alert.annotations = {{"summary", "it failed"}, {"runbook", "https://example.com/run"}};
  alert.value = 4;
  alert.starts_at = kSampleStart;
  alert.evidence = {{"a.log", 1, "E one"}, {"a.log", 9, "E two"}};
  alert.by_values = {std::string(host)};
  return alert;
}

inline std::vector<Notice> Notices(const std::vector<Alert>& alerts) {
  std::vector<Notice> notices;
  for (const Alert& alert : alerts) notices.push_back({&alert, alert.value, alert.exact});
  return notices;
}

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_SINKS_SAMPLE_ALERT_H_
