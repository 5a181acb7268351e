// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_SOURCE_LOG_DIRECTORY_H_
#define TALLYBELL_TESTS_ENGINE_SOURCE_LOG_DIRECTORY_H_

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/source/block_reader.h"
#include "engine/source/tail_set.h"
#include "gtest/gtest.h"

namespace tallybell {

// A directory of its own, with the verbs of those who write and rotate logs.
class LogDirectory {
 public:
  explicit LogDirectory(const std::string& in = ::testing::TempDir()) {
    std::string pattern = in + "/logs.XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~LogDirectory() { std::filesystem::remove_all(path_); }

  std::string Path(absl::string_view name) const { return absl::StrCat(path_, "/", name); }

  void Append(absl::string_view name, absl::string_view bytes) const {
    std::ofstream(Path(name), std::ios::binary | std::ios::app) << bytes;
  }
  void Truncate(absl::string_view name, off_t size = 0) const {
    ASSERT_EQ(truncate(Path(name).c_str(), size), 0);
  }
  void Rename(absl::string_view from, absl::string_view to) const {
    ASSERT_EQ(rename(Path(from).c_str(), Path(to).c_str()), 0);
  }
  void Remove(absl::string_view name) const { ASSERT_EQ(unlink(Path(name).c_str()), 0); }
  void Copy(absl::string_view from, absl::string_view to) const {
    std::filesystem::copy_file(Path(from), Path(to),
                               std::filesystem::copy_options::overwrite_existing);
  }
  void Link(absl::string_view target, absl::string_view name) const {
    // Over an old link, in one step.
    ASSERT_EQ(symlink(Path(target).c_str(), Path(absl::StrCat(name, ".new")).c_str()), 0);
    Rename(absl::StrCat(name, ".new"), name);
  }

 private:
  std::string path_;
};

// Reads a TailSet as the engine does, commits at will, and may crash.
class Follower {
 public:
  Follower(TailSet::Options options, Metrics* metrics)
      : options_(std::move(options)), metrics_(metrics) {
    Start();
  }

  // Polls, and reads every file to its end for now.
  void Step(TimeNs now) {
    Poll(now);
    Read();
  }

  void Poll(TimeNs now) {
    TailSet::Changes changes = set_->Poll(now);
    for (const FilePosition& position : changes.forgotten) rows_.erase(position.Key());
    for (const auto& file : changes.released) {
      rows_.erase(file->identity().Key());
      readers_.erase(file.get());
      resume_.erase(file.get());
      done_.erase(std::remove(done_.begin(), done_.end(), file.get()), done_.end());
    }
    for (TailedFile* file : changes.opened) {
      readers_[file] = NewReader(file);
      const auto position = file->PositionAt(file->offset());
      if (!position.ok()) continue;
      // What was parked is committed with its lines.
      auto& rows = waiting_.count(position->Key()) > 0 ? waiting_ : rows_;
      rows[position->Key()] = position->Encode();
    }
    for (TailedFile* file : changes.had_turn) Park(file);
  }

  // `files`: at most so many of them.
  void Read(size_t files = 1000) {
    for (TailedFile* file : set_->files()) {
      if (files-- == 0) return;
      ReadFile(file);
    }
  }

  // Forgets all that was not committed, and starts again with the rest.
  void Crash() {
    lines_.resize(committed_lines_);
    set_.reset();
    readers_.clear();
    resume_.clear();
    waiting_.clear();
    done_.clear();
    Start();
  }

  void Commit() {
    for (auto& [key, row] : waiting_) rows_[key] = row;
    waiting_.clear();
    committed_lines_ = lines_.size();
    for (TailedFile* file : done_) file->MarkCommitted();
    done_.clear();
  }

  const std::vector<std::string>& lines() const { return lines_; }
  TailSet& set() { return *set_; }
  const std::map<std::string, std::string>& rows() const { return rows_; }

 private:
  void Park(TailedFile* file) {
    const auto position =
        file->PositionAt(resume_.count(file) > 0 ? resume_[file] : file->offset());
    if (!position.ok()) return;
    waiting_[position->Key()] = position->Encode();
    set_->Park(file, *position, /*at_end=*/resume_.erase(file) > 0);
    readers_.erase(file);
  }

  void Start() {
    std::vector<FilePosition> stored;
    for (const auto& [key, row] : rows_) stored.push_back(FilePosition::Decode(row).value());
    set_ = std::make_unique<TailSet>(options_, stored, metrics_);
  }

  std::unique_ptr<BlockReader> NewReader(TailedFile* file) {
    BlockReader::Options options;
    options.block = 4096;
    options.offset = file->offset();
    options.live = true;
    return std::make_unique<BlockReader>(file, options);
  }

  void ReadFile(TailedFile* file) {
    BlockReader& reader = *readers_.at(file);
    const TailedFile::State state = file->state();
    if (state == TailedFile::State::kFinish) reader.Finish();
    for (;;) {
      const absl::StatusOr<Block> block = reader.Next();
      ASSERT_TRUE(block.ok()) << block.status();
      Take(block->bytes);
      const auto position = file->PositionAt(block->next_offset);
      if (position.ok()) waiting_[position->Key()] = position->Encode();
      resume_[file] = block->next_offset;
      if (block->at_end) break;
    }
    if (state != TailedFile::State::kOpen) done_.push_back(file);
  }

  void Take(absl::string_view bytes) {
    if (bytes.empty()) return;
    for (absl::string_view line :
         absl::StrSplit(absl::string_view(bytes.data(), bytes.size()), '\n')) {
      if (!line.empty()) lines_.emplace_back(line);
    }
  }

  const TailSet::Options options_;
  Metrics* const metrics_;
  std::unique_ptr<TailSet> set_;
  std::map<TailedFile*, std::unique_ptr<BlockReader>> readers_;
  std::map<TailedFile*, uint64_t> resume_;  // where a new reader would begin
  // What the state file holds, and what the next commit puts there.
  std::map<std::string, std::string> rows_;
  std::map<std::string, std::string> waiting_;
  std::vector<TailedFile*> done_;
  std::vector<std::string> lines_;
  size_t committed_lines_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_SOURCE_LOG_DIRECTORY_H_
