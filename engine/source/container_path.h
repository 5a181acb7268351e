// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What the path of a container's log says, by the layouts of docker and of kubernetes.
#ifndef TALLYBELL_ENGINE_SOURCE_CONTAINER_PATH_H_
#define TALLYBELL_ENGINE_SOURCE_CONTAINER_PATH_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// One file of one container's log. Views into the path that was parsed.
struct ContainerPath {
  enum class Kind {
    kDocker,  // <id>/<id>-json.log, and .1, .2.gz once rotated
    kPod,     // <namespace>_<pod>_<uid>/<container>/<n>.log, and .<stamp>, .<stamp>.gz
    kLink,    // <pod>_<namespace>_<container>-<id>.log
  };
  Kind kind = Kind::kDocker;
  absl::string_view directory;  // that all files of the container stand in
  absl::string_view id;         // kDocker and kLink
  absl::string_view space;      // kPod and kLink: the namespace
  absl::string_view pod;
  absl::string_view uid;  // kPod
  absl::string_view container;
  // Ascending from the oldest file of a container to the one that is being written.
  int64_t restart = 0;
  int64_t age = 0;

  // Reads the last parts of `path`. False if it is no such path. Links are not followed.
  static bool Parse(absl::string_view path, ContainerPath* parsed);
};

// The first of `path` and of what it leads to, link by link, that `parsed` could be read from; the
// view is of `*storage`. False if none could.
bool ParseThroughLinks(const std::string& path, std::string* storage, ContainerPath* parsed);

// Whether the name says that the file is compressed: it is complete, and not followed.
bool IsCompressedName(absl::string_view path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_CONTAINER_PATH_H_
