// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/partial_lines.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/byte_masks.h"
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

// How many quotes of `text` have no backslash before them: within a JSON string there is none, but
// each key and each string has one on both its sides.
int CountBareQuotes(absl::string_view text) {
  int count = 0;
  char before = '\0';
  for (const char c : text) {
    count += c == '"' && before != '\\' ? 1 : 0;
    before = c;
  }
  return count;
}

// Goes through the lines of one block and knows which streams may have a line open.
class PartialLines {
 public:
  explicit PartialLines(std::vector<uint32_t>* begins) : begins_(begins) {}

  // `quotes`: CountBareQuotes of the line.
  void AddDocker(absl::string_view line, int quotes, uint32_t begin) {
    const Stream stream = quotes == kQuotesOfWhole ? WholeDockerLine(line) : kNoStream;
    if (stream != kNoStream) seen_[stream] = true;
    if (stream != kNoStream && !open_[stream]) return;
    const size_t text = line.find_first_not_of(" \t\r");
    if (text == absl::string_view::npos || line[text] != '{') return;
    Stream exact_stream;
    bool whole;
    if (!ReadDockerLine(line, &exact_stream, &whole)) return AddOdd(begin);
    seen_[exact_stream] = true;
    if (!open_[exact_stream] && whole) return;
    begins_->push_back(begin);
    open_[exact_stream] = !whole;
  }

  // Of the lines that AddDocker was given.
  RuntimeStreams streams() const { return {seen_[kStdout], seen_[kStderr]}; }

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
  // Of {"log":"...\n","stream":"stdout","time":"2024-05-01T12:32:30.426698Z"}
  static constexpr int kQuotesOfWhole = 12;

  // The stream of a line that begins and ends as a whole one does; with no more quotes than that
  // there is one string in between.
  [[gnu::always_inline]] inline Stream WholeDockerLine(absl::string_view line) {
    static constexpr absl::string_view kFront = "{\"log\":\"";
    static constexpr absl::string_view kStreamKey = "\",\"stream\":\"";
    static constexpr absl::string_view kTimeKey = "\",\"time\":\"";
    static constexpr absl::string_view kBack = "\"}";
    static constexpr size_t kStreamBytes = 6;
    static constexpr size_t kEnds = kFront.size() + kBack.size();
    if (line.size() < kEnds || !absl::StartsWith(line, kFront) || !absl::EndsWith(line, kBack)) {
      return kNoStream;
    }
    const absl::string_view inside = line.substr(kFront.size(), line.size() - kEnds);
    // Behind a backslash the last quote is not one of the twelve: another one is.
    if (absl::EndsWith(inside, "\\")) return kNoStream;
    // Times are mostly as long as the one before.
    if (inside.size() < time_bytes_ ||
        !absl::EndsWith(inside.substr(0, inside.size() - time_bytes_), kTimeKey)) {
      const size_t quote = inside.rfind('"');
      if (quote == absl::string_view::npos) return kNoStream;
      time_bytes_ = inside.size() - quote - 1;
      if (!absl::EndsWith(inside.substr(0, quote + 1), kTimeKey)) return kNoStream;
    }
    const size_t name_end = inside.size() - time_bytes_ - kTimeKey.size();
    if (name_end < kStreamBytes) return kNoStream;
    const size_t name_begin = name_end - kStreamBytes;
    const Stream stream = StreamNamed(inside.substr(name_begin, kStreamBytes));
    const absl::string_view before = inside.substr(0, name_begin);
    if (!absl::EndsWith(before, kStreamKey)) return kNoStream;
    if (!EndsWithNewline(before.substr(0, before.size() - kStreamKey.size()))) return kNoStream;
    return stream;
  }

  // It may go on with, end or begin anything.
  void AddOdd(uint32_t begin) {
    begins_->push_back(begin);
    open_[kStdout] = open_[kStderr] = true;
    seen_[kStdout] = seen_[kStderr] = true;
  }

  std::vector<uint32_t>* const begins_;
  bool open_[2] = {true, true};
  bool seen_[2] = {false, false};
  size_t time_bytes_ = 0;  // of the last whole line
};

#if defined(__x86_64__)
template <typename Add>
[[gnu::target("avx2,popcnt")]] void ForEachLineByAvx2(absl::string_view block, const Add& add) {
  size_t begin = 0;
  int quotes = 0;
  uint64_t escaped = 0;  // whether a backslash stands before the first byte
  for (size_t at = 0; at < block.size(); at += ByteMasks::kBytes) {
    const ByteMasks masks(block.substr(at));
    const uint64_t backslashes = masks.EqualTo('\\');
    uint64_t bare = masks.EqualTo('"') & ~(backslashes << 1 | escaped);
    escaped = backslashes >> 63;
    for (uint64_t newlines = masks.EqualTo('\n'); newlines != 0; newlines &= newlines - 1) {
      const int place = __builtin_ctzll(newlines);
      const uint64_t before = (uint64_t{1} << place) - 1;
      quotes += __builtin_popcountll(bare & before);
      add(block.substr(begin, at + place - begin), quotes, static_cast<uint32_t>(begin));
      begin = at + place + 1;
      bare &= ~before;
      quotes = 0;
    }
    quotes += __builtin_popcountll(bare);
  }
  if (begin < block.size()) add(block.substr(begin), quotes, static_cast<uint32_t>(begin));
}
#endif

// Gives `add` each line, how many bare quotes are in it, and where it begins.
template <typename Add>
void ForEachLine(absl::string_view block, const Add& add) {
#if defined(__x86_64__)
  if (ByteMasks::Work()) return ForEachLineByAvx2(block, add);
#endif
  for (size_t begin = 0; begin < block.size();) {
    const size_t end = std::min(block.find('\n', begin), block.size());
    const absl::string_view line = block.substr(begin, end - begin);
    add(line, CountBareQuotes(line), static_cast<uint32_t>(begin));
    begin = end + 1;
  }
}

}  // namespace

RuntimeStreams FindPartialLines(ScanEnvelope envelope, absl::string_view block,
                                std::vector<uint32_t>* begins) {
  PartialLines lines(begins);
  if (envelope == ScanEnvelope::kDocker) {
    ForEachLine(block, [&lines](absl::string_view line, int quotes, uint32_t begin) {
      lines.AddDocker(line, quotes, begin);
    });
    return lines.streams();
  }
  if (envelope == ScanEnvelope::kCri) {
    for (size_t begin = 0; begin < block.size();) {
      const size_t end = std::min(block.find('\n', begin), block.size());
      lines.AddCri(block.substr(begin, end - begin), static_cast<uint32_t>(begin));
      begin = end + 1;
    }
  }
  return {};
}

}  // namespace tallybell
