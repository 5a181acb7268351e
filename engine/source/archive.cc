// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"

namespace tallybell {
namespace {

// Enough to tell every format by its first bytes.
constexpr size_t kPeek = 16;
// Compressed bytes read at a time.
constexpr size_t kInput = 64 << 10;
// Decompressed bytes after which it is looked at how much it swells.
constexpr uint64_t kRatioStep = 1 << 20;

// Waits for a pipe that is not to block, or whose writer has not come yet.
void WaitForInput(int fd) {
  pollfd wait = {fd, POLLIN, 0};
  poll(&wait, 1, -1);
}

absl::StatusOr<size_t> ReadSome(int fd, char* buffer, size_t size) {
  for (;;) {
    const ssize_t n = read(fd, buffer, size);
    if (n >= 0) return static_cast<size_t>(n);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      WaitForInput(fd);
    } else if (errno != EINTR) {
      return absl::ErrnoToStatus(errno, "cannot read");
    }
  }
}

// The file, with the bytes that were peeked at put back in front.
struct Input {
  UniqueFd owned;
  int fd = -1;  // `owned`'s, or stdin
  std::string peeked;

  absl::StatusOr<size_t> Read(char* buffer, size_t size) {
    if (peeked.empty()) return ReadSome(fd, buffer, size);
    const size_t n = std::min(size, peeked.size());
    memcpy(buffer, peeked.data(), n);
    peeked.erase(0, n);
    return n;
  }
};

class PlainFile : public Archive {
 public:
  PlainFile(Input input, const Facts& facts) : Archive(facts), input_(std::move(input)) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    ASSIGN_OR_RETURN(const size_t n, input_.Read(buffer, size));
    Advance(n);
    return n;
  }

  int plain_fd() const override { return facts().regular ? input_.owned.get() : -1; }

 private:
  Input input_;
};

// What the two formats have in common: input by the piece, the ratio, and that what could be
// decompressed is given before the error behind it.
class Compressed : public Archive {
 public:
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    // Where it swells too much does not depend on how much is read at a time.
    size = std::min<uint64_t>(size, kRatioStep - out_ % kRatioStep);
    size_t given = 0;
    while (given == 0 && error_.ok() && !done_) {
      error_ = ReadOnce(buffer, size, &given);
    }
    out_ += given;
    if (error_.ok() && out_ % kRatioStep == 0 && out_ > kRatioFree &&
        out_ / kMaxRatio > position()) {
      error_ = absl::ResourceExhaustedError(absl::StrCat(
          "the archive swells to more than ", kMaxRatio, " times its size; decompress it first"));
    }
    if (given == 0 && !error_.ok()) return error_;
    return given;
  }

  bool compressed() const override { return facts().regular; }

 protected:
  Compressed(Input input, const Facts& facts)
      : Archive(facts), input_(std::move(input)), in_(new char[kInput]) {}

  // Decompresses from *from into *to and moves both on. Sets whole_ when the input may end here.
  virtual absl::Status Step(absl::string_view* from, char** to, size_t* room) = 0;

  bool whole_ = false;

 private:
  absl::Status ReadOnce(char* buffer, size_t size, size_t* given) {
    // A decompressor may hold output back without any more input.
    if (left_.empty() && !full_) {
      ASSIGN_OR_RETURN(const size_t n, input_.Read(in_.get(), kInput));
      if (n == 0) {
        done_ = true;
        return whole_ ? absl::OkStatus() : absl::DataLossError("the archive is cut off");
      }
      Advance(n);
      left_ = absl::string_view(in_.get(), n);
    }
    char* to = buffer;
    size_t room = size;
    const absl::Status status = Step(&left_, &to, &room);
    *given = to - buffer;
    full_ = room == 0;
    return status;
  }

  Input input_;
  const std::unique_ptr<char[]> in_;
  absl::string_view left_;
  uint64_t out_ = 0;
  bool full_ = false;
  bool done_ = false;
  absl::Status error_;
};

class GzipFile : public Compressed {
 public:
  GzipFile(Input input, const Facts& facts) : Compressed(std::move(input), facts) {
    memset(&stream_, 0, sizeof(stream_));
    // 16: a gzip header and trailer are wanted.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipFile() override {
    if (ready_) inflateEnd(&stream_);
  }

 protected:
  absl::Status Step(absl::string_view* from, char** to, size_t* room) override {
    if (!ready_) return absl::ResourceExhaustedError("no memory to read gzip");
    if (whole_) {
      // Members follow each other; some tools pad the last one with NUL bytes.
      const size_t pad = std::min(from->find_first_not_of('\0'), from->size());
      from->remove_prefix(pad);
      if (from->empty()) return absl::OkStatus();
      inflateReset(&stream_);
      whole_ = false;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from->data()));
    stream_.avail_in = from->size();
    stream_.next_out = reinterpret_cast<Bytef*>(*to);
    stream_.avail_out = *room;
    const int code = inflate(&stream_, Z_NO_FLUSH);
    from->remove_prefix(from->size() - stream_.avail_in);
    *to += *room - stream_.avail_out;
    *room = stream_.avail_out;
    if (code == Z_STREAM_END) whole_ = true;
    if (code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the gzip archive is damaged: ",
                                            stream_.msg != nullptr ? stream_.msg : zError(code)));
  }

 private:
  z_stream stream_;
  bool ready_;
};

class ZstdFile : public Compressed {
 public:
  ZstdFile(Input input, const Facts& facts)
      : Compressed(std::move(input), facts), stream_(ZSTD_createDStream()) {}
  ~ZstdFile() override { ZSTD_freeDStream(stream_); }

 protected:
  absl::Status Step(absl::string_view* from, char** to, size_t* room) override {
    if (stream_ == nullptr) return absl::ResourceExhaustedError("no memory to read zstd");
    // A call that fails tells nothing of what it put out before it did. So one that may give what a
    // block holds has no more than that block, and none while some of the last one may be left.
    ZSTD_inBuffer in = {from->data(), held_ ? 0 : std::min(from->size(), next_), 0};
    ZSTD_outBuffer out = {*to, *room, 0};
    const size_t code = ZSTD_decompressStream(stream_, &out, &in);
    from->remove_prefix(in.pos);
    *to += out.pos;
    *room -= out.pos;
    held_ = *room == 0;
    if (ZSTD_isError(code)) {
      return absl::DataLossError(
          absl::StrCat("the zstd archive cannot be read: ", ZSTD_getErrorName(code)));
    }
    // 0 at the end of a frame. A call with nothing to do says that a new one would begin.
    if (in.pos > 0 || out.pos > 0) whole_ = code == 0;
    // What zstd would have next is a block and the head of the one after it.
    next_ = code > kBlockHead ? code - kBlockHead : code > 0 ? code : kFrameStart;
    return absl::OkStatus();
  }

 private:
  // What it takes to know how long the head of a frame is, and that of a block, in bytes.
  static constexpr size_t kFrameStart = 5;
  static constexpr size_t kBlockHead = 3;

  ZSTD_DStream* const stream_;
  size_t next_ = kFrameStart;  // bytes that the next step is to have
  bool held_ = false;          // the last one may have had more to give
};

absl::Status CheckKind(const struct stat& facts) {
  switch (facts.st_mode & S_IFMT) {
    case S_IFREG:
    case S_IFIFO:
      return absl::OkStatus();
    case S_IFDIR:
      return absl::InvalidArgumentError("is a directory");
    case S_IFSOCK:
      return absl::InvalidArgumentError("is a socket");
    default:
      return absl::InvalidArgumentError("is a device");
  }
}

// Reads until `peeked` tells the format or the input ends.
absl::Status Peek(Input* input) {
  char start[kPeek];
  size_t size = 0;
  while (size < kPeek) {
    ASSIGN_OR_RETURN(const size_t n, ReadSome(input->fd, start + size, kPeek - size));
    if (n == 0) break;
    size += n;
  }
  input->peeked.assign(start, size);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Archive>> OpenByMagic(Input input, const Archive::Facts& facts) {
  RETURN_IF_ERROR(Peek(&input));
  const absl::string_view start = input.peeked;
  constexpr absl::string_view kSkippable("\x2a\x4d\x18", 3);
  if (absl::StartsWith(start, "\x1f\x8b")) {
    return std::make_unique<GzipFile>(std::move(input), facts);
  }
  if (absl::StartsWith(start, "\x28\xb5\x2f\xfd") ||
      (start.size() > 4 && (start[0] & 0xf0) == 0x50 && start.substr(1, 3) == kSkippable)) {
    return std::make_unique<ZstdFile>(std::move(input), facts);
  }
  struct Format {
    absl::string_view magic;
    absl::string_view name;
  };
  static constexpr Format kUnsupported[] = {
      {{"\xfd\x37zXZ\x00", 6}, "xz"}, {{"\x04\x22\x4d\x18", 4}, "lz4"}, {{"PK\x03\x04", 4}, "zip"}};
  for (const Format& format : kUnsupported) {
    if (absl::StartsWith(start, format.magic)) {
      return absl::InvalidArgumentError(
          absl::StrCat(format.name, " is not supported; decompress it first"));
    }
  }
  if (absl::StartsWith(start, "BZh") && absl::ClippedSubstr(start, 4, 6) == "1AY&SY") {
    return absl::InvalidArgumentError("bzip2 is not supported; decompress it first");
  }
  return std::make_unique<PlainFile>(std::move(input), facts);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Archive>> OpenForReplay(absl::string_view path) {
  Input input;
  input.fd = STDIN_FILENO;
  const bool is_stdin = path == "-";
  if (!is_stdin) {
    // Without O_NONBLOCK a named pipe would hang here, before it is known to be one.
    const std::string name(path);
    input.owned = UniqueFd(open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (!input.owned) return absl::ErrnoToStatus(errno, "cannot open");
    input.fd = input.owned.get();
  }
  struct stat facts;
  if (fstat(input.fd, &facts) != 0) return absl::ErrnoToStatus(errno, "cannot stat");
  if (!is_stdin) RETURN_IF_ERROR(CheckKind(facts));
  Archive::Facts known;
  if (S_ISREG(facts.st_mode)) {
    known.regular = true;
    known.device = facts.st_dev;
    known.inode = facts.st_ino;
    known.size = facts.st_size;
    known.modified = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec;
    posix_fadvise(input.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  } else if (S_ISFIFO(facts.st_mode)) {
    // A read before the first writer has come would say that the pipe has ended.
    WaitForInput(input.fd);
  }
  return OpenByMagic(std::move(input), known);
}

}  // namespace tallybell
