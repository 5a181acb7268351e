// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CONTAINER_FILES_H_
#define TALLYBELL_ENGINE_RUN_CONTAINER_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "engine/run/source_files.h"
#include "engine/source/own_container.h"

namespace tallybell {

// The logs of containers as docker or the kubelet lay them out: docs/configuration.md, "docker" and
// "kubernetes". The container in which tallybell itself runs is left out.
class ContainerFiles : public SourceFiles {
 public:
  ContainerFiles(const FileSourceConfig* config, OwnContainer own, Metrics* metrics);

  std::vector<std::string> Patterns() const override;
  void Choose(TimeNs now, std::vector<FileGlob::File>* files) override;
  Labels LabelsOf(const std::string& path) override;
  // No container need run, but where they would be must be readable.
  absl::Status WithoutFiles() const override;

 private:
  // One container, by the directory of its files.
  struct Container {
    Labels labels;
    const char* left_out = nullptr;  // why
    bool found = false;              // in this Choose
  };

  // Null if the path is not that of a container's log.
  Container* Find(const std::string& path);

  const FileSourceConfig* const config_;
  const OwnContainer own_;
  Metric& left_out_;
  Metric& unknown_;
  std::map<std::string, Container> containers_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CONTAINER_FILES_H_
