// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_plan.h"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
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

bool AllDigits(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Takes a date off the end, and what tells several of one day apart: "-20240501", "-2024-05-01",
// ".20240501-123230", "-20240501-1714566750". Its digits, or nothing.
std::string TakeDate(absl::string_view* rest) {
  for (const size_t behind : {0, 7, 11}) {  // a separator, and a time of day or seconds since 1970
    for (const absl::string_view shape : {"-dddddddd", "-dddd-dd-dd"}) {
      if (rest->size() < shape.size() + behind + 1) continue;
      const absl::string_view time = rest->substr(rest->size() - behind);
      absl::string_view date = rest->substr(rest->size() - behind - shape.size(), shape.size());
      if (behind > 0 && (!absl::StrContains("-_.T", time[0]) || !AllDigits(time.substr(1)))) {
        continue;
      }
      if (date[0] != '-' && date[0] != '.') continue;
      if (shape.size() > 9 && (date[5] != '-' || date[8] != '-')) continue;
      const std::string digits = absl::StrReplaceAll(date.substr(1), {{"-", ""}});
      // What is no day of our time is a number of another kind.
      if (digits.size() != 8 || !AllDigits(digits) || digits < "19700101" || digits > "21001231" ||
          digits.substr(4, 2) > "12" || digits.substr(6) > "31") {
        continue;
      }
      rest->remove_suffix(behind + shape.size());
      return absl::StrCat(digits, behind == 0 ? "" : time.substr(1));
    }
  }
  return "";
}

// Takes off a name what rotation gave it: ".3", ".3.gz", ".gz", "-20240501.gz", or "-20240501" from
// before ".log". Ascending from the oldest part: minus its number, less than any of them by its
// date, 0 for the one that is written to.
int64_t TakeRotation(std::string* name) {
  absl::string_view rest = *name;
  if (!absl::ConsumeSuffix(&rest, ".gz")) absl::ConsumeSuffix(&rest, ".zst");
  const size_t dot = rest.rfind('.');
  int64_t number = 0;
  if (dot != absl::string_view::npos && rest.size() - dot <= 4 &&
      absl::SimpleAtoi(rest.substr(dot + 1), &number) && number >= 0) {
    *name = std::string(rest.substr(0, dot));
    return -number;
  }
  const bool log = absl::EndsWith(rest, ".log");
  absl::string_view front = log ? rest.substr(0, rest.size() - 4) : rest;
  std::string date = TakeDate(&front);
  date.resize(18, '0');
  if (date[0] != '0' && absl::SimpleAtoi(date, &number)) {
    *name = absl::StrCat(front, log ? ".log" : "");
    return number - std::numeric_limits<int64_t>::max();
  }
  *name = std::string(rest);
  return 0;
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
  std::get<6>(part.age) = TakeRotation(&part.log);
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

// The paths, and in place of a pattern that no file has for its name, those that fit it.
std::vector<std::string> ExpandPatterns(const std::vector<std::string>& paths) {
  std::vector<std::string> expanded;
  for (const std::string& path : paths) {
    glob_t found = {};
    struct stat status;
    if (path.find_first_of("*?[") != std::string::npos && stat(path.c_str(), &status) != 0 &&
        glob(path.c_str(), 0, nullptr, &found) == 0) {
      expanded.insert(expanded.end(), found.gl_pathv, found.gl_pathv + found.gl_pathc);
    } else {
      expanded.push_back(path);
    }
    globfree(&found);
  }
  return expanded;
}

// The paths, and for each directory among them the files in it.
std::vector<std::string> WalkDirectories(const std::vector<std::string>& paths, ReplayPlan* plan) {
  std::vector<std::string> files;
  for (const std::string& path : ExpandPatterns(paths)) {
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
