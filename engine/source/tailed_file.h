// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_TAILED_FILE_H_
#define TALLYBELL_ENGINE_SOURCE_TAILED_FILE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/unique_fd.h"
#include "engine/source/byte_reader.h"
#include "engine/source/file_position.h"

namespace tallybell {

// One content of one file that is being written. The descriptor is kept open, so that the file can
// be read to its end under any name or none, and its inode is not used again meanwhile.
//
// Each read checks that the bytes before it are still those that were read: a file that was
// truncated, however far it has grown again, gives nothing more. It is another content then.
//
// For one thread, but for MarkCommitted.
class TailedFile : public ByteReader {
 public:
  // Regular files only (InvalidArgument); otherwise what the system says: NotFound,
  // PermissionDenied, ResourceExhausted if there are too many open files, of which some are left to
  // the rest of the process. `path` is opened, `name` is what the file is called from then on.
  static absl::StatusOr<std::unique_ptr<TailedFile>> Open(const std::string& path,
                                                          const std::string& name);

  // What there is to read; 0 at the end for now, and once the file was truncated.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

  uint64_t SkipHole() override;

  // What to store when all before `offset` is dealt with. InvalidArgument if that was not read
  // yet; Aborted if the file was truncated: what was stored last is as good as it gets.
  absl::StatusOr<FilePosition> PositionAt(uint64_t offset);

  // Of this file: its path as configured, device, inode and generation. Nothing else is set.
  const FilePosition& identity() const { return identity_; }
  // Where the next read begins.
  uint64_t offset() const { return offset_; }

  // What is to be done with it.
  enum class State {
    kOpen,     // read on
    kFinish,   // nothing more comes: a last line without newline is a line
    kDiscard,  // nothing more comes from here: its last line goes on in another file
  };
  State state() const { return state_; }

  // All that came from a file that is not kOpen is committed: it may be released. Any thread.
  void MarkCommitted() { committed_.store(true, std::memory_order_release); }

 private:
  friend class TailSet;
  friend class KnownPositions;

  struct Look {
    uint64_t size = 0;
    bool truncated = false;
    bool deleted = false;  // no name leads to it any more
  };

  TailedFile(UniqueFd fd, FilePosition identity) : fd_(std::move(fd)), identity_(identity) {}

  // Looks at the file anew.
  absl::StatusOr<Look> Stat();
  // Whether what was read is still there.
  bool ContentStands();
  // Whether `position` is one of this file and of the content it has now.
  bool IsAt(const FilePosition& position) const;
  // Whether `position` is one of this file for certain, whatever content it has now.
  bool IsOf(const FilePosition& position) const;
  // Whether the content begins like that of `position`, in this file or another.
  bool Fits(const FilePosition& position) const;
  // Reads on from there. False, and nothing is changed, if the file does not reach so far.
  bool Seek(uint64_t offset);
  // The start of the line that `offset` is in, so far as kLineSearch bytes before it tell.
  uint64_t LineStart(uint64_t offset) const;
  // The position of all that was read, from memory: true of a truncated file too.
  FilePosition LastPosition() const;
  std::string Sample(uint64_t begin, uint64_t length) const;

  const UniqueFd fd_;
  FilePosition identity_;
  State state_ = State::kOpen;
  uint64_t offset_ = 0;
  // The first bytes of the file and the last ones before offset_, as they were read.
  std::string head_;
  std::string tail_;
  bool truncated_ = false;
  std::atomic<bool> committed_{false};
  // What the file looked like when its content was last checked.
  int64_t checked_size_ = -1;
  int64_t checked_mtime_ = 0;
  int64_t checked_ctime_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_TAILED_FILE_H_
