// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_plan.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/run/glog_file.h"
#include "engine/run/severity_choice.h"
#include "engine/source/container_path.h"
#include "engine/source/directory_walk.h"

namespace tallybell {
namespace {

// One file and what its name says of the log that it is a part of.
struct Part {
  std::string path;
  std::string log;  // the same for all parts of one log
  // Ascending from the oldest part: when it was begun, or minus its rotation number.
  std::tuple<int, int, int, int, int, int, int64_t> age;
  std::optional<GlogFile> glog;
};

// The file's own name, through links: glog's links have none of what the target's name says.
std::string RealPath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? path : real.string();
}

// Takes ".3", ".3.gz" or ".gz" off a rotated name; the number, or 0.
int64_t TakeRotation(std::string* name) {
  absl::string_view rest = *name;
  if (!absl::ConsumeSuffix(&rest, ".gz")) absl::ConsumeSuffix(&rest, ".zst");
  const size_t dot = rest.rfind('.');
  int64_t number = 0;
  if (dot != absl::string_view::npos && rest.size() - dot <= 4 &&
      absl::SimpleAtoi(rest.substr(dot + 1), &number) && number >= 0) {
    rest = rest.substr(0, dot);
  }
  *name = std::string(rest);
  return number;
}

Part Describe(const std::string& path) {
  Part part;
  part.path = path;
  part.glog = GlogFile::Identify(path);
  if (part.glog.has_value()) {
    part.log = absl::StrCat(part.glog->program, ".", SeverityName(part.glog->severity));
    const Stamp& at = part.glog->created;
    part.age = {at.year, at.month, at.day, at.hour, at.minute, at.second, 0};
    return part;
  }
  ContainerPath container;
  std::string storage;
  if (ParseThroughLinks(path, &storage, &container) &&
      container.kind != ContainerPath::Kind::kLink) {
    // What was said before a restart and after it is one stream.
    part.log = std::string(container.directory);
    std::get<0>(part.age) = static_cast<int>(container.restart);
    std::get<6>(part.age) = container.age;
    return part;
  }
  part.log = RealPath(path);
  std::get<6>(part.age) = -TakeRotation(&part.log);
  return part;
}

// Drops the files of glog programs of which a lower severity is there too.
void DropHigherSeverities(std::vector<Part>* parts, std::vector<std::string>* notes) {
  SeverityChoice choice;
  for (const Part& part : *parts) {
    if (part.glog.has_value()) choice.Note(*part.glog);
  }
  const auto higher = [&](const Part& part) {
    if (!part.glog.has_value() || choice.Reads(*part.glog)) return false;
    notes->push_back(absl::StrCat(part.path, ": not read: ", choice.Reason(*part.glog)));
    return true;
  };
  parts->erase(std::remove_if(parts->begin(), parts->end(), higher), parts->end());
}

// The paths, and for each directory among them the files in it.
std::vector<std::string> WalkDirectories(const std::vector<std::string>& paths, ReplayPlan* plan) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    struct stat status;
    if (path == "-" || stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
      files.push_back(path);
      continue;
    }
    const size_t before = files.size();
    DirectoryWalk walk = DirectoryWalk::Of(path);
    files.insert(files.end(), walk.files.begin(), walk.files.end());
    if (files.size() == before && walk.notes.empty()) {
      walk.notes.push_back(absl::StrCat(path, ": there is no file in it"));
    }
    plan->notes.insert(plan->notes.end(), walk.notes.begin(), walk.notes.end());
    plan->unread += static_cast<int64_t>(walk.notes.size());
  }
  return files;
}

}  // namespace

ReplayPlan PlanReplay(const std::vector<std::string>& paths) {
  ReplayPlan plan;
  std::vector<Part> parts;
  std::map<std::pair<dev_t, ino_t>, std::string> seen;
  for (const std::string& path : WalkDirectories(paths, &plan)) {
    struct stat status;
    if (path == "-" || stat(path.c_str(), &status) != 0) {
      Part part;
      part.path = part.log = path;
      parts.push_back(std::move(part));  // opening it says what is wrong
      continue;
    }
    const auto [it, inserted] = seen.emplace(std::make_pair(status.st_dev, status.st_ino), path);
    if (inserted) {
      parts.push_back(Describe(path));
    } else {
      plan.notes.push_back(
          absl::StrCat(path, ": not read again: it is the same file as ", it->second));
    }
  }
  DropHigherSeverities(&parts, &plan.notes);

  std::map<std::string, size_t> source_of_log;
  std::vector<std::vector<Part>> sources;
  for (Part& part : parts) {
    const auto [it, inserted] = source_of_log.emplace(part.log, sources.size());
    if (inserted) sources.emplace_back();
    sources[it->second].push_back(std::move(part));
  }
  for (std::vector<Part>& source : sources) {
    std::stable_sort(source.begin(), source.end(),
                     [](const Part& a, const Part& b) { return a.age < b.age; });
    ReplaySource planned;
    for (Part& part : source) planned.parts.push_back(std::move(part.path));
    plan.sources.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace tallybell
