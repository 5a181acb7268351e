// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_json_cursor.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool IsWordByte(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '+' || c == '.'; }

bool IsNumber(absl::string_view word) {
  const auto take_digits = [&word] {
    const size_t before = word.size();
    while (!word.empty() && absl::ascii_isdigit(word[0])) word.remove_prefix(1);
    return word.size() < before;
  };
  if (!word.empty() && word[0] == '-') word.remove_prefix(1);
  if (!take_digits()) return false;
  if (!word.empty() && word[0] == '.') {
    word.remove_prefix(1);
    if (!take_digits()) return false;
  }
  if (!word.empty() && (word[0] == 'e' || word[0] == 'E')) {
    word.remove_prefix(1);
    if (!word.empty() && (word[0] == '-' || word[0] == '+')) word.remove_prefix(1);
    if (!take_digits()) return false;
  }
  return word.empty();
}

}  // namespace

absl::Status PushJsonCursor::Fault(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat("JSON at byte ", pos_, ": ", what));
}

char PushJsonCursor::Peek() {
  while (pos_ < text_.size() && IsSpace(text_[pos_])) ++pos_;
  return pos_ < text_.size() ? text_[pos_] : '\0';
}

bool PushJsonCursor::TakeMark(char mark) {
  if (Peek() != mark || pos_ == text_.size()) return false;
  ++pos_;
  return true;
}

absl::Status PushJsonCursor::TakeString(String* string) {
  if (!TakeMark('"')) return Fault("expected a string");
  const char* const begin = text_.data() + pos_;
  const char* const end = text_.data() + text_.size();
  const auto find = [](const char* from, char c, const char* to) {
    const void* const found = from == to ? nullptr : std::memchr(from, c, to - from);
    return found == nullptr ? to : static_cast<const char*>(found);
  };
  string->escaped = false;
  const char* at = begin;
  const char* quote = find(at, '"', end);
  for (;;) {
    if (quote == end) return Fault("the string has no end");
    const char* const backslash = find(at, '\\', quote);
    if (backslash == quote) break;
    string->escaped = true;
    // What it stands before is none of the string's end.
    at = std::min(backslash + 2, end);
    if (at > quote) quote = find(at, '"', end);
  }
  string->raw = absl::string_view(begin, quote - begin);
  pos_ = static_cast<size_t>(quote - text_.data()) + 1;
  return absl::OkStatus();
}

absl::Status PushJsonCursor::TakeWord(absl::string_view* word) {
  Peek();
  size_t end = pos_;
  while (end < text_.size() && IsWordByte(text_[end])) ++end;
  *word = text_.substr(pos_, end - pos_);
  if (*word != "true" && *word != "false" && *word != "null" && !IsNumber(*word)) {
    return Fault("expected a value");
  }
  pos_ = end;
  return absl::OkStatus();
}

absl::Status PushJsonCursor::TakeObject(absl::FunctionRef<absl::Status(const String& key)> member) {
  if (!TakeMark('{')) return Fault("expected an object");
  if (++depth_ > kMaxDepth) return Fault("nested too deep");
  for (bool first = true; !TakeMark('}'); first = false) {
    if (!first && !TakeMark(',')) return Fault("expected , or }");
    String key;
    RETURN_IF_ERROR(TakeString(&key));
    if (!TakeMark(':')) return Fault("expected :");
    RETURN_IF_ERROR(member(key));
  }
  --depth_;
  return absl::OkStatus();
}

absl::Status PushJsonCursor::TakeArray(absl::FunctionRef<absl::Status(size_t number)> element) {
  if (!TakeMark('[')) return Fault("expected an array");
  if (++depth_ > kMaxDepth) return Fault("nested too deep");
  for (size_t number = 0; !TakeMark(']'); ++number) {
    if (number > 0 && !TakeMark(',')) return Fault("expected , or ]");
    RETURN_IF_ERROR(element(number));
  }
  --depth_;
  return absl::OkStatus();
}

absl::Status PushJsonCursor::Skip() {
  switch (Peek()) {
    case '{':
      return TakeObject([this](const String&) { return Skip(); });
    case '[':
      return TakeArray([this](size_t) { return Skip(); });
    case '"': {
      String string;
      return TakeString(&string);
    }
    default: {
      absl::string_view word;
      return TakeWord(&word);
    }
  }
}

}  // namespace tallybell
