// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/content_encoding.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

constexpr int64_t kFreeOfRatio = 64 * 1024;
constexpr size_t kStep = 64 * 1024;
constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kRawWindow = -15;

class Inflater {
 public:
  explicit Inflater(int window) { ready_ = inflateInit2(&stream_, window) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }

  absl::StatusOr<std::string> Run(absl::string_view in, bool gzip, const ContentLimits& limits);

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

absl::StatusOr<std::string> Inflater::Run(absl::string_view in, bool gzip,
                                          const ContentLimits& limits) {
  if (!ready_ || in.size() > std::numeric_limits<uInt>::max()) {
    return absl::ResourceExhaustedError("no memory to decompress the body");
  }
  const int64_t by_ratio =
      std::max(kFreeOfRatio, limits.max_ratio * static_cast<int64_t>(in.size()));
  const int64_t limit = std::min(limits.max_bytes, by_ratio);
  std::string out;
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream_.avail_in = static_cast<uInt>(in.size());
  while (true) {
    const size_t before = out.size();
    out.resize(before + kStep);
    stream_.next_out = reinterpret_cast<Bytef*>(&out[before]);
    stream_.avail_out = static_cast<uInt>(kStep);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    out.resize(before + kStep - stream_.avail_out);
    if (static_cast<int64_t>(out.size()) > limit) {
      return absl::ResourceExhaustedError(
          limit < limits.max_bytes
              ? "the body decompresses to suspiciously much"
              : absl::StrCat("the body decompresses to more than ", limits.max_bytes, " bytes"));
    }
    if (result == Z_STREAM_END) {
      if (stream_.avail_in == 0) return out;
      // A gzip file may be several, one behind the other.
      if (!gzip || inflateReset(&stream_) != Z_OK) {
        return absl::InvalidArgumentError("the compressed body goes on behind its end");
      }
    } else if (result == Z_BUF_ERROR ||
               (result == Z_OK && stream_.avail_in == 0 && stream_.avail_out > 0)) {
      return absl::InvalidArgumentError("the compressed body is cut short");
    } else if (result != Z_OK) {
      return absl::InvalidArgumentError("the compressed body is damaged");
    }
  }
}

// Whether the two bytes can begin zlib's frame: its method, its window, its check sum.
bool HasZlibFrame(absl::string_view body) {
  if (body.size() < 2) return false;
  const unsigned first = static_cast<unsigned char>(body[0]);
  const unsigned second = static_cast<unsigned char>(body[1]);
  return (first & 0x0F) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
}

}  // namespace

absl::StatusOr<std::string> DecodeContent(absl::string_view encoding, std::string body,
                                          const ContentLimits& limits) {
  encoding = absl::StripAsciiWhitespace(encoding);
  if (encoding.empty() || absl::EqualsIgnoreCase(encoding, "identity")) {
    if (static_cast<int64_t>(body.size()) > limits.max_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the body has more than ", limits.max_bytes, " bytes"));
    }
    return body;
  }
  if (absl::EqualsIgnoreCase(encoding, "gzip") || absl::EqualsIgnoreCase(encoding, "x-gzip")) {
    return Inflater(kGzipWindow).Run(body, true, limits);
  }
  if (absl::EqualsIgnoreCase(encoding, "deflate")) {
    // The standard means zlib's frame; some clients leave it out. By chance raw bytes look framed
    // too, so those that fail with a frame are tried without.
    if (HasZlibFrame(body)) {
      absl::StatusOr<std::string> framed = Inflater(kZlibWindow).Run(body, false, limits);
      if (framed.ok() || !absl::IsInvalidArgument(framed.status())) return framed;
    }
    return Inflater(kRawWindow).Run(body, false, limits);
  }
  return absl::UnimplementedError(
      "the body's Content-Encoding is not one of gzip, deflate and identity");
}

}  // namespace tallybell
