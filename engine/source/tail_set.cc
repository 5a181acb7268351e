// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/tail_set.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "engine/base/log.h"

namespace tallybell {

struct TailSet::Member {
  std::unique_ptr<TailedFile> file;
  TimeNs opened_at = kNoTime;
  std::string path;  // where it was last seen
  TimeNs modified = 0;
  bool seen = true;
  bool deleted = false;
  bool retired = false;
  TimeNs retired_at = kNoTime;
  // Read to its end, of that size, since then.
  TimeNs quiet_since = kNoTime;
  uint64_t size = 0;

  bool open() const { return file->state() == TailedFile::State::kOpen; }
};

// A content that is no more where it was read: it was truncated, or its last name is gone. What
// was copied from it before, or put in its place, may begin with the same bytes.
struct TailSet::Orphan {
  FilePosition position;
  Member* member = nullptr;  // null: it was read in the last run
  bool truncated = false;
};

// A file that had its turn, and what it looked like then.
struct TailSet::Parked {
  FilePosition position;
  uint64_t read_to = 0;
  TimeNs modified = 0;
  TimeNs changed = 0;
  bool wanted = false;  // there is more to read, as of the last Poll
};

TailSet::TailSet(Options options, std::vector<FilePosition> stored, Metrics* metrics)
    : options_(std::move(options)),
      files_(metrics->Get("source_files", {{"source", options_.name}})),
      unreadable_(metrics->Get("source_files_unreadable", {{"source", options_.name}})),
      truncations_(metrics->Get("source_truncations_total", {{"source", options_.name}})),
      rotations_(metrics->Get("source_rotations_total", {{"source", options_.name}})),
      rejected_(metrics->Get("source_position_rejected_total", {{"source", options_.name}})),
      files_waiting_(metrics->Get("source_files_waiting", {{"source", options_.name}})),
      lag_(metrics->Get("source_lag_bytes", {{"source", options_.name}})),
      gaps_(metrics->Get("source_gaps_total", {{"source", options_.name}})),
      known_(std::move(stored)),
      watch_(options_.watch),
      first_start_(known_.stored().empty()) {}

TailSet::~TailSet() = default;

TailSet::Changes TailSet::Poll(TimeNs now) {
  if (!polled_) started_ = now;
  Changes changes;
  watch_.Take();
  FileGlob found = FileGlob::Find(options_.paths);
  if (options_.choose) options_.choose(now, &found.files);
  left_out_.clear();
  for (const FileGlob::File& file : found.files) {
    if (file.left_out) left_out_.insert({file.device, file.inode});
  }
  refusals_now_.clear();
  for (const FileGlob::Refused& refused : found.refused) LogRefusal(refused.path, refused.reason);
  orphans_.clear();
  MarkSeen(found);
  LookAtMembers(now);
  RetireUnseen(now);
  WakeParked(&found);
  OpenNew(found, now, &changes);
  orphans_.clear();
  ForgetStored(now, &changes);
  Settle(now, &changes);
  ChooseTurns(now, &changes);
  watch_.Watch(found.directories);
  refusals_ = refusals_now_;
  files_.Set(members_.size() + parked_.size());
  files_waiting_.Set(waiting_);
  lag_.Set(UnreadBytes());
  unreadable_.Set(refusals_.size());
  polled_ = true;
  return changes;
}

// ---- Turns, where there are more files than descriptors

// Takes files that are parked and have nothing to read out of `*found`, and puts those that wait
// longest to its front. One that is not found under its name is looked for as after a restart.
void TailSet::WakeParked(FileGlob* found) {
  look_for_renamed_ =
      std::exchange(waiting_, 0) > 0 || !out_of_reach_.empty() || !missed_since_.empty();
  if (parked_.empty()) return;
  std::vector<FileGlob::File> first;
  std::vector<FileGlob::File> later;
  std::map<std::pair<uint64_t, uint64_t>, const FileGlob::File*> files;
  for (const FileGlob::File& file : found->files) files[{file.device, file.inode}] = &file;
  std::set<std::pair<uint64_t, uint64_t>> parked_files;
  std::vector<Parked> still;
  for (Parked& parked : parked_) {
    const auto it = files.find({parked.position.device, parked.position.inode});
    if (it == files.end()) {
      known_.stored().push_back(std::move(parked.position));
      look_for_renamed_ = true;
      continue;
    }
    const FileGlob::File& file = *it->second;
    parked.wanted = file.size != parked.read_to || file.modified != parked.modified ||
                    file.changed != parked.changed;
    parked_files.insert(it->first);
    if (parked.wanted) later.push_back(file);
    still.push_back(std::move(parked));
  }
  parked_ = std::move(still);
  for (const FileGlob::File& file : found->files) {
    if (parked_files.count({file.device, file.inode}) == 0) first.push_back(file);
  }
  found->files = std::move(first);
  std::move(later.begin(), later.end(), std::back_inserter(found->files));
}

// Files that wait are given the descriptors of as many others, which were open longest; first of
// those that have nothing to read. Whatever was opened in this Poll is read first.
void TailSet::ChooseTurns(TimeNs now, Changes* changes) {
  turns_ = false;
  if (waiting_ == 0) return;
  std::vector<const Member*> members;
  for (const auto& member : members_) {
    if (member->open() && !member->retired && member->seen && member->opened_at < now) {
      members.push_back(member.get());
    }
  }
  std::stable_sort(members.begin(), members.end(), [](const Member* a, const Member* b) {
    return std::make_pair(a->quiet_since == kNoTime, a->opened_at) <
           std::make_pair(b->quiet_since == kNoTime, b->opened_at);
  });
  if (static_cast<int64_t>(members.size()) > waiting_) members.resize(waiting_);
  turns_ = !members.empty();
  for (const Member* member : members) changes->had_turn.push_back(member->file.get());
}

void TailSet::Park(TailedFile* file, FilePosition position, bool at_end) {
  const auto it = std::find_if(members_.begin(), members_.end(),
                               [file](const auto& member) { return member->file.get() == file; });
  if (it == members_.end()) return;
  const uint64_t read_to = at_end ? file->offset() : position.offset;
  parked_.push_back(
      {std::move(position), read_to, file->checked_mtime_, file->checked_ctime_, false});
  members_.erase(it);
}

int64_t TailSet::UnreadBytes() const {
  uint64_t unread = 0;
  for (const auto& member : members_) {
    if (member->open()) unread += member->size - std::min(member->size, member->file->offset());
  }
  return static_cast<int64_t>(unread);
}

std::vector<TailedFile*> TailSet::files() const {
  std::vector<TailedFile*> files;
  for (const auto& member : members_) files.push_back(member->file.get());
  return files;
}

void TailSet::MarkSeen(const FileGlob& found) {
  for (const auto& member : members_) member->seen = false;
  for (const FileGlob::File& file : found.files) {
    Member* const member = FindOpen(file.device, file.inode);
    if (member == nullptr) continue;
    member->seen = true;
    member->path = file.path;
    // Its old name, or one that a pattern fits, leads to it again.
    member->retired = false;
    if (file.left_out && member->open()) member->file->state_ = TailedFile::State::kDiscard;
  }
}

void TailSet::LookAtMembers(TimeNs now) {
  for (const auto& member : members_) {
    if (!member->open()) continue;
    const absl::StatusOr<TailedFile::Look> look = member->file->Stat();
    if (!look.ok()) {
      // Gone with its file system: what could be read is read.
      member->deleted = true;
      continue;
    }
    member->deleted = look->deleted;
    if (look->truncated) {
      truncations_.Add();
      orphans_.push_back({member->file->LastPosition(), member.get(), true});
      member->file->state_ = TailedFile::State::kFinish;
    } else if (look->size != member->file->offset() || look->size != member->size) {
      member->quiet_since = kNoTime;
    }
    if (look->size == member->file->offset() && member->quiet_since == kNoTime) {
      member->quiet_since = now;
    }
    member->size = look->size;
  }
}

void TailSet::RetireUnseen(TimeNs now) {
  for (const auto& member : members_) {
    if (member->seen || member->retired || !member->open()) continue;
    struct stat facts;
    if (stat(member->path.c_str(), &facts) == 0) {
      const FilePosition& identity = member->file->identity();
      // A directory that cannot be listed can still be passed through.
      if (facts.st_dev == identity.device && facts.st_ino == identity.inode) continue;
    } else if (errno != ENOENT && errno != ENOTDIR) {
      // Out of reach is not gone.
      LogRefusal(member->path, strerror(errno));
      continue;
    }
    Retire(member.get(), now);
  }
}

void TailSet::Retire(Member* member, TimeNs now) {
  member->retired = true;
  member->retired_at = now;
  rotations_.Add();
  if (member->deleted) orphans_.push_back({member->file->LastPosition(), member, false});
}

// What is stored of a parked file is what the file goes on from, as after a restart.
void TailSet::TakeUpParked(const TailedFile& file) {
  const auto it = std::find_if(parked_.begin(), parked_.end(), [&file](const Parked& parked) {
    return parked.position.device == file.identity().device &&
           parked.position.inode == file.identity().inode;
  });
  if (it == parked_.end()) return;
  known_.stored().push_back(std::move(it->position));
  parked_.erase(it);
}

void TailSet::OpenNew(const FileGlob& found, TimeNs now, Changes* changes) {
  std::vector<std::unique_ptr<Member>> opened;
  for (const FileGlob::File& file : found.files) {
    if (file.left_out || FindOpen(file.device, file.inode) != nullptr) continue;
    std::unique_ptr<Member> member = OpenFile(file.path, file.path);
    if (member == nullptr) continue;
    // A link may lead by now to what another path has led to.
    const FilePosition& identity = member->file->identity();
    const bool twice = std::any_of(opened.begin(), opened.end(), [&identity](const auto& other) {
      return other->file->identity().device == identity.device &&
             other->file->identity().inode == identity.inode;
    });
    if (twice) continue;
    member->modified = file.modified;
    member->opened_at = now;
    member->size = file.size;
    TakeUpParked(*member->file);
    opened.push_back(std::move(member));
  }
  std::vector<Member*> unknown;
  for (const auto& member : opened) {
    if (!ResumeByInode(member.get(), changes)) unknown.push_back(member.get());
  }
  if (!polled_ || !opened.empty() || look_for_renamed_) {
    FindRenamed(now, &opened, changes);
    for (const FilePosition& position : known_.stored()) {
      orphans_.push_back({position, nullptr, false});
    }
  }
  for (Member* member : unknown) {
    if (ResumeOrphan(member) || polled_ || !options_.start_at_end || !first_start_) continue;
    const absl::StatusOr<TailedFile::Look> look = member->file->Stat();
    if (look.ok()) member->file->Seek(member->file->LineStart(look->size));
  }
  // A hint, no more: what was written last is read last.
  std::stable_sort(opened.begin(), opened.end(), [](const auto& a, const auto& b) {
    return std::make_pair(!a->retired, a->modified) < std::make_pair(!b->retired, b->modified);
  });
  for (auto& member : opened) {
    changes->opened.push_back(member->file.get());
    members_.push_back(std::move(member));
  }
}

std::unique_ptr<TailSet::Member> TailSet::OpenFile(const std::string& path,
                                                   const std::string& name) {
  absl::StatusOr<std::unique_ptr<TailedFile>> file = TailedFile::Open(path, name);
  if (!file.ok()) {
    // Too many open files are one failure, whatever the path.
    const bool too_many = absl::IsResourceExhausted(file.status());
    if (too_many) ++waiting_;
    if (!absl::IsNotFound(file.status())) {
      LogRefusal(too_many ? "" : path, std::string(file.status().message()));
    }
    return nullptr;
  }
  // The path may lead elsewhere by now.
  const FilePosition& identity = (*file)->identity();
  if (FindOpen(identity.device, identity.inode) != nullptr) return nullptr;
  auto member = std::make_unique<Member>();
  member->file = *std::move(file);
  member->path = path;
  member->file->identity_.generation = NextGeneration(identity);
  return member;
}

bool TailSet::ResumeByInode(Member* member, Changes* changes) {
  TailedFile& file = *member->file;
  const std::optional<KnownPositions::Match> match = known_.Take(file, &changes->forgotten);
  if (!match.has_value()) return false;
  uint64_t& generation = file.identity_.generation;
  if (match->fits && file.Seek(match->position.offset)) {
    generation = std::max(generation, match->position.generation);
    // Lines that were read before the restart have the name that the file had then.
    file.identity_.path = match->position.path;
    return true;
  }
  generation = std::max(generation, match->position.generation + 1);
  if (match->rejected && match->position.offset > 0) {
    rejected_.Add();
    orphans_.push_back({match->position, nullptr, true});
  }
  return true;
}

bool TailSet::ResumeOrphan(Member* member) {
  TailedFile& file = *member->file;
  for (auto it = orphans_.begin(); it != orphans_.end(); ++it) {
    const FilePosition& position = it->position;
    // Less than a full sample is often the same in files that have nothing to do with each other.
    if (position.offset < FilePosition::kSample) continue;
    const bool near = it->truncated ? DirectoryOf(position.path) == DirectoryOf(member->path)
                                    : position.path == file.identity().path;
    if (!near || !file.Fits(position)) continue;
    // A line that was read in part is read again as a whole.
    const uint64_t offset =
        it->member != nullptr ? file.LineStart(position.offset) : position.offset;
    if (!file.Seek(offset)) continue;
    if (it->member != nullptr) it->member->file->state_ = TailedFile::State::kDiscard;
    orphans_.erase(it);
    return true;
  }
  return false;
}

void TailSet::FindRenamed(TimeNs now, std::vector<std::unique_ptr<Member>>* opened,
                          Changes* changes) {
  const std::vector<FilePosition> wanted = known_.stored();
  out_of_reach_.clear();
  for (const FilePosition& position : wanted) {
    std::set<std::string> directories = {DirectoryOf(position.path)};
    directories.insert(RealDirectoryOf(position.path));
    for (const std::string& directory : directories) {
      if (!directory.empty()) FindRenamedIn(directory, position, now, opened, changes);
    }
  }
}

void TailSet::FindRenamedIn(const std::string& directory, const FilePosition& wanted, TimeNs now,
                            std::vector<std::unique_ptr<Member>>* opened, Changes* changes) {
  DIR* const listing = opendir(directory.c_str());
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing)) {
    if (entry->d_ino != wanted.inode) continue;
    const std::string path = directory + "/" + entry->d_name;
    struct stat facts;
    if (lstat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) continue;
    if (left_out_.count({facts.st_dev, facts.st_ino}) > 0) continue;
    const auto is_it = [&](const auto& member) {
      return member->file->identity().inode == facts.st_ino &&
             member->file->identity().device == facts.st_dev;
    };
    if (std::any_of(opened->begin(), opened->end(), is_it)) continue;
    std::unique_ptr<Member> member = OpenFile(path, wanted.path);
    if (member == nullptr && FindOpen(facts.st_dev, facts.st_ino) == nullptr) {
      out_of_reach_.insert({wanted.device, wanted.inode});
    }
    if (member == nullptr) continue;
    // One that was truncated before it was renamed is still that file.
    if (!member->file->IsAt(wanted) && !member->file->IsOf(wanted)) continue;
    ResumeByInode(member.get(), changes);
    member->modified = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec;
    member->opened_at = now;
    member->retired = true;
    member->retired_at = now;
    rotations_.Add();
    opened->push_back(std::move(member));
    break;
  }
  closedir(listing);
}

void TailSet::ForgetStored(TimeNs now, Changes* changes) {
  std::vector<FilePosition>& stored = known_.stored();
  const bool too_old = now >= AddNs(started_, options_.forget_after);
  // Another file has the path, and no name near it leads to this one, readable or not.
  const auto replaced = [&](const FilePosition& position) {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const auto& member) {
                         return !member->retired && member->path == position.path;
                       }) &&
           out_of_reach_.count({position.device, position.inode}) == 0;
  };
  const auto before = std::exchange(missed_since_, {});
  const auto missed_long = [&](const FilePosition& position) {
    if (!replaced(position)) return false;
    const auto since = before.find({position.device, position.inode});
    const TimeNs first = since == before.end() ? now : since->second;
    if (now >= AddNs(first, options_.look_for)) return true;
    missed_since_[{position.device, position.inode}] = first;
    return false;
  };
  // What could not be opened may be the one.
  const auto keep = [&](const FilePosition& position) {
    return waiting_ > 0 || (!too_old && !missed_long(position));
  };
  const auto kept = std::stable_partition(stored.begin(), stored.end(), keep);
  for (auto it = kept; it != stored.end(); ++it) {
    gaps_.Add();
    LogWarn("a file is gone; what was written to it behind this offset was not read",
            {{"source", options_.name}, {"file", it->path}, {"offset", absl::StrCat(it->offset)}});
  }
  std::move(kept, stored.end(), std::back_inserter(changes->forgotten));
  stored.erase(kept, stored.end());
  // The row of a file that is read on is not erased but written anew.
  std::vector<FilePosition>& forgotten = changes->forgotten;
  const auto lives = [&](const FilePosition& position) {
    return std::any_of(members_.begin(), members_.end(), [&](const auto& member) {
      return member->file->identity().Key() == position.Key();
    });
  };
  forgotten.erase(std::remove_if(forgotten.begin(), forgotten.end(), lives), forgotten.end());
}

void TailSet::Settle(TimeNs now, Changes* changes) {
  std::vector<std::unique_ptr<Member>> kept;
  for (auto& member : members_) {
    TailedFile& file = *member->file;
    if (member->open() && member->retired && member->quiet_since != kNoTime) {
      // Others may not wait half a minute for what is hardly ever written to again.
      const DurationNs wait =
          member->deleted || waiting_ > 0 ? options_.retire_deleted_after : options_.retire_after;
      const TimeNs quiet = std::max(member->quiet_since, member->retired_at);
      if (now >= AddNs(quiet, wait)) file.state_ = TailedFile::State::kFinish;
    }
    if (member->open() || !file.committed_.load(std::memory_order_acquire)) {
      kept.push_back(std::move(member));
      continue;
    }
    if (!file.truncated_ && !member->deleted) known_.Remember(file.LastPosition());
    changes->released.push_back(std::move(member->file));
  }
  members_ = std::move(kept);
}

TailSet::Member* TailSet::FindOpen(uint64_t device, uint64_t inode) const {
  for (const auto& member : members_) {
    const FilePosition& identity = member->file->identity();
    if (identity.device != device || identity.inode != inode) continue;
    // A truncated content is done with; anything else that is finished must be released first.
    if (member->file->truncated_) continue;
    return member.get();
  }
  return nullptr;
}

uint64_t TailSet::NextGeneration(const FilePosition& identity) const {
  uint64_t next = 0;
  for (const auto& member : members_) {
    const FilePosition& other = member->file->identity();
    if (other.device != identity.device || other.inode != identity.inode) continue;
    next = std::max(next, other.generation + 1);
  }
  return next;
}

void TailSet::LogRefusal(const std::string& path, const std::string& reason) {
  const auto known = refusals_.find(path);
  const bool logged = (known != refusals_.end() && known->second == reason) ||
                      !refusals_now_.emplace(path, reason).second;
  refusals_now_[path] = reason;
  if (!logged) {
    LogWarn("a file cannot be read", {{"source", options_.name}, {"path", path}, {"err", reason}});
  }
}

}  // namespace tallybell
