// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_ARCHIVE_H_
#define TALLYBELL_ENGINE_SOURCE_ARCHIVE_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/source/byte_reader.h"

namespace tallybell {

// A whole input that is read once from its beginning: a plain file, a gzip or zstd file, or a
// pipe of any of these. Reading is for one thread; position() for any.
class Archive : public ByteReader {
 public:
  // What the file says of itself when it is opened.
  struct Facts {
    bool regular = false;  // false: a pipe, and what follows is unknown
    uint64_t device = 0;
    uint64_t inode = 0;
    uint64_t size = 0;  // on disk, compressed or not, in bytes
    TimeNs modified = kNoTime;
  };

  // Output beyond this is refused once it is more than kMaxRatio times the input.
  static constexpr uint64_t kRatioFree = 64 << 20;
  static constexpr uint64_t kMaxRatio = 1000;

  const Facts& facts() const { return facts_; }

  // Of a plain regular file that was opened by name, from whose beginning others may read it too;
  // -1 of anything else.
  virtual int plain_fd() const { return -1; }

  // Whether reading is mostly decompressing, of a file that does not let a reader wait.
  virtual bool compressed() const { return false; }

  // How many bytes have been read of facts().size.
  uint64_t position() const { return position_.load(std::memory_order_relaxed); }

 protected:
  explicit Archive(const Facts& facts) : facts_(facts) {}
  void Advance(uint64_t n) { position_.fetch_add(n, std::memory_order_relaxed); }

 private:
  const Facts facts_;
  std::atomic<uint64_t> position_{0};
};

// Opens `path` for replay, "-" being stdin; what it holds is told by its first bytes. NotFound,
// PermissionDenied or what else the system says; InvalidArgument for a directory, device or
// socket, and for a compressed format that is not supported.
//
// Of an archive that is damaged or cut off, all that can be read is given before the DataLoss;
// ResourceExhausted says that it swells beyond kMaxRatio.
absl::StatusOr<std::unique_ptr<Archive>> OpenForReplay(absl::string_view path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_ARCHIVE_H_
