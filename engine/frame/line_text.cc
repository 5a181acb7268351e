// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_text.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/byte_masks.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

constexpr char kEscape = '\x1B';
constexpr char kBell = '\x07';
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101u * byte; }

uint64_t Load(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, sizeof(word));
  return word;
}

// Nonzero if a byte of `word` is ESC or not ASCII.
uint64_t Unclean(uint64_t word) {
  const uint64_t zero_where_escape = word ^ Repeat(kEscape);
  return (word | ((zero_where_escape - Repeat(1)) & ~zero_where_escape)) & Repeat(0x80);
}

// Whether all of `text` is ASCII without ESC. Four words at a time, for the compiler to make vector
// instructions of; the last words overlap those before them.
bool IsClean(absl::string_view text) {
  const char* p = text.data();
  size_t left = text.size();
  if (left < 8) {
    for (const char c : text) {
      if (c == kEscape || static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return true;
  }
  for (; left >= 32; p += 32, left -= 32) {
    if (Unclean(Load(p)) | Unclean(Load(p + 8)) | Unclean(Load(p + 16)) | Unclean(Load(p + 24))) {
      return false;
    }
  }
  for (; left >= 8; p += 8, left -= 8) {
    if (Unclean(Load(p))) return false;
  }
  return Unclean(Load(p + left - 8)) == 0;
}

bool InRange(char c, char from, char to) { return c >= from && c <= to; }

// The length of the control sequence at the front of `text`, which begins with ESC; 0 if there is
// none or it does not end.
size_t ControlSequenceLength(absl::string_view text) {
  if (text.size() < 3) return 0;
  size_t i = 2;
  if (text[1] == '[') {  // colours and cursor movement
    while (i < text.size() && InRange(text[i], '0', '?')) ++i;
    while (i < text.size() && InRange(text[i], ' ', '/')) ++i;
    return i < text.size() && InRange(text[i], '@', '~') ? i + 1 : 0;
  }
  if (text[1] == ']') {  // titles and links; up to BEL or ESC backslash
    while (i < text.size() && text[i] != kBell && text[i] != kEscape) ++i;
    if (i < text.size() && text[i] == kBell) return i + 1;
    return i + 1 < text.size() && text[i + 1] == '\\' ? i + 2 : 0;
  }
  if (InRange(text[1], '(', '+')) return 3;  // character sets
  return 0;
}

#if defined(__x86_64__)
// AppendLineText of ASCII. False if there is a byte of anything else; nothing is appended then.
[[gnu::target("avx2")]] bool AppendAsciiByAvx2(absl::string_view line, std::string* out) {
  const size_t size = out->size();
  size_t from = 0;  // what stands before it is appended
  for (size_t at = 0; at < line.size(); at += ByteMasks::kBytes) {
    const ByteMasks masks(line.substr(at));
    if (masks.High() != 0) {
      out->resize(size);
      return false;
    }
    for (uint64_t escapes = masks.EqualTo(kEscape); escapes != 0; escapes &= escapes - 1) {
      const size_t escape = at + __builtin_ctzll(escapes);
      if (escape < from) continue;  // within the one before
      const size_t length = ControlSequenceLength(line.substr(escape));
      if (length == 0) continue;
      out->append(line.data() + from, escape - from);
      from = escape + length;
    }
  }
  if (from < line.size()) out->append(line.data() + from, line.size() - from);
  return true;
}
#endif

}  // namespace

void AppendLineText(absl::string_view line, std::string* out) {
#if defined(__x86_64__)
  if (ByteMasks::Work() && AppendAsciiByAvx2(line, out)) return;
#endif
  size_t from = 0;  // what stands before it is appended
  size_t at = 0;
  while ((at = line.find(kEscape, at)) != absl::string_view::npos) {
    const size_t length = ControlSequenceLength(line.substr(at));
    if (length == 0) {
      ++at;
      continue;
    }
    AppendValidUtf8(line.substr(from, at - from), out);
    at += length;
    from = at;
  }
  AppendValidUtf8(line.substr(from), out);
}

absl::string_view LineText(absl::string_view line, bool first_of_file, std::string* scratch) {
  while (!line.empty() && line[0] == '\0') line.remove_prefix(1);
  if (first_of_file) absl::ConsumePrefix(&line, kByteOrderMark);
  const bool had_return = absl::ConsumeSuffix(&line, "\r");
  if (IsClean(line)) return line;
  if (line.find(kEscape) == absl::string_view::npos && ValidUtf8Prefix(line) == line.size()) {
    return line;
  }
  scratch->clear();
  AppendLineText(line, scratch);
  absl::string_view text = *scratch;
  // A terminal's line may reset its colour behind the carriage return.
  if (!had_return) absl::ConsumeSuffix(&text, "\r");
  return text;
}

}  // namespace tallybell
