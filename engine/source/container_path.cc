// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/container_path.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace tallybell {
namespace {

constexpr int64_t kNewest = std::numeric_limits<int64_t>::max();
constexpr int kMaxLinks = 8;

bool AllOf(absl::string_view text, bool (*is)(unsigned char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

// Takes the last part of a path, and the slash before it, off `*path`.
absl::string_view TakeName(absl::string_view* path) {
  const size_t slash = path->rfind('/');
  const absl::string_view name = slash == absl::string_view::npos ? *path : path->substr(slash + 1);
  *path = slash == absl::string_view::npos ? absl::string_view() : path->substr(0, slash);
  return name;
}

void DropCompression(absl::string_view* name) {
  if (!absl::ConsumeSuffix(name, ".gz")) absl::ConsumeSuffix(name, ".zst");
}

bool ParseDocker(absl::string_view path, ContainerPath* parsed) {
  absl::string_view directory = path;
  absl::string_view name = TakeName(&directory);
  absl::string_view parent = directory;
  const absl::string_view id = TakeName(&parent);
  if (id.size() < 12 || !AllOf(id, absl::ascii_isxdigit)) return false;
  if (!absl::ConsumePrefix(&name, id) || !absl::ConsumePrefix(&name, "-json.log")) return false;
  parsed->age = kNewest;
  DropCompression(&name);
  if (!name.empty()) {
    int64_t rotation = 0;
    if (name[0] != '.' || !AllOf(name.substr(1), absl::ascii_isdigit) ||
        !absl::SimpleAtoi(name.substr(1), &rotation)) {
      return false;
    }
    parsed->age = -rotation;
  }
  parsed->kind = ContainerPath::Kind::kDocker;
  parsed->directory = directory;
  parsed->id = id;
  return true;
}

// "20240501-123230" as a number that grows with time.
bool ParseStamp(absl::string_view text, int64_t* stamp) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  int64_t date = 0;
  int64_t time = 0;
  if (parts.size() != 2 || parts[0].size() != 8 || parts[1].size() != 6 ||
      !AllOf(parts[0], absl::ascii_isdigit) || !AllOf(parts[1], absl::ascii_isdigit) ||
      !absl::SimpleAtoi(parts[0], &date) || !absl::SimpleAtoi(parts[1], &time)) {
    return false;
  }
  *stamp = date * 1'000'000 + time;
  return true;
}

bool ParsePod(absl::string_view path, ContainerPath* parsed) {
  absl::string_view directory = path;
  absl::string_view name = TakeName(&directory);
  absl::string_view parent = directory;
  parsed->container = TakeName(&parent);
  const std::vector<absl::string_view> pod = absl::StrSplit(TakeName(&parent), '_');
  if (pod.size() != 3 || parsed->container.empty()) return false;
  const size_t dot = name.find('.');
  if (dot == absl::string_view::npos || !AllOf(name.substr(0, dot), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(name.substr(0, dot), &parsed->restart)) {
    return false;
  }
  name.remove_prefix(dot);
  if (!absl::ConsumePrefix(&name, ".log")) return false;
  parsed->age = kNewest;
  DropCompression(&name);
  if (!name.empty() && (name[0] != '.' || !ParseStamp(name.substr(1), &parsed->age))) return false;
  parsed->kind = ContainerPath::Kind::kPod;
  parsed->directory = directory;
  parsed->space = pod[0];
  parsed->pod = pod[1];
  parsed->uid = pod[2];
  return !pod[0].empty() && !pod[1].empty() && !pod[2].empty();
}

bool ParseLink(absl::string_view path, ContainerPath* parsed) {
  absl::string_view directory = path;
  absl::string_view name = TakeName(&directory);
  if (!absl::ConsumeSuffix(&name, ".log")) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '_');
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty()) return false;
  const size_t dash = parts[2].rfind('-');
  if (dash == absl::string_view::npos || dash == 0) return false;
  parsed->id = parts[2].substr(dash + 1);
  if (parsed->id.size() != 64 || !AllOf(parsed->id, absl::ascii_isxdigit)) return false;
  parsed->kind = ContainerPath::Kind::kLink;
  parsed->directory = path;
  parsed->pod = parts[0];
  parsed->space = parts[1];
  parsed->container = parts[2].substr(0, dash);
  return true;
}

}  // namespace

bool ContainerPath::Parse(absl::string_view path, ContainerPath* parsed) {
  for (const auto& parse : {ParseDocker, ParsePod, ParseLink}) {
    *parsed = ContainerPath();
    if (parse(path, parsed)) return true;
  }
  return false;
}

bool ParseThroughLinks(const std::string& path, std::string* storage, ContainerPath* parsed) {
  *storage = path;
  bool link = false;
  std::string link_path;
  for (int i = 0; i < kMaxLinks; ++i) {
    // A link's name says less than the path of the file that it leads to.
    if (ContainerPath::Parse(*storage, parsed)) {
      if (parsed->kind != ContainerPath::Kind::kLink) return true;
      link = true;
      link_path = *storage;
    }
    std::error_code error;
    const std::filesystem::path target = std::filesystem::read_symlink(*storage, error);
    if (error) break;
    *storage = (std::filesystem::path(*storage).parent_path() / target).lexically_normal().string();
  }
  if (!link) return false;
  *storage = link_path;
  return ContainerPath::Parse(*storage, parsed);
}

bool IsCompressedName(absl::string_view path) {
  for (const absl::string_view suffix : {".gz", ".zst", ".bz2", ".xz", ".lz4"}) {
    if (absl::EndsWith(path, suffix)) return true;
  }
  return false;
}

}  // namespace tallybell
