// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/plain_files.h"

#include <utility>

#include "engine/base/log.h"
#include "engine/run/source_labels.h"
#include "engine/source/container_path.h"

namespace tallybell {

PlainFiles::PlainFiles(const FileSourceConfig* config, Metrics* metrics)
    : config_(config),
      left_out_(metrics->Get("source_files_left_out", {{"source", config->Key()}})) {}

void PlainFiles::Choose(TimeNs now, std::vector<FileGlob::File>* files) {
  std::map<std::string, Known> before = std::exchange(known_, {});
  for (const FileGlob::File& file : *files) {
    Known& known = known_[file.path];
    const auto it = before.find(file.path);
    if (it != before.end() && it->second.inode == file.inode) {
      known = std::move(it->second);
    } else {
      known.inode = file.inode;
      known.glog = GlogFile::Identify(file.path);
      // What is there at the start has been there for longer.
      known.since = first_ ? kNoTime : now;
    }
    if (known.glog.has_value() && severities_.Note(*known.glog)) changed_ = true;
  }
  first_ = false;
  int64_t left_out = 0;
  for (FileGlob::File& file : *files) {
    file.left_out = LeavesOut(now, file.path, &known_[file.path]);
    left_out += file.left_out ? 1 : 0;
  }
  left_out_.Set(left_out);
}

bool PlainFiles::LeavesOut(TimeNs now, const std::string& path, Known* known) {
  if (IsCompressedName(path)) {
    Tell(path, "it is compressed", known);
    return true;
  }
  if (!known->glog.has_value()) return false;
  if (!severities_.Reads(*known->glog)) {
    Tell(path, severities_.Reason(*known->glog), known);
    return true;
  }
  return known->glog->severity != Severity::kInfo && known->since != kNoTime &&
         now < AddNs(known->since, kWaitForLower);
}

void PlainFiles::Tell(const std::string& path, const std::string& why, Known* known) {
  if (std::exchange(known->told, true)) return;
  LogInfo("file is not read", {{"source", config_->Key()}, {"file", path}, {"why", why}});
}

Labels PlainFiles::LabelsOf(const std::string& path) {
  return SourceLabels(
      path, config_->labels,
      config_->labels_from_path.has_value() ? &*config_->labels_from_path : nullptr);
}

absl::Status PlainFiles::WithoutFiles() const {
  return absl::NotFoundError("there is no file to read");
}

std::string PlainFiles::Save() {
  changed_ = false;
  return severities_.Save();
}

}  // namespace tallybell
