// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/history_rows.h"

#include <string>

#include "engine/base/json_text.h"
#include "engine/outbox/delivery_record.h"
#include "engine/run/transition_json.h"

namespace tallybell {

HistoryRow StepRow(const Transition& transition) {
  HistoryRow row;
  row.time = transition.time;
  row.fingerprint = FormatFingerprint(transition.alert.Fingerprint());
  row.kind = std::string(AlertStateName(transition.state));
  row.rule = transition.alert.rule;
  row.labels = FormatLabels(transition.alert.labels);
  row.detail = DumpJson(TransitionJson(transition));
  return row;
}

HistoryRow MissRow(const Rule& rule, const NearestMisses::Miss& miss) {
  HistoryRow row;
  row.time = miss.time;
  row.fingerprint = FormatFingerprint(miss.labels.Fingerprint());
  row.kind = "nearest";
  row.rule = rule.alert;
  row.labels = FormatLabels(miss.labels);
  row.detail = DumpJson({{"value", miss.value}, {"exact", true}, {"enough", EnoughFor(rule)}});
  return row;
}

void RecordHeldBack(const Alert& alert, Delta* delta) {
  DeliveryRecord record;
  record.kind = "skipped";
  record.answer = "held back: first start";
  record.state = "firing";
  delta->history.push_back(HistoryRowOf(record, alert, alert.starts_at));
  record.state = "resolved";
  delta->history.push_back(HistoryRowOf(record, alert, alert.ends_at));
}

int64_t EnoughFor(const Rule& rule) {
  return rule.threshold() + (rule.op() == Comparison::kGreater ? 1 : 0);
}

}  // namespace tallybell
