// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/docker_line.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

void SkipSpace(absl::string_view* rest) {
  while (!rest->empty() && ((*rest)[0] == ' ' || (*rest)[0] == '\t' || (*rest)[0] == '\r')) {
    rest->remove_prefix(1);
  }
}

bool TakeChar(absl::string_view* rest, char c) {
  SkipSpace(rest);
  if (rest->empty() || (*rest)[0] != c) return false;
  rest->remove_prefix(1);
  return true;
}

// Takes a JSON string; `*raw` is what stands between the quotes.
bool TakeString(absl::string_view* rest, absl::string_view* raw) {
  if (!TakeChar(rest, '"')) return false;
  const char* const begin = rest->data();
  const char* const end = begin + rest->size();
  const char* from = begin;
  while (true) {
    const auto* quote = static_cast<const char*>(std::memchr(from, '"', end - from));
    if (quote == nullptr) return false;
    // A quote behind an odd number of backslashes is part of the text. Only those behind `from` are
    // counted: before it stands a quote.
    const char* backslash = quote;
    while (backslash > from && backslash[-1] == '\\') --backslash;
    if ((quote - backslash) % 2 == 0) {
      *raw = absl::string_view(begin, quote - begin);
      rest->remove_prefix(quote + 1 - begin);
      return true;
    }
    from = quote + 1;
  }
}

// Passes over one value of any kind. Checks only as much as it takes to find its end.
bool SkipValue(absl::string_view* rest) {
  absl::string_view ignored;
  SkipSpace(rest);
  int64_t depth = 0;
  while (!rest->empty()) {
    const char c = (*rest)[0];
    if (c == '"') {
      if (!TakeString(rest, &ignored)) return false;
      if (depth == 0) return true;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth < 0) return false;
    rest->remove_prefix(1);
    if (depth == 0 && (c == '}' || c == ']')) return true;
  }
  return false;
}

// The value of the four hex digits at the front of `text`, or -1.
int32_t HexDigits(absl::string_view text) {
  if (text.size() < 4) return -1;
  int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text[i];
    const char lower = static_cast<char>(c | 0x20);
    int digit;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (lower >= 'a' && lower <= 'f') {
      digit = lower - 'a' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(int32_t code_point, std::string* out) {
  const auto tail = [out](int32_t bits) {
    out->push_back(static_cast<char>(0x80 | (bits & 0x3F)));
  };
  if (code_point < 0x80) {
    out->push_back(static_cast<char>(code_point));
  } else if (code_point < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code_point >> 6)));
    tail(code_point);
  } else if (code_point < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code_point >> 12)));
    tail(code_point >> 6);
    tail(code_point);
  } else {
    out->push_back(static_cast<char>(0xF0 | (code_point >> 18)));
    tail(code_point >> 12);
    tail(code_point >> 6);
    tail(code_point);
  }
}

bool IsHighSurrogate(int32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLowSurrogate(int32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Takes what follows "\u" and appends what it stands for.
void TakeUnicodeEscape(absl::string_view* rest, std::string* out) {
  const int32_t unit = HexDigits(*rest);
  if (unit >= 0) rest->remove_prefix(4);
  if (IsHighSurrogate(unit) && absl::StartsWith(*rest, "\\u")) {
    const int32_t low = HexDigits(rest->substr(2));
    if (IsLowSurrogate(low)) {
      rest->remove_prefix(6);
      return AppendUtf8(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
    }
  }
  if (unit < 0 || IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
    out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
    return;
  }
  AppendUtf8(unit, out);
}

void DecodeEscapes(absl::string_view raw, std::string* out) {
  static constexpr absl::string_view kLetters = "\"\\/bfnrt";
  static constexpr absl::string_view kMeanings = "\"\\/\b\f\n\r\t";
  out->clear();
  while (!raw.empty()) {
    const size_t backslash = raw.find('\\');
    const absl::string_view plain = raw.substr(0, backslash);
    out->append(plain.data(), plain.size());
    raw.remove_prefix(plain.size());
    if (raw.size() < 2) return;
    const char letter = raw[1];
    raw.remove_prefix(2);
    if (letter == 'u') {
      TakeUnicodeEscape(&raw, out);
    } else if (const size_t at = kLetters.find(letter); at != absl::string_view::npos) {
      out->push_back(kMeanings[at]);
    } else {
      out->append(kReplacementCharacter.data(), kReplacementCharacter.size());
    }
  }
}

// Puts the text between the quotes into `*docker`. Every whole line ends with an escaped newline;
// where that is its only escape, nothing is copied.
void PutLog(absl::string_view raw, DockerLine* docker, std::string* scratch) {
  docker->has_log = true;
  const size_t backslash = raw.find('\\');
  if (backslash == absl::string_view::npos) {
    docker->log = raw;
  } else if (backslash + 2 == raw.size() && raw.back() == 'n') {
    docker->log = raw.substr(0, backslash);
    docker->ends_line = true;
  } else {
    DecodeEscapes(raw, scratch);
    docker->log = *scratch;
    docker->ends_line = absl::ConsumeSuffix(&docker->log, "\n");
  }
}

}  // namespace

bool ScanDockerLine(absl::string_view line, DockerLine* docker, std::string* scratch) {
  *docker = DockerLine();
  absl::string_view rest = line;
  absl::string_view raw_log;
  bool has_log = false;
  if (!TakeChar(&rest, '{')) return false;
  bool more = !TakeChar(&rest, '}');
  while (more) {
    absl::string_view key;
    if (!TakeString(&rest, &key) || !TakeChar(&rest, ':')) return false;
    if (key == "log") {
      if (!TakeString(&rest, &raw_log)) return false;
      has_log = true;
    } else if (key == "stream") {
      if (!TakeString(&rest, &docker->stream)) return false;
    } else if (key == "time") {
      if (!TakeString(&rest, &docker->time)) return false;
      docker->has_time = true;
    } else if (!SkipValue(&rest)) {
      return false;
    }
    more = TakeChar(&rest, ',');
    if (!more && !TakeChar(&rest, '}')) return false;
  }
  SkipSpace(&rest);
  if (!rest.empty()) return false;
  if (has_log) PutLog(raw_log, docker, scratch);
  return true;
}

}  // namespace tallybell
