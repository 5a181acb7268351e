// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/zone_field.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace tallybell {

std::optional<absl::TimeZone> ReadZone(ConfigurationFields* fields) {
  const std::string name = fields->Text("timezone");
  if (name.empty()) return std::nullopt;
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  fields->scope()
      .Within("timezone")
      .Error(fields->NodeOf("timezone"), absl::StrCat("there is no time zone \"", name, "\""),
             "names are those of the IANA database, like Europe/Berlin or UTC");
  return std::nullopt;
}

}  // namespace tallybell
