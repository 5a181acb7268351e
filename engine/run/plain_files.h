// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_PLAIN_FILES_H_
#define TALLYBELL_ENGINE_RUN_PLAIN_FILES_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/glog_file.h"
#include "engine/run/severity_choice.h"
#include "engine/run/source_files.h"

namespace tallybell {

// The files of a `file` source: docs/configuration.md, "file". Of the severity files of one glog
// program only the lowest is read; what is compressed is not.
class PlainFiles : public SourceFiles {
 public:
  // glog makes the files of a record's severity and of the lower ones one after the other. A file
  // that comes alone waits so long for a lower one.
  static constexpr DurationNs kWaitForLower = 2 * kSecond;

  PlainFiles(const FileSourceConfig* config, Metrics* metrics);

  std::vector<std::string> Patterns() const override { return config_->paths; }
  void Choose(TimeNs now, std::vector<FileGlob::File>* files) override;
  Labels LabelsOf(const std::string& path) override;
  absl::Status WithoutFiles() const override;

  bool Changed() const override { return changed_; }
  std::string Save() override;
  void Restore(absl::string_view state) override { severities_.Restore(state); }

 private:
  // What is known of a path while it leads to the same file.
  struct Known {
    uint64_t inode = 0;
    std::optional<GlogFile> glog;
    TimeNs since = kNoTime;
    bool told = false;  // that it is left out
  };

  bool LeavesOut(TimeNs now, const std::string& path, Known* known);
  void Tell(const std::string& path, const std::string& why, Known* known);

  const FileSourceConfig* const config_;
  Metric& left_out_;
  SeverityChoice severities_;
  std::map<std::string, Known> known_;
  bool changed_ = false;
  bool first_ = true;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_PLAIN_FILES_H_
