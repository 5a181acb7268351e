// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Random lives of log files against what was written to them.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/source/log_directory.h"

namespace tallybell {
namespace {

// Writers, rotators and an engine that commits and crashes at will. Every line is written once and
// is "<number> …;": what does not look like that is a piece of a line that was never completed.
class Life {
 public:
  Life(int seed, bool truncations) : random_(seed), truncations_(truncations) {
    TailSet::Options options;
    options.paths = {logs_.Path("*.log"), logs_.Path("prog.INFO")};
    // To close an instance takes the kernel longer than all else here.
    options.watch = false;
    follower_ = std::make_unique<Follower>(options, &metrics_);
  }

  void Run(int actions) {
    for (int i = 0; i < actions; ++i) Act();
    CompleteAll();
    for (int i = 0; i < 4; ++i) {
      follower_->Step(now_ += 31 * kSecond);
      follower_->Commit();
    }
    follower_->Poll(now_ += kDay);
  }

  const std::vector<std::string>& written() const { return written_; }
  const Follower& follower() const { return *follower_; }
  std::vector<std::string> ReadWholeLines() const {
    std::vector<std::string> lines;
    for (const std::string& line : follower_->lines()) {
      if (absl::EndsWith(line, ";") && absl::StartsWith(line, "<")) lines.push_back(line);
    }
    return lines;
  }
  const std::string& story() const { return story_; }

 private:
  void Act() {
    const std::string name = absl::StrCat(random_() % 2 == 0 ? "a" : "b", ".log");
    switch (random_() % 14) {
      case 0:
      case 1:
      case 2:
        return Write(name);
      case 3:
        return WritePart(name);
      case 4:
        return Rename(name);
      case 5:
        return Delete(name);
      case 6:
        return SwapLink();
      case 7:
        return WriteToLink();
      case 8:
        if (truncations_) Truncate(name);
        return;
      case 9:
        return Crash();
      case 10:
        Tell("commit");
        return follower_->Commit();
      case 11:
        CompleteAll();
        Tell("wait");
        now_ += (random_() % 40) * kSecond;
        return Poll();
      case 12:
        Poll();
        Tell("read some");
        return follower_->Read(random_() % 3);
      default:
        Poll();
        Tell("read");
        return follower_->Read();
    }
  }

  void Tell(absl::string_view what) { absl::StrAppend(&story_, what, "; "); }

  void Poll() {
    Tell("poll");
    follower_->Poll(now_);
    unseen_.clear();
  }

  std::string NextLine() {
    return absl::StrCat("<", ++lines_, " ", std::string(random_() % 120, 'x'), ";");
  }

  bool Exists(const std::string& name) { return std::filesystem::exists(logs_.Path(name)); }

  void Write(const std::string& name) {
    Complete(name);
    if (!Exists(name)) unseen_.insert(name);
    Tell("write " + name);
    for (int n = random_() % 20; n >= 0; --n) {
      written_.push_back(NextLine());
      logs_.Append(name, written_.back() + "\n");
    }
  }

  void WritePart(const std::string& name) {
    Complete(name);
    if (!Exists(name)) unseen_.insert(name);
    Tell("part " + name);
    const std::string line = NextLine();
    const size_t part = random_() % line.size() + 1;
    logs_.Append(name, line.substr(0, part));
    partial_[name] = {line, part};
  }

  // The writer still has the file, whatever it is called now.
  void Complete(const std::string& name) {
    const auto it = partial_.find(name);
    if (it == partial_.end()) return;
    Tell("complete " + name);
    logs_.Append(name, it->second.first.substr(it->second.second) + "\n");
    written_.push_back(it->second.first);
    partial_.erase(it);
  }

  void CompleteAll() {
    while (!partial_.empty()) Complete(partial_.begin()->first);
  }

  // A file that comes and goes between two polls is lost, and nobody says otherwise.
  void MakeSeen(const std::string& name) {
    if (unseen_.count(name) > 0) Poll();
  }

  void Rename(const std::string& name) {
    if (!Exists(name)) return;
    MakeSeen(name);
    const std::string to = absl::StrCat(name, ".", ++names_);
    Tell("rename " + name + " " + to);
    logs_.Rename(name, to);
    if (const auto it = partial_.find(name); it != partial_.end()) {
      partial_[to] = it->second;
      partial_.erase(name);
    }
  }

  void Delete(const std::string& name) {
    if (!Exists(name)) return;
    Poll();
    Tell("delete " + name);
    if (random_() % 2 == 0) Write(name);
    logs_.Remove(name);
    partial_.erase(name);
    deleted_unread_ = true;
  }

  void SwapLink() {
    MakeSeen("prog.INFO");
    target_ = absl::StrCat("prog.", ++names_);
    Tell("link " + target_);
    logs_.Append(target_, "");
    logs_.Link(target_, "prog.INFO");
    unseen_.insert("prog.INFO");
    WriteToLink();
  }

  void WriteToLink() {
    if (!target_.empty()) Write(target_);
  }

  void Truncate(const std::string& name) {
    if (!Exists(name)) return;
    Tell("truncate " + name);
    if (random_() % 2 == 0) logs_.Copy(name, absl::StrCat(name, ".", ++names_));
    logs_.Truncate(name);
    partial_.erase(name);
    if (random_() % 2 == 0) Write(name);
  }

  void Crash() {
    // What has no name any more is gone with the process.
    if (deleted_unread_) {
      follower_->Step(now_);
      follower_->Commit();
      unseen_.clear();
      deleted_unread_ = false;
    }
    Tell("crash");
    follower_->Crash();
  }

  std::mt19937 random_;
  const bool truncations_;
  LogDirectory logs_;
  Metrics metrics_;
  std::unique_ptr<Follower> follower_;
  TimeNs now_ = 0;
  int lines_ = 0;
  int names_ = 0;
  std::string target_;
  std::vector<std::string> written_;
  std::map<std::string, std::pair<std::string, size_t>> partial_;
  std::set<std::string> unseen_;
  bool deleted_unread_ = false;
  std::string story_;
};

std::vector<std::string> Sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

// What is in one and not in the other, shortly.
std::string Difference(const std::vector<std::string>& read,
                       const std::vector<std::string>& written) {
  std::map<std::string, int> count;
  for (const std::string& line : read) ++count[line];
  for (const std::string& line : written) --count[line];
  std::string difference;
  for (const auto& [line, more] : count) {
    if (more == 0) continue;
    absl::StrAppend(&difference, line.substr(0, line.find(' ')), more > 0 ? " twice " : " lost ");
  }
  return difference;
}

TEST(TailSetModelTest, ReadsEveryLineOnceWithoutTruncation) {
  for (int seed = 0; seed < 1500; ++seed) {
    Life life(seed, /*truncations=*/false);
    life.Run(40);
    ASSERT_EQ(Difference(life.ReadWholeLines(), life.written()), "")
        << "seed " << seed << ": " << life.story();
    // Only those files have rows that can still be reached: a.log, b.log and prog.INFO.
    ASSERT_LE(life.follower().rows().size(), 3) << "seed " << seed << ": " << life.story();
  }
}

TEST(TailSetModelTest, ReadsNoLineTwiceWithTruncation) {
  size_t written = 0;
  size_t read = 0;
  for (int seed = 0; seed < 300; ++seed) {
    Life life(seed, /*truncations=*/true);
    life.Run(40);
    const std::vector<std::string> lines = Sorted(life.ReadWholeLines());
    const auto twice = std::adjacent_find(lines.begin(), lines.end());
    ASSERT_EQ(twice, lines.end()) << *twice << " seed " << seed << ": " << life.story();
    const std::vector<std::string> all = Sorted(life.written());
    ASSERT_TRUE(std::includes(all.begin(), all.end(), lines.begin(), lines.end()))
        << "seed " << seed << ": " << life.story();
    written += all.size();
    read += lines.size();
  }
  // Not by reading nothing.
  EXPECT_GT(read, written / 2);
}

}  // namespace
}  // namespace tallybell
