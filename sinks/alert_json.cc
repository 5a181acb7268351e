// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/alert_json.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/model/rule_id.h"
#include "sinks/clean_text.h"

namespace tallybell {
namespace {

constexpr size_t kMaxName = 256;
constexpr size_t kMaxLabelValue = 2 * 1024;
constexpr size_t kMaxAnnotation = 16 * 1024;

// A name that `object` does not have yet.
std::string FreeName(const Json& object, absl::string_view name) {
  std::string free = CleanLabelName(name.substr(0, kMaxName));
  while (object.contains(free)) free.push_back('_');
  return free;
}

}  // namespace

Json LabelsJson(const Labels& labels) {
  Json object = Json::object();
  // Names that are right as they are come first, so that a cleaned one gives way to them.
  for (const bool clean : {true, false}) {
    for (const auto& [name, value] : labels.pairs()) {
      if ((CleanLabelName(name) == name && name.size() <= kMaxName) != clean) continue;
      object[FreeName(object, name)] = CleanIdentity(value, kMaxLabelValue);
    }
  }
  return object;
}

Json AnnotationsJson(const Alert& alert) {
  Json object = Json::object();
  bool own_lines = false;
  for (const auto& [name, value] : alert.annotations) {
    own_lines = own_lines || name == "lines";
    object[FreeName(object, name)] = CleanText(value, kMaxAnnotation);
  }
  const std::string lines = own_lines ? "" : EvidenceText(alert);
  if (!lines.empty()) object[FreeName(object, "lines")] = CleanText(lines, kMaxAnnotation);
  return object;
}

std::string EvidenceText(const Alert& alert) {
  std::string text;
  if (!alert.show_evidence) return text;
  for (const EvidenceLine& line : alert.evidence) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", line.line);
  }
  return text;
}

std::string AlertPage(const Alert& alert, absl::string_view external_url) {
  if (external_url.empty()) return "";
  const std::string id = FormatFingerprint(alert.Fingerprint());
  return absl::StrCat(absl::StripSuffix(external_url, "/"), "/?alert=", id,
                      "&rule=", RuleId(alert.rule_group, alert.rule), "#alert-", id);
}

}  // namespace tallybell
