// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/severity_choice.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"

namespace tallybell {

bool SeverityChoice::Note(const GlogFile& file) {
  const auto it = lowest_.find(file.program);
  if (it != lowest_.end()) {
    if (file.severity >= it->second) return false;
    it->second = file.severity;
    return true;
  }
  if (lowest_.size() >= kMaxPrograms) return false;
  lowest_.emplace(file.program, file.severity);
  return true;
}

Severity SeverityChoice::LowestOf(const GlogFile& file) const {
  const auto it = lowest_.find(file.program);
  return it == lowest_.end() ? file.severity : it->second;
}

std::string SeverityChoice::Reason(const GlogFile& file) const {
  return absl::StrCat("the ", absl::AsciiStrToUpper(SeverityName(LowestOf(file))),
                      " files of the same program hold its lines too");
}

std::string SeverityChoice::Save() const {
  Json state = Json::array();
  for (const auto& [program, severity] : lowest_) {
    state.push_back(Json::array({program, SeverityName(severity)}));
  }
  return DumpJson(state);
}

void SeverityChoice::Restore(absl::string_view state) {
  const absl::StatusOr<Json> parsed = ParseJson(state);
  if (!parsed.ok() || !parsed->is_array()) return;
  for (const Json& entry : *parsed) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) {
      continue;
    }
    GlogFile file;
    file.program = entry[0].get_ref<const std::string&>();
    file.severity = SeverityFromWord(entry[1].get_ref<const std::string&>());
    if (file.severity != Severity::kUnknown) Note(file);
  }
}

}  // namespace tallybell
