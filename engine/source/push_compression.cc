// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_compression.h"

#include <snappy.h>
#include <zlib.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

constexpr int kRawDeflate = -MAX_WBITS;
constexpr int kZlibOrGzip = MAX_WBITS + 32;
constexpr size_t kStepBytes = 64 << 10;

absl::Status TooLarge(size_t max_bytes) {
  return absl::OutOfRangeError(
      absl::StrCat("request body too large: more than ", max_bytes, " bytes when decompressed"));
}

// One zlib stream, with an end.
class Inflater {
 public:
  explicit Inflater(int window_bits) { begun_ = inflateInit2(&stream_, window_bits) == Z_OK; }
  ~Inflater() {
    if (begun_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends to `*out` what `in` holds, up to its end or to more than `max_bytes`.
  absl::Status Run(absl::string_view in, size_t max_bytes, std::string* out) {
    if (!begun_) return absl::ResourceExhaustedError("no memory to decompress the request body");
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    for (;;) {
      const size_t filled = out->size();
      const size_t step = std::min(kStepBytes, max_bytes + 1 - filled);
      out->resize(filled + step);
      stream_.next_out = reinterpret_cast<Bytef*>(&(*out)[filled]);
      stream_.avail_out = static_cast<uInt>(step);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      out->resize(out->size() - stream_.avail_out);
      if (out->size() > max_bytes) return TooLarge(max_bytes);
      if (result == Z_STREAM_END) {
        if (stream_.avail_in == 0) return absl::OkStatus();
        // Another member follows.
        if (inflateReset(&stream_) != Z_OK) break;
      } else if (result != Z_OK) {
        break;
      }
    }
    return absl::InvalidArgumentError("the request body is not what its Content-Encoding says");
  }

 private:
  z_stream stream_ = {};
  bool begun_;
};

// The two bytes with which zlib's format begins.
bool HasZlibHeader(absl::string_view body) {
  if (body.size() < 2) return false;
  const unsigned first = static_cast<unsigned char>(body[0]);
  const unsigned second = static_cast<unsigned char>(body[1]);
  return (first & 0x0F) == Z_DEFLATED && (first << 8 | second) % 31 == 0;
}

}  // namespace

absl::StatusOr<std::string> InflatePush(PushCompression compression, std::string body,
                                        size_t max_bytes) {
  // A compressed body that is longer than what it may hold is not worth looking at.
  if (body.size() > max_bytes) return TooLarge(max_bytes);
  if (compression == PushCompression::kNone) return body;
  const bool raw = compression == PushCompression::kDeflate && !HasZlibHeader(body);
  std::string inflated;
  const absl::Status status =
      Inflater(raw ? kRawDeflate : kZlibOrGzip).Run(body, max_bytes, &inflated);
  if (!status.ok()) return status;
  return inflated;
}

absl::StatusOr<std::string> UncompressSnappyBlock(absl::string_view block, size_t max_bytes) {
  size_t size = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &size)) {
    return absl::InvalidArgumentError("snappy: corrupt input");
  }
  if (size > max_bytes) return TooLarge(max_bytes);
  std::string uncompressed(size, '\0');
  if (!snappy::RawUncompress(block.data(), block.size(), &uncompressed[0])) {
    return absl::InvalidArgumentError("snappy: corrupt input");
  }
  return uncompressed;
}

}  // namespace tallybell
