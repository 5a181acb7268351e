// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_labels.h"

#include <optional>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/run/glog_file.h"
#include "engine/source/container_labels.h"

namespace tallybell {
namespace {

// What the user says of a file wins over what the file says of itself.
void AddGiven(const std::string& path, const Labels& given, const Pattern* from_path,
              Labels* labels) {
  if (from_path != nullptr) {
    absl::string_view match;
    Captures captures;
    if (from_path->FindCaptures(path, &match, &captures)) {
      for (const auto& [name, value] : captures) labels->Set(name, value);
    }
  }
  for (const Labels::Pair& pair : given.pairs()) labels->Set(pair.first, pair.second);
}

}  // namespace

Labels SourceLabels(const std::string& path, const Labels& given, const Pattern* from_path) {
  Labels labels;
  if (path != "-") labels.Set("filename", path);
  const std::optional<GlogFile> glog = GlogFile::Identify(path);
  if (glog.has_value()) labels.Set("host", glog->host);
  AddGiven(path, given, from_path, &labels);
  return labels;
}

Labels ReplayLabels(const std::string& path, const Labels& given, const Pattern* from_path) {
  std::optional<ContainerLabels> container = ContainerLabels::OfFile(path);
  if (!container.has_value()) return SourceLabels(path, given, from_path);
  AddGiven(path, given, from_path, &container->labels);
  return std::move(container->labels);
}

}  // namespace tallybell
