// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/status_html.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/utf8.h"
#include "engine/serve/status_words.h"

namespace tallybell {
namespace {

// What has no shape of its own, or turns the text around it: C1, marks and overrides of direction,
// blanks without width, separators of lines, tags. Of these XML forbids none but the noncharacters.
bool IsUnseen(uint32_t c) {
  return (c >= 0x80 && c <= 0x9F) || c == 0xAD || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF0 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

// Never a character of XML.
bool IsNothing(uint32_t c) { return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF); }

size_t LengthOf(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// `at` begins a character of valid UTF-8.
uint32_t Decode(const char* at, size_t length) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(at);
  uint32_t c = bytes[0];
  if (length > 1) c &= 0x7Fu >> length;
  for (size_t i = 1; i < length; ++i) c = c << 6 | (bytes[i] & 0x3Fu);
  return c;
}

void AppendAscii(char c, bool one_line, std::string* out) {
  switch (c) {
    case '&':
      out->append("&amp;");
      return;
    case '<':
      out->append("&lt;");
      return;
    case '>':
      out->append("&gt;");
      return;
    case '"':
      out->append("&quot;");
      return;
    case '\'':
      out->append("&#39;");
      return;
    default:
      break;
  }
  const bool control = (c >= 0 && c < ' ') || c == '\x7F';
  if (!control || (!one_line && (c == '\n' || c == '\t'))) {
    out->push_back(c);
    return;
  }
  // Unicode's pictures of controls: U+2400 and on, U+2421 for DEL.
  out->append("\xE2\x90");
  out->push_back(c == '\x7F' ? '\xA1' : static_cast<char>(0x80 + c));
}

void AppendEscaped(absl::string_view valid, bool one_line, std::string* out) {
  for (size_t i = 0; i < valid.size();) {
    const size_t length = LengthOf(static_cast<unsigned char>(valid[i]));
    if (length == 1) {
      AppendAscii(valid[i++], one_line, out);
      continue;
    }
    const uint32_t c = Decode(valid.data() + i, length);
    if (IsNothing(c)) {
      absl::StrAppend(out, kReplacementCharacter);
    } else if (IsUnseen(c)) {
      absl::StrAppendFormat(out, "[U+%04X]", c);
    } else {
      out->append(valid.data() + i, length);
    }
    i += length;
  }
}

void AppendCut(absl::string_view text, size_t max_bytes, bool one_line, std::string* out) {
  // What is behind the cut costs nothing.
  const absl::string_view near = text.substr(0, max_bytes + 4);
  std::string replaced;
  absl::string_view valid = near;
  if (ValidUtf8Prefix(near) < near.size()) {
    AppendValidUtf8(near, &replaced);
    valid = replaced;
  }
  if (text.size() <= max_bytes) return AppendEscaped(valid, one_line, out);
  AppendEscaped(Utf8Truncate(valid, max_bytes), one_line, out);
  absl::StrAppend(out, "… (", CountText(static_cast<int64_t>(text.size())), " bytes)");
}

}  // namespace

StatusHtml& StatusHtml::Text(absl::string_view text, size_t max_bytes) {
  AppendCut(text, max_bytes, false, &text_);
  return *this;
}

StatusHtml& StatusHtml::Line(absl::string_view text, size_t max_bytes) {
  AppendCut(text, max_bytes, true, &text_);
  return *this;
}

StatusHtml& StatusHtml::Number(int64_t number) { return Line(CountText(number)); }

StatusHtml& StatusHtml::Time(TimeNs t, TimeNs now) {
  if (t == kNoTime || t == kNever) return Tag("not yet");
  const std::string whole = FormatRfc3339Millis(t);
  Tag("<time datetime=\"").Line(whole).Tag("\">");
  // The date only where it is another day's.
  const bool today = whole.compare(0, 10, FormatRfc3339Millis(now), 0, 10) == 0;
  if (!today) Line(absl::string_view(whole).substr(0, 10)).Tag(" ");
  return Line(absl::string_view(whole).substr(11, 8)).Tag("</time>");
}

StatusHtml& StatusHtml::Add(const StatusHtml& part) {
  text_ += part.text_;
  return *this;
}

}  // namespace tallybell
