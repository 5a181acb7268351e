// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_CLI_TEXT_FILE_H_
#define TALLYBELL_ENGINE_CLI_TEXT_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace tallybell {

// The whole of a small file that a person wrote; "-" is standard input. Files over 4 MiB are
// refused, as is what is no regular file.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

// The same of a configuration, which says where alerts and passwords go: PermissionDenied where
// others than its owner can write it.
absl::StatusOr<std::string> ReadConfigurationFile(const std::string& path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_TEXT_FILE_H_
