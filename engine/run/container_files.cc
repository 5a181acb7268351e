// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/container_files.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/source/container_labels.h"
#include "engine/source/container_path.h"

namespace tallybell {
namespace {

// Names with more backslashes and brackets than anybody needs are still only names here.
bool FitsAny(const std::vector<std::string>& wildcards, const std::string& name) {
  return std::any_of(wildcards.begin(), wildcards.end(), [&name](const std::string& wildcard) {
    return fnmatch(wildcard.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace

ContainerFiles::ContainerFiles(const FileSourceConfig* config, OwnContainer own, Metrics* metrics)
    : config_(config),
      own_(std::move(own)),
      left_out_(metrics->Get("source_files_left_out", {{"source", config->Key()}})),
      unknown_(metrics->Get("source_containers_unknown_total", {{"source", config->Key()}})) {}

std::vector<std::string> ContainerFiles::Patterns() const {
  if (config_->kind == FileSourceConfig::Kind::kDocker) {
    return {absl::StrCat(config_->root, "/*/*-json.log*")};
  }
  // The layout of /var/log/pods, and that of /var/log/containers.
  return {absl::StrCat(config_->root, "/*_*_*/*/*.log*"),
          absl::StrCat(config_->root, "/*_*_*.log")};
}

void ContainerFiles::Choose(TimeNs, std::vector<FileGlob::File>* files) {
  for (auto& [directory, container] : containers_) container.found = false;
  int64_t left_out = 0;
  for (FileGlob::File& file : *files) {
    Container* const container = Find(file.path);
    if (container != nullptr) container->found = true;
    // What is compressed is complete and was read before; other names are not those of logs.
    file.left_out =
        container == nullptr || container->left_out != nullptr || IsCompressedName(file.path);
    left_out += file.left_out ? 1 : 0;
  }
  left_out_.Set(left_out);
  for (auto it = containers_.begin(); it != containers_.end();) {
    it = it->second.found ? std::next(it) : containers_.erase(it);
  }
}

ContainerFiles::Container* ContainerFiles::Find(const std::string& path) {
  ContainerPath parsed;
  std::string storage;
  if (!ParseThroughLinks(path, &storage, &parsed)) return nullptr;
  const auto [it, inserted] = containers_.try_emplace(std::string(parsed.directory));
  Container* const container = &it->second;
  if (!inserted) return container;
  ContainerLabels found = ContainerLabels::Of(parsed);
  if (found.unknown) unknown_.Add();
  container->labels = std::move(found.labels);
  const std::string name(container->labels.Get("container"));
  for (const Labels::Pair& pair : config_->labels.pairs()) {
    container->labels.Set(pair.first, pair.second);
  }
  if (own_.IsContainer(parsed.id) || own_.IsInPod(parsed.pod, parsed.uid, parsed.container)) {
    container->left_out = "tallybell itself runs in it";
  } else if ((!config_->include.empty() && !FitsAny(config_->include, name)) ||
             FitsAny(config_->exclude, name)) {
    container->left_out = "its name is not one of those that are included";
  } else if (!config_->keep.Matches(container->labels)) {
    container->left_out = "its labels do not fit keep";
  }
  if (container->left_out != nullptr) {
    LogInfo("container is not read",
            {{"source", config_->Key()}, {"container", name}, {"why", container->left_out}});
  }
  return container;
}

Labels ContainerFiles::LabelsOf(const std::string& path) {
  const Container* const container = Find(path);
  return container == nullptr ? config_->labels : container->labels;
}

absl::Status ContainerFiles::WithoutFiles() const {
  DIR* const directory = opendir(config_->root.c_str());
  if (directory == nullptr) return absl::ErrnoToStatus(errno, "cannot read the directory");
  closedir(directory);
  return absl::OkStatus();
}

}  // namespace tallybell
