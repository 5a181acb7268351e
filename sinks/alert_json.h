// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The parts of an alert that Alertmanager's API and its webhook write alike.
#ifndef TALLYBELL_SINKS_ALERT_JSON_H_
#define TALLYBELL_SINKS_ALERT_JSON_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/model/alert.h"

namespace tallybell {

// The identity as an object of strings: names as Alertmanager takes them, values capped. Two
// labels never become one.
Json LabelsJson(const Labels& labels);

// The annotations, likewise; with the evidence as annotation `lines`, newline-joined, unless the
// rule has one of that name or shows none.
Json AnnotationsJson(const Alert& alert);

// The evidence's lines, joined by newlines; empty where the rule shows none.
std::string EvidenceText(const Alert& alert);

// Where a person reads more about the alert, under `external_url`; empty where that is.
std::string AlertPage(const Alert& alert, absl::string_view external_url);

}  // namespace tallybell

#endif  // TALLYBELL_SINKS_ALERT_JSON_H_
