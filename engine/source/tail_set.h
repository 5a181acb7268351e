// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_TAIL_SET_H_
#define TALLYBELL_ENGINE_SOURCE_TAIL_SET_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/base/metrics.h"
#include "engine/base/time_ns.h"
#include "engine/source/directory_watch.h"
#include "engine/source/file_glob.h"
#include "engine/source/file_position.h"
#include "engine/source/known_positions.h"
#include "engine/source/tailed_file.h"

namespace tallybell {

// The files of one configured source, through rotation, truncation and restarts.
//
// A file stays one file under whatever name; when its path leads to another, it is read to its end
// and given up once it has not grown for Options::retire_after. A file that was truncated is given
// up at once, and its new content is another TailedFile of the next generation. Names are looked at
// by Poll; watch_fd() only says that it may be worth while.
//
// What is lost: bytes that were written and truncated between two reads; a file that comes and goes
// between two polls under names that no pattern fits. What may be read twice: a copy (copytruncate)
// whose name a pattern fits and that was found before the original was truncated.
//
// A file keeps its descriptor as long as there are enough. Where there are not, files take turns:
// what was open longest and is read to its end, or had its turn, is named in Changes::had_turn, so
// that Park makes room for those that wait; one that was rotated away is then given up as soon as a
// deleted one. For one thread.
class TailSet {
 public:
  struct Options {
    std::string name;  // label `source` of the metrics
    std::vector<std::string> paths;
    // Says at each Poll which of the files that the paths lead to are left out. One that is open
    // and left out is given up at once, wherever it was read to.
    std::function<void(TimeNs now, std::vector<FileGlob::File>* files)> choose;
    // At the very first start, when nothing is stored: skip the lines that are there already.
    bool start_at_end = false;
    DurationNs retire_after = 30 * kSecond;
    DurationNs retire_deleted_after = 5 * kSecond;
    // Ask the kernel to say when something happens; watch_fd() is -1 otherwise.
    bool watch = true;
    // How long a stored position whose file is not there is kept.
    DurationNs forget_after = kDay;
    // How long that is if another file has its path: a listing that is taken while names change may
    // miss one, so it takes several to say that a file is gone.
    DurationNs look_for = 5 * kSecond;
  };

  // What a Poll changed.
  struct Changes {
    // In the order in which they should be read: older ones of a path first. Their positions are
    // to be stored in the transaction that erases the forgotten ones.
    std::vector<TailedFile*> opened;
    // No more members: their positions are to be erased.
    std::vector<std::unique_ptr<TailedFile>> released;
    // Stored positions that no file stands for any more, to be erased.
    std::vector<FilePosition> forgotten;
    // Others wait for the descriptors of these: to be given to Park.
    std::vector<TailedFile*> had_turn;
  };

  // `stored`: what PositionAt gave in the last run, of every file that was not released.
  TailSet(Options options, std::vector<FilePosition> stored, Metrics* metrics);
  ~TailSet();

  // Looks at all paths and files anew. `now` never steps back. Releases files that are not kOpen
  // and whose lines are committed.
  Changes Poll(TimeNs now);

  // Closes the file until there is more to read of it and a descriptor to do so, when it is opened
  // anew at `position`, which is to be stored as one of opened ones is. `file` is gone.
  // `at_end`: all that there was is dealt with, but for a line that is not whole yet.
  void Park(TailedFile* file, FilePosition position, bool at_end);

  // All members, older ones of a path first: read each to its end for now before the next.
  std::vector<TailedFile*> files() const;

  // Readable when a file was written or names changed; -1: only Poll can tell.
  int watch_fd() const { return watch_.fd(); }
  // Makes watch_fd() unreadable. True if names may have changed, so that Poll should come at once;
  // otherwise once a second is enough.
  bool TakeWatchEvents() {
    const bool names = watch_.Take();
    return names || turns_;
  }

 private:
  struct Member;
  struct Orphan;
  struct Parked;

  void WakeParked(FileGlob* found);
  void TakeUpParked(const TailedFile& file);
  void ChooseTurns(TimeNs now, Changes* changes);
  void MarkSeen(const FileGlob& found);
  void LookAtMembers(TimeNs now);
  void RetireUnseen(TimeNs now);
  void Retire(Member* member, TimeNs now);
  void OpenNew(const FileGlob& found, TimeNs now, Changes* changes);
  std::unique_ptr<Member> OpenFile(const std::string& path, const std::string& name);
  bool ResumeByInode(Member* member, Changes* changes);
  bool ResumeOrphan(Member* member);
  void FindRenamed(TimeNs now, std::vector<std::unique_ptr<Member>>* opened, Changes* changes);
  void FindRenamedIn(const std::string& directory, const FilePosition& wanted, TimeNs now,
                     std::vector<std::unique_ptr<Member>>* opened, Changes* changes);
  int64_t UnreadBytes() const;
  void ForgetStored(TimeNs now, Changes* changes);
  void Settle(TimeNs now, Changes* changes);
  Member* FindOpen(uint64_t device, uint64_t inode) const;
  uint64_t NextGeneration(const FilePosition& identity) const;
  // Logs the first of a row of equal failures of a path.
  void LogRefusal(const std::string& path, const std::string& reason);

  const Options options_;
  Metric& files_;
  Metric& unreadable_;
  Metric& truncations_;
  Metric& rotations_;
  Metric& rejected_;
  Metric& files_waiting_;
  Metric& lag_;
  Metric& gaps_;

  std::vector<std::unique_ptr<Member>> members_;
  KnownPositions known_;
  std::vector<Parked> parked_;
  // How many files could not be opened in the last Poll for want of a descriptor.
  int64_t waiting_ = 0;
  bool turns_ = false;  // the last Poll named files that had their turn
  // A file was rotated away while it was parked, or could not be looked for.
  bool look_for_renamed_ = false;
  // Contents that ended in this Poll and may go on in a file that is new in it.
  std::vector<Orphan> orphans_;
  DirectoryWatch watch_;
  absl::flat_hash_map<std::string, std::string> refusals_;
  absl::flat_hash_map<std::string, std::string> refusals_now_;
  // Device and inode of the files that were left out of the last Poll.
  std::set<std::pair<uint64_t, uint64_t>> left_out_;
  // Device and inode of those stored positions whose file is there and cannot be opened.
  std::set<std::pair<uint64_t, uint64_t>> out_of_reach_;
  // Since when another file has the path of a stored position, by device and inode.
  std::map<std::pair<uint64_t, uint64_t>, TimeNs> missed_since_;
  const bool first_start_;
  bool polled_ = false;
  TimeNs started_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_TAIL_SET_H_
