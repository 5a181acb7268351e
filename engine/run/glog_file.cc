// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/glog_file.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "engine/parse/glog_file_lines.h"

namespace tallybell {

std::optional<GlogFile> GlogFile::Identify(const std::string& path) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) real = path;
  const std::string text = real.string();
  GlogFileName name;
  if (!ParseGlogFileName(text, &name)) return std::nullopt;
  GlogFile file;
  file.host = std::string(name.host);
  file.program =
      absl::StrCat(real.parent_path().string(), "/", name.program, ".", name.host, ".", name.user);
  file.severity = name.severity;
  file.created = name.created;
  return file;
}

}  // namespace tallybell
