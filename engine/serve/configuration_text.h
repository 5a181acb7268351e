// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_CONFIGURATION_TEXT_H_
#define TALLYBELL_ENGINE_SERVE_CONFIGURATION_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// The text of a configuration file for others to read: the values of keys that hold secrets, and
// passwords in URLs, are replaced by <secret>. What comes from files or the environment is not in
// the text to begin with. Rather hides too much than too little.
std::string WithoutSecrets(absl::string_view yaml);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_CONFIGURATION_TEXT_H_
