// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/rule_id.h"

#include "engine/model/labels.h"

namespace tallybell {

std::string RuleId(absl::string_view group, absl::string_view rule) {
  const Labels identity = {{"group", std::string(group)}, {"rule", std::string(rule)}};
  return FormatFingerprint(identity.Fingerprint());
}

}  // namespace tallybell
