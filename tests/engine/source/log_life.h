// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_SOURCE_LOG_LIFE_H_
#define TALLYBELL_TESTS_ENGINE_SOURCE_LOG_LIFE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {

// One thing that happens to logs or to who reads them.
struct LifeAction {
  enum class Verb {
    kWrite,
    kWritePart,
    kRename,
    kDelete,
    kReplace,   // another file is renamed over it
    kSwapLink,  // in one step, or by unlink and symlink
    kTruncate,  // with a copy before or without
    kRegrow,    // truncated and written to beyond its old size
    kForbid,    // its mode allows no reading
    kAllow,
    kPoll,
    kRead,
    kReadSome,
    kCommit,
    kWait,
    kStop,  // all is committed first
    kCrash,
  };
  Verb verb = Verb::kPoll;
  uint32_t what = 0;  // which file, how much: whatever the verb needs

  std::string ToString() const;
};

// Random ones; without `truncations` nothing that was written is taken back.
std::vector<LifeAction> RandomLife(uint32_t seed, bool truncations);

// Writers, rotators, and an engine that reads, commits and crashes at will, over the files a.log
// (whose rotated names no pattern fits), b.log* and the link prog.INFO. Beside them a model that
// knows which lines a reader could have read.
//
// Every line is written once and is "<number> …;": what does not look like that is a piece of one.
class LogLife {
 public:
  // The files are in a directory of their own, in `in`.
  explicit LogLife(const std::string& in);

  // Lets it all happen; then everybody finishes what they do. Once.
  void Live(const std::vector<LifeAction>& actions);

  // What is wrong: a line that was read twice, one that was lost and could have been read, a piece
  // of a line that was whole. Empty if nothing is.
  std::string Faults() const;

  size_t written() const { return whole_.size(); }
  size_t read() const { return follower_->lines().size(); }
  size_t rows() const { return follower_->rows().size(); }

 private:
  struct File {
    UniqueFd fd;           // the writer's; none once it has closed it
    std::string name;      // empty: deleted
    bool current = false;  // a.log, b.log, or where the link leads
    bool allowed = true;
    std::vector<std::string> lines;
    std::string partial;  // a line, of which so much is written:
    size_t partial_size = 0;
    // Of the engine, by the model.
    bool opened = false;
    bool row = false;  // its position is stored
    size_t read_to = 0;
    size_t committed_to = 0;
  };

  void Act(const LifeAction& action);
  void Write(File* file, uint32_t what);
  void WritePart(File* file, uint32_t what);
  void Complete(File* file);
  void Rename(File* file);
  void Unlink(File* file);
  void SwapLink(uint32_t what);
  void Truncate(File* file, uint32_t what);
  void Poll();
  void Read();
  void Commit();
  void Wait(uint32_t what);
  void Crash();

  File* Pick(uint32_t what);
  File* Create(const std::string& name);
  std::string NextLine(uint32_t what);
  bool Fits(const File& file) const;
  void Excuse(const File& file, size_t from);
  void Abandon(File* file);

  LogDirectory logs_;
  Metrics metrics_;
  std::unique_ptr<Follower> follower_;
  const bool modes_;  // whether the engine can be somebody whom modes hold off
  std::vector<std::unique_ptr<File>> files_;
  TimeNs now_ = 0;
  bool polled_ = false;  // since the engine was started
  int numbers_ = 0;
  int names_ = 0;
  std::set<std::string> whole_;
  std::set<std::string> excused_;
  std::vector<std::string> abandoned_;  // what was written of lines that were never completed
  // Read from contents that were taken back since: they are lost if the engine dies before it
  // commits.
  std::vector<std::string> doomed_;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_SOURCE_LOG_LIFE_H_
