// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_FILES_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/run/configuration.h"
#include "engine/source/file_glob.h"

namespace tallybell {

// Where the files of one kind of source are, which of them are read, and what labels the streams in
// them have. What is left out and why is logged once and counted in source_files_left_out.
//
// Belongs to the evaluation thread.
class SourceFiles {
 public:
  virtual ~SourceFiles() = default;

  // Where to look: paths and wildcards.
  virtual std::vector<std::string> Patterns() const = 0;

  // Marks those of `files`, all that the patterns lead to now, that are not read. `now` is
  // monotonic.
  virtual void Choose(TimeNs now, std::vector<FileGlob::File>* files) = 0;

  // Of the streams of a file that was not left out.
  virtual Labels LabelsOf(const std::string& path) = 0;

  // What is wrong where there is no file to read; OK where none need be.
  virtual absl::Status WithoutFiles() const = 0;

  // Over a restart: what it must know, as text that Restore reads back. Saved once when Changed.
  virtual bool Changed() const { return false; }
  virtual std::string Save() { return ""; }
  virtual void Restore(absl::string_view) {}

  // For what `config` says, which outlives it.
  static std::unique_ptr<SourceFiles> Make(const FileSourceConfig* config, Metrics* metrics);
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_FILES_H_
