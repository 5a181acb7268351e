// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/transition_json.h"

#include <string>

namespace tallybell {
namespace {

Json TimeOrNull(TimeNs t) { return t == kNoTime ? Json(nullptr) : Json(FormatRfc3339(t)); }

}  // namespace

Json TransitionJson(const Transition& transition) {
  const Alert& alert = transition.alert;
  Json labels = Json::object();
  for (const Labels::Pair& pair : alert.labels.pairs()) labels[pair.first] = pair.second;
  Json annotations = Json::object();
  for (const auto& [name, value] : alert.annotations) annotations[name] = value;
  Json evidence = Json::array();
  for (const EvidenceLine& line : alert.evidence) {
    evidence.push_back({{"source", line.source}, {"offset", line.offset}, {"line", line.line}});
  }
  return {
      {"time", FormatRfc3339(transition.time)},
      {"alert", alert.rule},
      {"group", alert.rule_group},
      {"state", std::string(AlertStateName(transition.state))},
      {"value", transition.value},
      {"exact", transition.exact},
      {"labels", std::move(labels)},
      {"annotations", std::move(annotations)},
      {"startsAt", TimeOrNull(alert.starts_at)},
      {"endsAt", TimeOrNull(alert.ends_at)},
      {"fingerprint", FormatFingerprint(alert.Fingerprint())},
      {"evidence", std::move(evidence)},
  };
}

}  // namespace tallybell
