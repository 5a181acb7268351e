// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/partial_lines.h"

#include <cstddef>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/time_ns.h"

namespace tallybell {
namespace {

enum Stream { kStdout, kStderr, kNoStream };

Stream StreamNamed(absl::string_view name) {
  if (name == "stdout") return kStdout;
  return name == "stderr" ? kStderr : kNoStream;
}

// Whether an odd number of backslashes ends at `text`'s end.
bool EndsEscaping(absl::string_view text) {
  size_t backslashes = 0;
  while (backslashes < text.size() && text[text.size() - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// Whether what stands between the quotes of a JSON string ends with a newline.
bool EndsWithNewline(absl::string_view raw) {
  return absl::EndsWith(raw, "\\n") && EndsEscaping(raw.substr(0, raw.size() - 1));
}

// Takes a JSON string off the front; `*raw` is what stands between its quotes.
bool TakeString(absl::string_view* rest, absl::string_view* raw) {
  if (!absl::ConsumePrefix(rest, "\"")) return false;
  size_t from = 0;
  while (true) {
    const size_t quote = rest->find('"', from);
    if (quote == absl::string_view::npos) return false;
    if (!EndsEscaping(rest->substr(from, quote - from))) {
      *raw = rest->substr(0, quote);
      rest->remove_prefix(quote + 1);
      return true;
    }
    from = quote + 1;
  }
}

bool TakeAttributes(absl::string_view* rest) {
  absl::string_view ignored;
  if (!absl::ConsumePrefix(rest, ",\"attrs\":{")) return true;
  if (absl::ConsumePrefix(rest, "}")) return true;
  do {
    if (!TakeString(rest, &ignored) || !absl::ConsumePrefix(rest, ":") ||
        !TakeString(rest, &ignored)) {
      return false;
    }
  } while (absl::ConsumePrefix(rest, ","));
  return absl::ConsumePrefix(rest, "}");
}

// A line exactly as Docker's driver writes it: false for any other JSON, however much it means the
// same.
bool ReadDockerLine(absl::string_view line, Stream* stream, bool* whole) {
  absl::string_view log;
  absl::string_view name;
  absl::string_view time;
  if (!absl::ConsumePrefix(&line, "{\"log\":") || !TakeString(&line, &log) ||
      !absl::ConsumePrefix(&line, ",\"stream\":") || !TakeString(&line, &name) ||
      !TakeAttributes(&line) || !absl::ConsumePrefix(&line, ",\"time\":") ||
      !TakeString(&line, &time) || line != "}") {
    return false;
  }
  *stream = StreamNamed(name);
  *whole = EndsWithNewline(log);
  return *stream != kNoStream;
}

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101u * byte; }

// The top bit of each byte of `word` that is `byte`.
uint64_t BytesEqualTo(uint8_t byte, uint64_t word) {
  const uint64_t zero_where_equal = word ^ Repeat(byte);
  return ~(((zero_where_equal & Repeat(0x7F)) + Repeat(0x7F)) | zero_where_equal | Repeat(0x7F));
}

// Whether a quote stands in `text` without a backslash before it: within a JSON string there is
// none, but the key after it begins with one. Something stands before `text`.
bool HasBareQuote(absl::string_view text) {
  size_t at = text.find('"');
  if (at == absl::string_view::npos) return false;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    uint64_t before;
    std::memcpy(&word, text.data() + at, sizeof(word));
    std::memcpy(&before, text.data() + at - 1, sizeof(before));
    if (BytesEqualTo('"', word) & ~BytesEqualTo('\\', before)) return true;
  }
  for (; at < text.size(); ++at) {
    if (text[at] == '"' && text.data()[at - 1] != '\\') return true;
  }
  return false;
}

// The stream of a line that begins and ends as a whole one does, with one string in between:
// {"log":"...\n","stream":"stdout","time":"2024-05-01T12:32:30.426698Z"}
Stream WholeDockerLine(absl::string_view line) {
  static constexpr absl::string_view kFront = "{\"log\":\"";
  static constexpr absl::string_view kStreamKey = "\",\"stream\":\"";
  static constexpr absl::string_view kTimeKey = "\",\"time\":\"";
  static constexpr absl::string_view kBack = "\"}";
  static constexpr size_t kStreamBytes = 6;
  static constexpr size_t kMaxTimeBytes = 35;
  if (!absl::ConsumePrefix(&line, kFront) || !absl::ConsumeSuffix(&line, kBack)) return kNoStream;
  const size_t looked_at = line.size() < kMaxTimeBytes ? line.size() : kMaxTimeBytes;
  const absl::string_view time = line.substr(line.size() - looked_at);
  const void* const quote = memrchr(time.data(), '"', time.size());
  if (quote == nullptr) return kNoStream;
  line.remove_suffix(time.data() + time.size() - static_cast<const char*>(quote) - 1);
  if (!absl::ConsumeSuffix(&line, kTimeKey) || line.size() < kStreamBytes) return kNoStream;
  const Stream stream = StreamNamed(line.substr(line.size() - kStreamBytes));
  line.remove_suffix(kStreamBytes);
  if (!absl::ConsumeSuffix(&line, kStreamKey) || !EndsWithNewline(line)) return kNoStream;
  return HasBareQuote(line) ? kNoStream : stream;
}

// Goes through the lines of one block and knows which streams may have a line open.
class PartialLines {
 public:
  explicit PartialLines(std::vector<uint32_t>* begins) : begins_(begins) {}

  void AddDocker(absl::string_view line, uint32_t begin) {
    const Stream stream = WholeDockerLine(line);
    if (stream != kNoStream && !open_[stream]) return;
    const size_t text = line.find_first_not_of(" \t\r");
    if (text == absl::string_view::npos || line[text] != '{') return;
    Stream exact_stream;
    bool whole;
    if (!ReadDockerLine(line, &exact_stream, &whole)) return AddOdd(begin);
    if (!open_[exact_stream] && whole) return;
    begins_->push_back(begin);
    open_[exact_stream] = !whole;
  }

  void AddCri(absl::string_view line, uint32_t begin) {
    static constexpr size_t kMaxTimeBytes = 35;
    static constexpr size_t kStreamBytes = 6;
    const size_t stamp_end = line.substr(0, kMaxTimeBytes + 1).find(' ');
    if (stamp_end == absl::string_view::npos) return;
    const absl::string_view rest = line.substr(stamp_end + 1);
    if (rest.size() < kStreamBytes + 2 || rest[kStreamBytes] != ' ') return;
    const Stream stream = StreamNamed(rest.substr(0, kStreamBytes));
    const char tag = rest[kStreamBytes + 1];
    if (stream == kNoStream || (tag != 'P' && !open_[stream])) return;
    begins_->push_back(begin);
    if (tag == 'P') {
      open_[stream] = true;
      return;
    }
    const char after = rest.size() > kStreamBytes + 2 ? rest[kStreamBytes + 2] : ' ';
    const bool ends = tag == 'F' && (after == ' ' || after == ':');
    if (ends && ParseRfc3339(line.substr(0, stamp_end)).ok()) open_[stream] = false;
  }

 private:
  // It may go on with, end or begin anything.
  void AddOdd(uint32_t begin) {
    begins_->push_back(begin);
    open_[kStdout] = open_[kStderr] = true;
  }

  std::vector<uint32_t>* const begins_;
  bool open_[2] = {true, true};
};

}  // namespace

void FindPartialLines(ScanEnvelope envelope, absl::string_view block,
                      std::vector<uint32_t>* begins) {
  if (envelope == ScanEnvelope::kNone) return;
  PartialLines lines(begins);
  const char* const data = block.data();
  size_t begin = 0;
  while (begin < block.size()) {
    const void* const newline = std::memchr(data + begin, '\n', block.size() - begin);
    const size_t end = newline == nullptr ? block.size() : static_cast<const char*>(newline) - data;
    const absl::string_view line = block.substr(begin, end - begin);
    if (envelope == ScanEnvelope::kDocker) {
      lines.AddDocker(line, static_cast<uint32_t>(begin));
    } else {
      lines.AddCri(line, static_cast<uint32_t>(begin));
    }
    begin = end + 1;
  }
}

}  // namespace tallybell
