// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_labels.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/parse/glog_file_lines.h"

namespace tallybell {

Labels SourceLabels(const std::string& path, const Labels& given, const Pattern* from_path) {
  Labels labels;
  if (path != "-") labels.Set("filename", path);
  // A link like anka_agent.INFO says nothing; the name of its target does.
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  GlogFileName glog;
  if (ParseGlogFileName(error ? path : real, &glog)) labels.Set("host", glog.host);
  if (from_path != nullptr) {
    absl::string_view match;
    std::vector<std::pair<absl::string_view, absl::string_view>> captures;
    if (from_path->FindCaptures(path, &match, &captures)) {
      for (const auto& [name, value] : captures) labels.Set(name, value);
    }
  }
  for (const Labels::Pair& pair : given.pairs()) labels.Set(pair.first, pair.second);
  return labels;
}

}  // namespace tallybell
