// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/store/state_quarantine.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/log.h"
#include "engine/base/status_macros.h"
#include "engine/store/state_place.h"

namespace tallybell {
namespace {

// The file first. If the process ends in between, its log alone does not look like a state file
// that is whole; the file without its log would.
constexpr absl::string_view kParts[] = {"", "-wal", "-shm", "-journal"};

constexpr size_t kStampSize = sizeof("20240501T123230Z") - 1;

bool IsThere(const std::string& path) {
  struct stat facts;
  return lstat(path.c_str(), &facts) == 0;
}

std::string Stamp(TimeNs now) {
  const std::string text = FormatRfc3339(now);
  return absl::StrCat(absl::StrReplaceAll(text.substr(0, 19), {{"-", ""}, {":", ""}}), "Z");
}

// Names of the sets beside `path`, without the endings of their parts; the oldest first.
std::vector<std::string> SetsBeside(const std::string& path) {
  const std::string prefix =
      absl::StrCat(std::filesystem::path(path).filename().string(), ".corrupt-");
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(StateDirectoryOf(path), error), end;
       !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (!absl::StartsWith(name, prefix)) continue;
    for (const absl::string_view part : kParts) {
      if (part.empty() || !absl::EndsWith(name, part)) continue;
      name.resize(name.size() - part.size());
      break;
    }
    names.insert(absl::StrCat(StateDirectoryOf(path), "/", name));
  }
  std::vector<std::string> sorted(names.begin(), names.end());
  // Of one second: the tenth after the second.
  const size_t stamped = StateDirectoryOf(path).size() + 1 + prefix.size() + kStampSize;
  std::stable_sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
    const int order = a.compare(0, stamped, b, 0, stamped);
    return order != 0 ? order < 0 : a.size() < b.size();
  });
  return sorted;
}

// Of one second, a number higher than all there are: the oldest are removed by their names.
std::string NewName(const std::string& path, TimeNs now) {
  const std::string first = absl::StrCat(path, ".corrupt-", Stamp(now));
  int last = 0;
  for (const std::string& name : SetsBeside(path)) {
    if (!absl::StartsWith(name, first)) continue;
    int number = 1;
    if (name.size() > first.size() + 1 &&
        !absl::SimpleAtoi(absl::string_view(name).substr(first.size() + 1), &number)) {
      continue;
    }
    last = std::max(last, number);
  }
  return last == 0 ? first : absl::StrCat(first, "-", last + 1);
}

void RemoveOldest(const std::string& path) {
  std::vector<std::string> sets = SetsBeside(path);
  for (size_t i = 0; i + kMaxPutAside < sets.size(); ++i) {
    for (const absl::string_view part : kParts) unlink(absl::StrCat(sets[i], part).c_str());
    LogWarn("the oldest state file that was put aside is removed", {{"file", sets[i]}});
  }
}

absl::StatusOr<std::string> PutAside(const std::string& path, TimeNs now,
                                     absl::Span<const absl::string_view> parts) {
  std::string aside = NewName(path, now);
  std::vector<absl::string_view> moved;
  for (const absl::string_view part : parts) {
    const std::string from = absl::StrCat(path, part);
    if (!IsThere(from)) continue;
    if (rename(from.c_str(), absl::StrCat(aside, part).c_str()) != 0) {
      const absl::Status status = absl::ErrnoToStatus(errno, "it cannot be put aside");
      for (const absl::string_view back : moved) {
        rename(absl::StrCat(aside, back).c_str(), absl::StrCat(path, back).c_str());
      }
      return status;
    }
    moved.push_back(part);
  }
  RETURN_IF_ERROR(SyncDirectoryOf(path));
  RemoveOldest(path);
  return aside;
}

}  // namespace

absl::StatusOr<std::string> PutStateAside(const std::string& path, TimeNs now) {
  return PutAside(path, now, kParts);
}

absl::StatusOr<std::string> PutLogAside(const std::string& path, TimeNs now) {
  return PutAside(path, now, {"-wal"});
}

}  // namespace tallybell
