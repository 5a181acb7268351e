// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/container_labels.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/json_text.h"
#include "engine/base/unique_fd.h"
#include "engine/base/utf8.h"
#include "engine/source/own_container.h"

namespace tallybell {
namespace {

constexpr size_t kMaxConfig = 4 << 20;
constexpr size_t kMaxValue = 256;

// The file's text; empty where there is none to read, or one that is too large.
std::string ReadConfig(const std::string& path) {
  // A named pipe in its place must not hang us.
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat facts;
  if (!fd || fstat(fd.get(), &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size <= 0 ||
      static_cast<size_t>(facts.st_size) > kMaxConfig) {
    return "";
  }
  std::string text(facts.st_size, '\0');
  const ssize_t n = read(fd.get(), text.data(), text.size());
  text.resize(n > 0 ? n : 0);
  return text;
}

// The value of `key`, cleaned and cut; empty where there is no such text.
std::string TextOf(const Json& map, const char* key) {
  if (!map.is_object()) return "";
  const auto it = map.find(key);
  if (it == map.end() || !it->is_string()) return "";
  return std::string(Utf8Truncate(it->get_ref<const std::string&>(), kMaxValue));
}

Json MapOf(const Json& map, const char* key) {
  if (!map.is_object()) return Json();
  const auto it = map.find(key);
  return it == map.end() ? Json() : *it;
}

}  // namespace

ContainerLabels ContainerLabels::OfDocker(absl::string_view id, absl::string_view config) {
  ContainerLabels found;
  const absl::StatusOr<Json> json = ParseJson(config);
  std::string name;
  if (json.ok()) {
    const Json settings = MapOf(*json, "Config");
    const Json labels = MapOf(settings, "Labels");
    name = TextOf(*json, "Name");
    found.labels.Set("image", TextOf(settings, "Image"));
    found.labels.Set("compose_project", TextOf(labels, "com.docker.compose.project"));
    found.labels.Set("compose_service", TextOf(labels, "com.docker.compose.service"));
  }
  const absl::string_view bare = absl::StripPrefix(name, "/");
  found.unknown = bare.empty();
  found.labels.Set("container", found.unknown ? OwnContainer::ShortId(id) : bare);
  return found;
}

ContainerLabels ContainerLabels::Of(const ContainerPath& path) {
  if (path.kind == ContainerPath::Kind::kDocker) {
    return OfDocker(path.id, ReadConfig(absl::StrCat(path.directory, "/config.v2.json")));
  }
  ContainerLabels found;
  found.labels.Set("namespace", path.space);
  found.labels.Set("pod", path.pod);
  found.labels.Set("pod_uid", path.uid);
  found.labels.Set("container", path.container);
  return found;
}

std::optional<ContainerLabels> ContainerLabels::OfFile(const std::string& path) {
  ContainerPath parsed;
  std::string storage;
  if (!ParseThroughLinks(path, &storage, &parsed)) return std::nullopt;
  return Of(parsed);
}

}  // namespace tallybell
