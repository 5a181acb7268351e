// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/own_container.h"

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tallybell {
namespace {

constexpr size_t kIdLength = 64;
constexpr size_t kMaxFacts = 1 << 20;

bool IsHex(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isxdigit(c)) return false;
  }
  return !text.empty();
}

// The last container id in `path`; empty if there is none. Where containers run within containers,
// the last is the innermost.
absl::string_view LastId(absl::string_view path) {
  size_t end = path.size();
  while (end >= kIdLength) {
    if (!absl::ascii_isxdigit(path[end - 1])) {
      --end;
      continue;
    }
    size_t begin = end;
    while (begin > 0 && absl::ascii_isxdigit(path[begin - 1])) --begin;
    if (end - begin == kIdLength) return path.substr(begin, kIdLength);
    end = begin;
  }
  return "";
}

// What follows the last `before` in `path`, up to the next slash; empty if that is not there.
absl::string_view PartAfter(absl::string_view path, absl::string_view before) {
  const size_t at = path.rfind(before);
  if (at == absl::string_view::npos) return "";
  const absl::string_view rest = path.substr(at + before.size());
  return rest.substr(0, rest.find('/'));
}

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  text.resize(std::min(text.size(), kMaxFacts));
  return text;
}

}  // namespace

OwnContainer::OwnContainer(const Facts& facts)
    : host_name_(absl::StripAsciiWhitespace(facts.host_name)) {
  for (const absl::string_view line : absl::StrSplit(facts.cgroup, '\n')) TakeCgroup(line);
  for (const absl::string_view line : absl::StrSplit(facts.mountinfo, '\n')) TakeMount(line);
}

OwnContainer OwnContainer::OfThisProcess() {
  Facts facts;
  facts.cgroup = ReadFile("/proc/self/cgroup");
  facts.mountinfo = ReadFile("/proc/self/mountinfo");
  const char* const name = getenv("HOSTNAME");
  facts.host_name = name != nullptr ? name : ReadFile("/etc/hostname");
  return OwnContainer(facts);
}

// "4:memory:/docker/ID", "0::/system.slice/docker-ID.scope",
// "0::/kubepods.slice/kubepods-podUID.slice/cri-containerd-ID.scope", "…/kubepods/podUID/ID".
void OwnContainer::TakeCgroup(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
  if (fields.size() != 3) return;
  const absl::string_view path = fields[2];
  const absl::string_view id = LastId(path);
  if (!id.empty()) ids_.emplace(id);
  if (!absl::StrContains(path, "kubepods")) return;
  absl::string_view uid = PartAfter(path, "-pod");
  // systemd's names have underscores where the UID has dashes.
  if (absl::ConsumeSuffix(&uid, ".slice")) {
    pod_uid_ = absl::StrReplaceAll(uid, {{"_", "-"}});
  } else if (uid = PartAfter(path, "/pod"); !uid.empty()) {
    pod_uid_ = std::string(uid);
  }
}

// "ID PARENT DEVICE ROOT MOUNTPOINT …": a runtime mounts files of its own over some of the
// container's, and the root of such a mount says whose they are. On a host the same directories are
// mount points, which says nothing.
void OwnContainer::TakeMount(absl::string_view line) {
  const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits(' ', 5));
  if (fields.size() < 6) return;
  const absl::string_view root = fields[3];
  const absl::string_view point = fields[4];
  if (point == "/etc/hostname" || point == "/etc/hosts" || point == "/etc/resolv.conf") {
    // .../docker/containers/ID/hostname, .../overlay-containers/ID/userdata/hostname
    const absl::string_view id = PartAfter(root, "containers/");
    if (id.size() == kIdLength && IsHex(id)) ids_.emplace(id);
    // .../kubelet/pods/UID/etc-hosts
    if (absl::EndsWith(root, "/etc-hosts")) {
      const absl::string_view uid = PartAfter(root, "/pods/");
      if (!uid.empty()) pod_uid_ = std::string(uid);
    }
  } else if (absl::StrContains(root, "/pods/") && absl::StrContains(root, "/containers/") &&
             point == "/dev/termination-log") {
    // .../kubelet/pods/UID/containers/NAME/HASH
    pod_uid_ = std::string(PartAfter(root, "/pods/"));
    pod_container_ = std::string(PartAfter(root, "/containers/"));
  }
}

bool OwnContainer::IsContainer(absl::string_view id) const {
  if (ids_.find(std::string(id)) != ids_.end()) return true;
  return host_name_.size() == ShortId(id).size() && IsHex(host_name_) && ShortId(id) == host_name_;
}

bool OwnContainer::IsInPod(absl::string_view pod, absl::string_view pod_uid,
                           absl::string_view container) const {
  const bool own_pod = !pod_uid_.empty() && !pod_uid.empty()
                           ? pod_uid_ == pod_uid
                           : !host_name_.empty() && host_name_ == pod;
  return own_pod && (pod_container_.empty() || pod_container_ == container);
}

}  // namespace tallybell
