// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/untold_json.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "engine/model/labels.h"

namespace tallybell {
namespace {

Json TimeOrNull(TimeNs t) { return t == kNoTime ? Json(nullptr) : Json(FormatRfc3339(t)); }

std::string Text(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

TimeNs Time(const Json& object, const char* key) {
  return ParseRfc3339(Text(object, key)).value_or(kNoTime);
}

}  // namespace

Json UntoldJson(const Untold& untold) {
  Json labels = Json::object();
  for (const Labels::Pair& pair : untold.alert->labels.pairs()) labels[pair.first] = pair.second;
  return {{"id", untold.id},
          {"receiver", untold.receiver},
          {"alert", untold.alert->rule},
          {"labels", std::move(labels)},
          {"fingerprint", FormatFingerprint(untold.alert->Fingerprint())},
          {"state", untold.end ? "resolved" : "firing"},
          {"parked", untold.parked},
          {"since", TimeOrNull(untold.since())},
          {"startsAt", TimeOrNull(untold.alert->starts_at)},
          {"offeredAt", TimeOrNull(untold.offered_at)},
          {"attempts", untold.attempts},
          {"nextAttempt", TimeOrNull(untold.next_attempt)},
          {"answer", untold.answer}};
}

Untold UntoldOf(const Json& json) {
  Untold untold;
  auto alert = std::make_shared<Alert>();
  if (json.is_object()) {
    untold.id = Text(json, "id");
    untold.receiver = Text(json, "receiver");
    untold.end = Text(json, "state") == "resolved";
    const auto parked = json.find("parked");
    untold.parked = parked != json.end() && parked->is_boolean() && parked->get<bool>();
    untold.offered_at = Time(json, "offeredAt");
    untold.next_attempt = Time(json, "nextAttempt");
    const auto attempts = json.find("attempts");
    if (attempts != json.end() && attempts->is_number_integer()) {
      untold.attempts =
          static_cast<int>(std::clamp<int64_t>(attempts->get<int64_t>(), 0, 1'000'000));
    }
    untold.answer = Text(json, "answer");
    alert->rule = Text(json, "alert");
    if (const auto labels = json.find("labels"); labels != json.end() && labels->is_object()) {
      for (const auto& [name, value] : labels->items()) {
        if (value.is_string()) alert->labels.Set(name, value.get_ref<const std::string&>());
      }
    }
    alert->starts_at = Time(json, "startsAt");
    if (untold.end) alert->ends_at = Time(json, "since");
  }
  untold.alert = std::move(alert);
  return untold;
}

}  // namespace tallybell
