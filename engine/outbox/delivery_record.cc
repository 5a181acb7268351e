// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/delivery_record.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/base/json_text.h"
#include "engine/model/labels.h"

namespace tallybell {
namespace {

std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

TimeNs Time(const Json& object, const char* key) {
  return ParseRfc3339(Text(object, key)).value_or(kNoTime);
}

}  // namespace

HistoryRow HistoryRowOf(const DeliveryRecord& record, const Alert& alert, TimeNs time) {
  HistoryRow row;
  row.time = time;
  row.fingerprint = FormatFingerprint(alert.Fingerprint());
  row.kind = record.kind;
  row.rule = alert.rule;
  row.labels = FormatLabels(alert.labels);
  Json detail = {{"receiver", record.receiver},
                 {"state", record.state},
                 {"startsAt", FormatRfc3339(alert.starts_at)},
                 {"answer", record.answer}};
  if (record.offered_at != kNoTime) detail["offeredAt"] = FormatRfc3339(record.offered_at);
  if (record.attempts > 0) detail["attempts"] = record.attempts;
  if (record.until != kNoTime) detail["until"] = FormatRfc3339(record.until);
  row.detail = DumpJson(detail);
  return row;
}

std::optional<DeliveryRecord> DeliveryRecordOf(const HistoryRow& row) {
  const auto* const end = std::end(kDeliveryKinds);
  if (std::find(std::begin(kDeliveryKinds), end, row.kind) == end) return std::nullopt;
  const absl::StatusOr<Json> detail = ParseJson(row.detail);
  if (!detail.ok() || !detail->is_object()) return std::nullopt;
  DeliveryRecord record;
  record.kind = row.kind;
  record.receiver = Text(*detail, "receiver");
  record.state = Text(*detail, "state");
  record.answer = Text(*detail, "answer");
  record.starts_at = Time(*detail, "startsAt");
  record.offered_at = Time(*detail, "offeredAt");
  record.until = Time(*detail, "until");
  const auto attempts = detail->find("attempts");
  if (attempts != detail->end() && attempts->is_number_integer()) {
    record.attempts = static_cast<int>(std::clamp<int64_t>(attempts->get<int64_t>(), 0, 1'000'000));
  }
  return record;
}

}  // namespace tallybell
