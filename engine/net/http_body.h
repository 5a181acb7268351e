// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_NET_HTTP_BODY_H_
#define TALLYBELL_ENGINE_NET_HTTP_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tallybell {

// Takes a request's body as it comes, of a length known before or in chunks, and says where it
// ends. As strict as HttpHeadReader: chunk sizes are hexadecimal digits and nothing else, lines end
// in CR LF. Extensions of chunks and trailers are read and thrown away. Pure; not thread-safe.
class HttpBodyReader {
 public:
  enum class State { kMore, kDone, kMalformed, kTooLong };

  // A body of `length` bytes, or in chunks. One of more than `max_bytes` is kTooLong: at once where
  // its length or a chunk's says so.
  HttpBodyReader(bool chunked, int64_t length, int64_t max_bytes);

  // Reads on, up to the body's end, and says in `*used` how many of `bytes` were the body's. Also
  // tells the end of an empty body, without any bytes. Not to be called again after anything but
  // kMore.
  State Feed(absl::string_view bytes, size_t* used);

  std::string& body() { return body_; }

 private:
  enum class Part { kData, kDataEnd, kSizeLine, kTrailerLine };

  State TakeLineByte(char byte);
  State TakeLine();
  State TakeSizeLine();

  const bool chunked_;
  const int64_t max_bytes_;
  Part part_;
  int64_t left_;  // of the body, or of the chunk
  size_t trailer_bytes_ = 0;
  std::string line_;
  bool has_cr_ = false;
  std::string body_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_NET_HTTP_BODY_H_
