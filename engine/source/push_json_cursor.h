// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_JSON_CURSOR_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_JSON_CURSOR_H_

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tallybell {

// Reads JSON from left to right, value by value, without building anything of it: a push is most of
// a megabyte of strings, which are handed on as views. Lenient where nothing depends on it: bytes
// that are not UTF-8 and control characters may stand in strings, because they do in log lines.
// Takes linear time. Each Take moves behind what it read; after an error the cursor is of no more
// use. Used by one thread.
class PushJsonCursor {
 public:
  // What is skipped may be nested so deep.
  static constexpr int kMaxDepth = 32;

  // A string between its quotes, as it is written.
  struct String {
    absl::string_view raw;
    bool escaped = false;  // DecodeJsonString is needed
  };

  explicit PushJsonCursor(absl::string_view text) : text_(text) {}

  // The first byte of the next value or mark; 0 at the end.
  char Peek();

  absl::Status TakeString(String* string);
  // A number, true, false or null, as it is written.
  absl::Status TakeWord(absl::string_view* word);
  // Calls `member` for each member of an object; it must take the value.
  absl::Status TakeObject(absl::FunctionRef<absl::Status(const String& key)> member);
  // Calls `element` for each element of an array, numbered from 0; it must take it.
  absl::Status TakeArray(absl::FunctionRef<absl::Status(size_t number)> element);
  // Any value.
  absl::Status Skip();

  // InvalidArgument that says where the cursor is.
  absl::Status Fault(absl::string_view what) const;

 private:
  bool TakeMark(char mark);

  const absl::string_view text_;
  size_t pos_ = 0;
  int depth_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_JSON_CURSOR_H_
