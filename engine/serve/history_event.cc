// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/history_event.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/json_string.h"

namespace tallybell {
namespace {

Json TimeOrNull(TimeNs t) { return t == kNoTime ? Json(nullptr) : Json(FormatRfc3339(t)); }

TimeNs Time(const Json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return kNoTime;
  return ParseRfc3339(it->get_ref<const std::string&>()).value_or(kNoTime);
}

int64_t Number(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<int64_t>() : 0;
}

std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

bool IsDelivery(absl::string_view kind) {
  return std::find(std::begin(kDeliveryKinds), std::end(kDeliveryKinds), kind) !=
         std::end(kDeliveryKinds);
}

}  // namespace

Labels ReadLabels(absl::string_view text) {
  Labels labels;
  absl::ConsumePrefix(&text, "{");
  while (!text.empty() && text[0] != '}') {
    const size_t equals = text.find("=\"");
    if (equals == absl::string_view::npos) return labels;
    const absl::string_view name = text.substr(0, equals);
    text.remove_prefix(equals + 2);
    // Control characters are escaped as in JSON: AppendQuoted.
    size_t at = 0;
    while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
    at = std::min(at, text.size());
    std::string value;
    DecodeJsonString(text.substr(0, at), &value);
    labels.Set(name, value);
    text.remove_prefix(std::min(at + 1, text.size()));
    absl::ConsumePrefix(&text, ", ");
  }
  return labels;
}

HistoryEvent ReadHistoryEvent(HistoryRow row) {
  HistoryEvent event;
  event.time = row.time;
  event.labels = ReadLabels(row.labels);
  if (IsDelivery(row.kind)) {
    event.delivery = DeliveryRecordOf(row).value_or(DeliveryRecord());
    event.starts_at = event.delivery->starts_at;
  } else if (const absl::StatusOr<Json> detail = ParseJson(row.detail);
             detail.ok() && detail->is_object()) {
    event.starts_at = Time(*detail, "startsAt");
    event.ends_at = Time(*detail, "endsAt");
    event.value = Number(*detail, "value");
    event.enough = Number(*detail, "enough");
    const auto exact = detail->find("exact");
    event.exact = exact == detail->end() || !exact->is_boolean() || exact->get<bool>();
  }
  event.kind = std::move(row.kind);
  event.rule = std::move(row.rule);
  event.fingerprint = std::move(row.fingerprint);
  return event;
}

Json HistoryEventJson(const HistoryEvent& event) {
  Json labels = Json::object();
  for (const Labels::Pair& pair : event.labels.pairs()) labels[pair.first] = pair.second;
  Json json = {{"time", FormatRfc3339(event.time)},
               {"event", event.kind},
               {"alert", event.rule},
               {"fingerprint", event.fingerprint},
               {"labels", std::move(labels)},
               {"state", event.delivery.has_value() ? event.delivery->state : event.kind},
               {"startsAt", TimeOrNull(event.starts_at)},
               {"endsAt", TimeOrNull(event.ends_at)},
               {"value", nullptr},
               {"exact", nullptr},
               {"enough", nullptr},
               {"receiver", nullptr},
               {"answer", nullptr},
               {"attempts", nullptr},
               {"offeredAt", nullptr},
               {"until", nullptr}};
  if (!event.delivery.has_value()) {
    json["value"] = event.value;
    json["exact"] = event.exact;
    if (event.enough != 0) json["enough"] = event.enough;
    return json;
  }
  const DeliveryRecord& delivery = *event.delivery;
  if (!delivery.receiver.empty()) json["receiver"] = delivery.receiver;
  json["answer"] = delivery.answer;
  if (delivery.attempts > 0) json["attempts"] = delivery.attempts;
  json["offeredAt"] = TimeOrNull(delivery.offered_at);
  json["until"] = TimeOrNull(delivery.until);
  return json;
}

HistoryEvent HistoryEventOf(const Json& json) {
  HistoryEvent event;
  if (!json.is_object()) return event;
  event.time = Time(json, "time");
  event.kind = Text(json, "event");
  event.rule = Text(json, "alert");
  event.fingerprint = Text(json, "fingerprint");
  if (const auto labels = json.find("labels"); labels != json.end() && labels->is_object()) {
    for (const auto& [name, value] : labels->items()) {
      if (value.is_string()) event.labels.Set(name, value.get_ref<const std::string&>());
    }
  }
  event.starts_at = Time(json, "startsAt");
  event.ends_at = Time(json, "endsAt");
  event.value = Number(json, "value");
  event.enough = Number(json, "enough");
  const auto exact = json.find("exact");
  event.exact = exact == json.end() || !exact->is_boolean() || exact->get<bool>();
  if (!IsDelivery(event.kind)) return event;
  DeliveryRecord& delivery = event.delivery.emplace();
  delivery.kind = event.kind;
  delivery.receiver = Text(json, "receiver");
  delivery.state = Text(json, "state");
  delivery.answer = Text(json, "answer");
  delivery.starts_at = event.starts_at;
  delivery.offered_at = Time(json, "offeredAt");
  delivery.attempts = static_cast<int>(std::clamp<int64_t>(Number(json, "attempts"), 0, 1'000'000));
  delivery.until = Time(json, "until");
  return event;
}

}  // namespace tallybell
