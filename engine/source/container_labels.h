// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_CONTAINER_LABELS_H_
#define TALLYBELL_ENGINE_SOURCE_CONTAINER_LABELS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/model/labels.h"
#include "engine/source/container_path.h"

namespace tallybell {

// The labels that say which container a log is of (docs/configuration.md, "docker" and
// "kubernetes"). All files of one container have the same: they are one stream.
struct ContainerLabels {
  Labels labels;
  // What docker keeps about the container could not be read, so that its short id stands for its
  // name.
  bool unknown = false;

  // Of a path that was parsed. Reads config.v2.json beside a docker log.
  static ContainerLabels Of(const ContainerPath& path);

  // Of any path, its links followed; nullopt if it is not the log of a container.
  static std::optional<ContainerLabels> OfFile(const std::string& path);

  // `config`: the text of config.v2.json. Anything may stand there.
  static ContainerLabels OfDocker(absl::string_view id, absl::string_view config);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_CONTAINER_LABELS_H_
