// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_head.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "engine/net/credentials.h"

namespace tallybell {
namespace {

bool IsControl(char byte) {
  const auto b = static_cast<unsigned char>(byte);
  return (b < 0x20 && b != '\t') || b == 0x7F;
}

bool IsPrintable(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace

bool IsHostField(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view(".-_:[]%").find(static_cast<char>(c)) != absl::string_view::npos;
  });
}

absl::string_view HttpHead::Field(absl::string_view name) const {
  for (const auto& [n, value] : fields) {
    if (absl::EqualsIgnoreCase(n, name)) return value;
  }
  return {};
}

HttpHeadReader::State HttpHeadReader::Feed(absl::string_view bytes, size_t* used) {
  *used = 0;
  while (*used < bytes.size()) {
    *used += TakeRun(bytes.substr(*used));
    if (*used == bytes.size()) break;
    if (!TakeByte(bytes[(*used)++])) return State::kRefused;
    if (done_) return State::kDone;
  }
  return State::kMore;
}

size_t HttpHeadReader::TakeRun(absl::string_view bytes) {
  if (has_cr_) return 0;
  size_t room = limits_.request_line - line_.size();
  if (has_request_line_) room = limits_.headers - header_bytes_;
  size_t run = 0;
  for (const size_t end = std::min(room, bytes.size()); run < end; ++run) {
    const auto byte = static_cast<unsigned char>(bytes[run]);
    if (byte < 0x20 || byte == 0x7F || (byte >= 0x80 && !has_request_line_)) break;
  }
  line_.append(bytes.data(), run);
  if (has_request_line_) header_bytes_ += run;
  begun_ = begun_ || run > 0;
  return run;
}

bool HttpHeadReader::TakeByte(char byte) {
  begun_ = true;
  if (has_request_line_ && ++header_bytes_ > limits_.headers) return Refuse(431, "headers");
  if (has_cr_) {
    has_cr_ = false;
    return byte == '\n' ? TakeLine() : Refuse(400, "malformed");
  }
  if (byte == '\r') {
    has_cr_ = true;
    return true;
  }
  if (IsControl(byte)) return Refuse(400, "malformed");
  if (!has_request_line_) {
    // No other protocol's greeting is waited for to end.
    if (static_cast<unsigned char>(byte) >= 0x80) return Refuse(400, "malformed");
    if (line_.size() >= limits_.request_line) return Refuse(414, "request_line");
  }
  line_ += byte;
  return true;
}

bool HttpHeadReader::TakeLine() {
  bool good = true;
  if (!has_request_line_) {
    if (line_.empty() && !skipped_empty_) {
      skipped_empty_ = true;  // old clients send one line end too many after a body
    } else {
      good = TakeRequestLine();
      has_request_line_ = true;
    }
  } else {
    good = line_.empty() ? Finish() : TakeField();
  }
  line_.clear();
  return good;
}

bool HttpHeadReader::TakeRequestLine() {
  const std::vector<absl::string_view> parts = absl::StrSplit(line_, ' ');
  if (parts.size() != 3 || !IsHeaderName(parts[0]) || parts[1].empty() || !IsPrintable(parts[1])) {
    return Refuse(400, "malformed");
  }
  const absl::string_view version = parts[2];
  if (version.size() != 8 || !absl::StartsWith(version, "HTTP/") ||
      !absl::ascii_isdigit(version[5]) || version[6] != '.' || !absl::ascii_isdigit(version[7])) {
    return Refuse(400, "malformed");
  }
  if (version[5] != '1' || version[7] > '1') return Refuse(505, "version");
  head_.method = std::string(parts[0]);
  head_.target = std::string(parts[1]);
  head_.minor_version = version[7] - '0';
  return true;
}

bool HttpHeadReader::TakeField() {
  if (head_.fields.size() >= limits_.fields) return Refuse(431, "headers");
  const absl::string_view line = line_;
  const size_t colon = line.find(':');
  // A folded line begins with a blank, which is no name either.
  if (colon == absl::string_view::npos || !IsHeaderName(line.substr(0, colon))) {
    return Refuse(400, "malformed");
  }
  absl::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  head_.fields.emplace_back(line.substr(0, colon), value);
  return true;
}

bool HttpHeadReader::ReadFraming() {
  int lengths = 0, encodings = 0, hosts = 0;
  for (const auto& [name, value] : head_.fields) {
    if (absl::EqualsIgnoreCase(name, "Content-Length")) {
      const bool digits = std::all_of(value.begin(), value.end(), absl::ascii_isdigit);
      if (++lengths > 1 || !digits || value.size() > 18 ||
          !absl::SimpleAtoi(value, &head_.length)) {
        return Refuse(400, "framing");
      }
    } else if (absl::EqualsIgnoreCase(name, "Transfer-Encoding")) {
      if (++encodings > 1 || head_.minor_version == 0) return Refuse(400, "framing");
      head_.chunked = absl::EqualsIgnoreCase(value, "chunked");
    } else if (absl::EqualsIgnoreCase(name, "Host")) {
      if (++hosts > 1 || !IsHostField(value)) return Refuse(400, "host");
      head_.host = value;
    }
  }
  if (lengths > 0 && encodings > 0) return Refuse(400, "framing");
  if (encodings > 0 && !head_.chunked) return Refuse(501, "transfer_encoding");
  if (hosts == 0 && head_.minor_version > 0) return Refuse(400, "host");
  return true;
}

bool HttpHeadReader::Finish() {
  if (!ReadFraming()) return false;
  head_.keep_alive = head_.minor_version > 0;
  for (const auto& [name, value] : head_.fields) {
    if (absl::EqualsIgnoreCase(name, "Connection")) {
      for (absl::string_view option : absl::StrSplit(value, ',')) {
        if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(option), "close")) {
          head_.keep_alive = false;
        }
      }
    } else if (absl::EqualsIgnoreCase(name, "Expect")) {
      if (!absl::EqualsIgnoreCase(value, "100-continue")) return Refuse(417, "expect");
      // Only what has a body to wait with waits, and HTTP/1.0 knows no such answer.
      head_.expects_continue = head_.minor_version > 0 && (head_.chunked || head_.length > 0);
    }
  }
  done_ = true;
  return true;
}

bool HttpHeadReader::Refuse(int status, absl::string_view reason) {
  refusal_ = {status, reason};
  return false;
}

}  // namespace tallybell
