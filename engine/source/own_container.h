// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_OWN_CONTAINER_H_
#define TALLYBELL_ENGINE_SOURCE_OWN_CONTAINER_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// The container in which tallybell itself runs, if it does: its log must not be a source, or what
// it says of a line would be the next line. A plain value.
class OwnContainer {
 public:
  // What the system says of this process. Any of them may be empty or of another system.
  struct Facts {
    std::string cgroup;     // /proc/self/cgroup
    std::string mountinfo;  // /proc/self/mountinfo
    std::string host_name;  // /etc/hostname: docker's short id, or the name of the pod
  };

  // Knows of none: it runs on the host.
  OwnContainer() = default;
  explicit OwnContainer(const Facts& facts);

  // Of this process. $HOSTNAME is asked before /etc/hostname, which may be mounted over.
  static OwnContainer OfThisProcess();

  // `id`: 64 hexadecimal digits, as in the path of a container's log.
  bool IsContainer(absl::string_view id) const;

  // One container of a pod. Where only the name of the pod is known, every container of it.
  bool IsInPod(absl::string_view pod, absl::string_view pod_uid, absl::string_view container) const;

  // How a container is named where few characters must do: 12 digits.
  static absl::string_view ShortId(absl::string_view id) { return id.substr(0, 12); }

 private:
  void TakeCgroup(absl::string_view line);
  void TakeMount(absl::string_view line);

  std::set<std::string> ids_;
  std::string pod_uid_;
  std::string pod_container_;
  std::string host_name_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_OWN_CONTAINER_H_
