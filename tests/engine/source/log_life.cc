// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/source/log_life.h"

#include <sys/fsuid.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

using Verb = LifeAction::Verb;

constexpr uid_t kNobody = 65534;

constexpr struct {
  Verb verb;
  const char* name;
  int weight;
} kVerbs[] = {
    {Verb::kWrite, "write", 5},       {Verb::kWritePart, "part", 2},  {Verb::kRename, "rename", 3},
    {Verb::kDelete, "delete", 1},     {Verb::kReplace, "replace", 1}, {Verb::kSwapLink, "link", 2},
    {Verb::kTruncate, "truncate", 2}, {Verb::kRegrow, "regrow", 2},   {Verb::kForbid, "forbid", 1},
    {Verb::kAllow, "allow", 1},       {Verb::kPoll, "poll", 5},       {Verb::kRead, "read", 5},
    {Verb::kReadSome, "readsome", 1}, {Verb::kCommit, "commit", 3},   {Verb::kWait, "wait", 2},
    {Verb::kStop, "stop", 1},         {Verb::kCrash, "crash", 2},
};

void WriteAll(int fd, const std::string& bytes) {
  EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

// Does what only reads as a user whom modes hold off, where this process is not one anyway.
class AsNobody {
 public:
  explicit AsNobody(bool wanted) : wanted_(wanted && geteuid() == 0) {
    if (wanted_) setfsuid(kNobody);
  }
  ~AsNobody() {
    if (wanted_) setfsuid(0);
  }

 private:
  const bool wanted_;
};

// Whether a mode of 0 keeps the engine out and one of 0644 does not.
bool ModesHold(const LogDirectory& logs) {
  logs.Append("probe", "x");
  chmod(logs.Path("").c_str(), 0755);
  chmod(logs.Path("probe").c_str(), 0644);
  const AsNobody nobody(true);
  const UniqueFd open_one(open(logs.Path("probe").c_str(), O_RDONLY | O_CLOEXEC));
  return static_cast<bool>(open_one);
}

}  // namespace

std::string LifeAction::ToString() const {
  const auto row = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                [this](const auto& each) { return each.verb == verb; });
  return absl::StrCat(row->name, " ", what);
}

std::vector<LifeAction> RandomLife(uint32_t seed, bool truncations) {
  std::mt19937 random(seed);
  std::vector<Verb> verbs;
  for (const auto& row : kVerbs) {
    const bool takes_back = row.verb == Verb::kTruncate || row.verb == Verb::kRegrow;
    if (!takes_back || truncations) verbs.insert(verbs.end(), row.weight, row.verb);
  }
  std::vector<LifeAction> life(10 + random() % 20);
  for (LifeAction& action : life) {
    action.verb = verbs[random() % verbs.size()];
    action.what = random() % 1000;
  }
  return life;
}

LogLife::LogLife(const std::string& in) : logs_(in), modes_(ModesHold(logs_)) {
  TailSet::Options options;
  options.paths = {logs_.Path("a.log"), logs_.Path("b.log*"), logs_.Path("prog.INFO")};
  // To close an instance takes the kernel longer than all else here.
  options.watch = false;
  follower_ = std::make_unique<Follower>(options, &metrics_);
}

void LogLife::Live(const std::vector<LifeAction>& actions) {
  for (const LifeAction& action : actions) Act(action);
  for (const auto& file : files_) {
    Complete(file.get());
    if (file->name.empty()) continue;
    chmod(logs_.Path(file->name).c_str(), 0644);
    file->allowed = true;
  }
  for (int i = 0; i < 4; ++i) {
    now_ += 31 * kSecond;
    Poll();
    Read();
    Commit();
  }
  now_ += kDay;
  Poll();
  for (const auto& file : files_) {
    if (!file->opened) Excuse(*file, file->committed_to);
  }
}

void LogLife::Act(const LifeAction& action) {
  const uint32_t what = action.what;
  switch (action.verb) {
    case Verb::kWrite:
      return Write(Pick(what), what / 10);
    case Verb::kWritePart:
      return WritePart(Pick(what), what / 10);
    case Verb::kRename:
      return Rename(Pick(what));
    case Verb::kDelete:
      return Unlink(Pick(what));
    case Verb::kReplace: {
      File* const old = Pick(what);
      if (!old->current || absl::StartsWith(old->name, "prog")) return;
      const std::string name = old->name;
      Unlink(old);
      return Write(Create(name), what / 10);
    }
    case Verb::kSwapLink:
      return SwapLink(what);
    case Verb::kTruncate:
      return Truncate(Pick(what), what / 10);
    case Verb::kRegrow: {
      File* const file = Pick(what);
      Truncate(file, what / 10);
      Write(file, 19);
      return Write(file, 19);
    }
    case Verb::kForbid:
    case Verb::kAllow: {
      File* const file = Pick(what);
      if (!modes_ || file->name.empty()) return;
      file->allowed = action.verb == Verb::kAllow;
      chmod(logs_.Path(file->name).c_str(), file->allowed ? 0644 : 0);
      return;
    }
    case Verb::kPoll:
      return Poll();
    case Verb::kRead:
      return Read();
    case Verb::kReadSome: {
      const AsNobody nobody(modes_);
      return follower_->Read(what % 3);
    }
    case Verb::kCommit:
      return Commit();
    case Verb::kWait:
      return Wait(what);
    case Verb::kStop:
      Commit();
      return Crash();
    case Verb::kCrash:
      return Crash();
  }
}

// ---- Who writes

// The current a.log, b.log or target of the link, most of the time; else one that was rotated away
// and whose writer has not noticed.
LogLife::File* LogLife::Pick(uint32_t what) {
  std::vector<File*> rotated;
  for (const auto& file : files_) {
    if (!file->current && file->fd) rotated.push_back(file.get());
  }
  if (what % 5 == 4 && !rotated.empty()) return rotated[what / 5 % rotated.size()];
  static constexpr const char* kNames[] = {"a.log", "b.log", "prog."};
  const absl::string_view name = kNames[what % 3];
  for (const auto& file : files_) {
    if (file->current && absl::StartsWith(file->name, name)) return file.get();
  }
  if (name == "prog.") {
    SwapLink(what);
    return files_.back().get();
  }
  return Create(std::string(name));
}

LogLife::File* LogLife::Create(const std::string& name) {
  auto file = std::make_unique<File>();
  file->fd = UniqueFd(
      open(logs_.Path(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644));
  EXPECT_TRUE(file->fd) << name;
  file->name = name;
  file->current = true;
  files_.push_back(std::move(file));
  return files_.back().get();
}

std::string LogLife::NextLine(uint32_t what) {
  return absl::StrCat("<", ++numbers_, " ", std::string(what * 37 % 120, 'x'), ";");
}

void LogLife::Write(File* file, uint32_t what) {
  if (!file->fd) return;
  Complete(file);
  std::string bytes;
  for (uint32_t i = 0; i <= what % 20; ++i) {
    file->lines.push_back(NextLine(what + i));
    whole_.insert(file->lines.back());
    absl::StrAppend(&bytes, file->lines.back(), "\n");
  }
  WriteAll(file->fd.get(), bytes);
}

void LogLife::WritePart(File* file, uint32_t what) {
  if (!file->fd) return;
  Complete(file);
  file->partial = NextLine(what);
  file->partial_size = what % file->partial.size() + 1;
  WriteAll(file->fd.get(), file->partial.substr(0, file->partial_size));
}

void LogLife::Complete(File* file) {
  if (file->partial.empty() || !file->fd) return;
  const std::string rest = file->partial.substr(file->partial_size) + "\n";
  WriteAll(file->fd.get(), rest);
  whole_.insert(file->partial);
  file->lines.push_back(std::exchange(file->partial, ""));
}

void LogLife::Abandon(File* file) {
  if (!file->partial.empty()) abandoned_.push_back(file->partial.substr(0, file->partial_size));
  file->partial.clear();
}

void LogLife::Rename(File* file) {
  if (file->name.empty() || absl::StartsWith(file->name, "prog")) return;
  const std::string to = absl::StrCat(file->name.substr(0, 5), ".", ++names_);
  logs_.Rename(file->name, to);
  file->name = to;
  file->current = false;
}

void LogLife::Unlink(File* file) {
  if (file->name.empty()) return;
  logs_.Remove(file->name);
  // The link leads nowhere then.
  file->name.clear();
  file->current = false;
  if (!file->opened) Excuse(*file, file->committed_to);
}

void LogLife::SwapLink(uint32_t what) {
  for (const auto& file : files_) {
    if (absl::StartsWith(file->name, "prog")) file->current = false;
  }
  const std::string target = absl::StrCat("prog.", ++names_);
  Create(target);
  if (what % 2 == 0) {
    logs_.Link(target, "prog.INFO");
    return;
  }
  unlink(logs_.Path("prog.INFO").c_str());
  ASSERT_EQ(symlink(logs_.Path(target).c_str(), logs_.Path("prog.INFO").c_str()), 0);
}

void LogLife::Truncate(File* file, uint32_t what) {
  if (file->name.empty()) return;
  if (what % 2 == 0) logs_.Copy(file->name, absl::StrCat("copy.", ++names_));
  logs_.Truncate(file->name);
  Abandon(file);
  Excuse(*file, file->read_to);
  // Of a line that was completed since it was read, the reader has a piece.
  abandoned_.insert(abandoned_.end(), file->lines.begin() + file->read_to, file->lines.end());
  doomed_.insert(doomed_.end(), file->lines.begin() + file->committed_to,
                 file->lines.begin() + file->read_to);
  file->lines.clear();
  file->read_to = file->committed_to = 0;
  // Where the system does not say when a file was made, its position says nothing of it now.
  file->opened = file->row = false;
}

// ---- Who reads

bool LogLife::Fits(const File& file) const {
  return file.current || absl::StartsWith(file.name, "b.log");
}

void LogLife::Poll() {
  {
    const AsNobody nobody(modes_);
    follower_->Poll(now_);
  }
  for (const auto& file : files_) {
    // What has a stored position is looked for under other names once.
    const bool found = Fits(*file) || (file->row && !polled_ && !file->name.empty());
    if (found && file->allowed) file->opened = file->row = true;
  }
  polled_ = true;
}

void LogLife::Read() {
  {
    const AsNobody nobody(modes_);
    follower_->Read();
  }
  for (const auto& file : files_) {
    if (file->opened) file->read_to = file->lines.size();
  }
}

void LogLife::Commit() {
  follower_->Commit();
  for (const auto& file : files_) file->committed_to = file->read_to;
  doomed_.clear();
}

// So long that files which were rotated away are given up once they are read.
void LogLife::Wait(uint32_t what) {
  for (const auto& file : files_) {
    if (file->current) continue;
    Complete(file.get());
    file->fd = UniqueFd();
  }
  now_ += (what % 40) * kSecond;
  Poll();
}

void LogLife::Crash() {
  follower_->Crash();
  polled_ = false;
  excused_.insert(doomed_.begin(), doomed_.end());
  doomed_.clear();
  for (const auto& file : files_) {
    file->opened = false;
    file->read_to = file->committed_to;
    // What has no name any more is gone with the process.
    if (file->name.empty()) Excuse(*file, file->committed_to);
  }
}

// ---- What is right

void LogLife::Excuse(const File& file, size_t from) {
  excused_.insert(file.lines.begin() + from, file.lines.end());
}

std::string LogLife::Faults() const {
  std::string faults;
  std::map<std::string, int> times;
  for (const std::string& line : follower_->lines()) ++times[line];
  for (const std::string& line : whole_) {
    const auto read = times.find(line);
    const absl::string_view name = absl::string_view(line).substr(0, line.find(' '));
    if (read == times.end()) {
      if (excused_.count(line) == 0) absl::StrAppend(&faults, name, " lost ");
      continue;
    }
    if (read->second > 1) absl::StrAppend(&faults, name, " twice ");
    times.erase(read);
  }
  for (const auto& entry : times) {
    const std::string& piece = entry.first;
    const bool abandoned =
        std::any_of(abandoned_.begin(), abandoned_.end(),
                    [&](const std::string& part) { return absl::StartsWith(part, piece); });
    if (!abandoned) absl::StrAppend(&faults, "a piece: ", piece, " ");
  }
  return faults;
}

}  // namespace tallybell
