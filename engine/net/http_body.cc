// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_body.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "engine/net/credentials.h"

namespace tallybell {
namespace {

constexpr size_t kMaxLine = 256;           // bytes of a chunk's size and extensions, or a trailer
constexpr size_t kMaxTrailers = 4 * 1024;  // bytes of all trailers
constexpr size_t kMaxDigits = 8;           // hexadecimal, of a chunk's size: 4 GiB

}  // namespace

HttpBodyReader::HttpBodyReader(bool chunked, int64_t length, int64_t max_bytes)
    : chunked_(chunked),
      max_bytes_(max_bytes),
      part_(chunked ? Part::kSizeLine : Part::kData),
      left_(chunked ? 0 : length) {}

HttpBodyReader::State HttpBodyReader::Feed(absl::string_view bytes, size_t* used) {
  *used = 0;
  if (!chunked_ && left_ > max_bytes_) return State::kTooLong;
  while (chunked_ || left_ > 0) {
    if (*used == bytes.size()) return State::kMore;
    if (part_ != Part::kData) {
      if (const State state = TakeLineByte(bytes[(*used)++]); state != State::kMore) return state;
      continue;
    }
    const size_t take =
        static_cast<size_t>(std::min<int64_t>(left_, static_cast<int64_t>(bytes.size() - *used)));
    body_.append(bytes.data() + *used, take);
    *used += take;
    left_ -= static_cast<int64_t>(take);
    if (chunked_ && left_ == 0) part_ = Part::kDataEnd;
  }
  return State::kDone;
}

HttpBodyReader::State HttpBodyReader::TakeLineByte(char byte) {
  if (has_cr_) {
    has_cr_ = false;
    return byte == '\n' ? TakeLine() : State::kMalformed;
  }
  if (byte == '\r') {
    has_cr_ = true;
    return State::kMore;
  }
  if ((absl::ascii_iscntrl(static_cast<unsigned char>(byte)) && byte != '\t') ||
      part_ == Part::kDataEnd || line_.size() >= kMaxLine) {
    return State::kMalformed;
  }
  line_ += byte;
  return State::kMore;
}

HttpBodyReader::State HttpBodyReader::TakeLine() {
  State state = State::kMore;
  if (part_ == Part::kDataEnd) {
    part_ = Part::kSizeLine;
  } else if (part_ == Part::kSizeLine) {
    state = TakeSizeLine();
  } else if (line_.empty()) {
    state = State::kDone;
  } else {
    trailer_bytes_ += line_.size();
    const absl::string_view name = absl::string_view(line_).substr(0, line_.find(':'));
    if (trailer_bytes_ > kMaxTrailers || name.size() == line_.size() || !IsHeaderName(name)) {
      state = State::kMalformed;
    }
  }
  line_.clear();
  return state;
}

HttpBodyReader::State HttpBodyReader::TakeSizeLine() {
  size_t digits = 0;
  int64_t size = 0;
  for (; digits < line_.size() && absl::ascii_isxdigit(static_cast<unsigned char>(line_[digits]));
       ++digits) {
    const char c = absl::ascii_tolower(static_cast<unsigned char>(line_[digits]));
    size = size * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
    if (digits >= kMaxDigits) return State::kMalformed;
  }
  if (digits == 0) return State::kMalformed;
  if (digits < line_.size() && line_[digits] != ';') return State::kMalformed;
  if (size > max_bytes_ - static_cast<int64_t>(body_.size())) return State::kTooLong;
  left_ = size;
  part_ = size == 0 ? Part::kTrailerLine : Part::kData;
  return State::kMore;
}

}  // namespace tallybell
