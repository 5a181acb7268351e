// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SEVERITY_CHOICE_H_
#define TALLYBELL_ENGINE_RUN_SEVERITY_CHOICE_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "engine/model/severity.h"
#include "engine/run/glog_file.h"

namespace tallybell {

// Which of the severity files of a glog program are read: glog writes each record into the file of
// its severity and of every lower one, so that the lowest holds all (docs/semantics.md, "Several
// files"). What was once the lowest stays it: where its files are gone, the others hold nothing
// that was not counted.
class SeverityChoice {
 public:
  // So many programs are known; of those beyond them every file is read.
  static constexpr size_t kMaxPrograms = 10'000;

  // There is such a file. True if that makes its severity the lowest of its program.
  bool Note(const GlogFile& file);

  // Whether a file that was noted holds lines that others do not.
  bool Reads(const GlogFile& file) const { return LowestOf(file) == file.severity; }
  Severity LowestOf(const GlogFile& file) const;

  // Why a file is not read, for a note about it.
  std::string Reason(const GlogFile& file) const;

  // Over a restart: text that Restore reads back. What is anything else is ignored.
  std::string Save() const;
  void Restore(absl::string_view state);

 private:
  std::map<std::string, Severity> lowest_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SEVERITY_CHOICE_H_
