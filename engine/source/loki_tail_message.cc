// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_tail_message.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "engine/base/status_macros.h"
#include "engine/source/push_json_cursor.h"

namespace tallybell {
namespace {

using String = PushJsonCursor::String;

class TailReader {
 public:
  explicit TailReader(absl::string_view text) : cursor_(text) {}

  absl::StatusOr<LokiTailMessage> Read() {
    bool known = false;
    RETURN_IF_ERROR(cursor_.TakeObject([this, &known](const String& key) {
      known = known || key.raw == "streams" || key.raw == "dropped_entries";
      if (key.raw == "streams") return ReadStreams();
      if (key.raw == "dropped_entries") return ReadDropped();
      return cursor_.Skip();
    }));
    if (!known) return absl::InvalidArgumentError("no message of a tail");
    if (cursor_.Peek() != '\0') return cursor_.Fault("unexpected text at the end");
    return out_;
  }

 private:
  absl::Status ReadStreams() {
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    return cursor_.TakeArray([this](size_t) {
      return cursor_.TakeObject([this](const String& key) {
        if (key.raw != "values" || cursor_.Peek() == 'n') return cursor_.Skip();
        return cursor_.TakeArray([this](size_t) { return ReadValue(); });
      });
    });
  }

  // An empty list says that there is none.
  absl::Status ReadDropped() {
    if (cursor_.Peek() != '[') {
      out_.left_out = cursor_.Peek() != 'n';
      return cursor_.Skip();
    }
    return cursor_.TakeArray([this](size_t) {
      out_.left_out = true;
      return cursor_.Skip();
    });
  }

  // ["<ns>", "line", ...]
  absl::Status ReadValue() {
    size_t elements = 0;
    RETURN_IF_ERROR(cursor_.TakeArray([this, &elements](size_t number) {
      elements = number + 1;
      if (number == 0) return ReadTime();
      String line;
      return number == 1 ? cursor_.TakeString(&line) : cursor_.Skip();
    }));
    if (elements < 2) return cursor_.Fault("a value is a time and a line");
    ++out_.lines;
    return absl::OkStatus();
  }

  absl::Status ReadTime() {
    String text;
    RETURN_IF_ERROR(cursor_.TakeString(&text));
    TimeNs time = kNoTime;
    if (!absl::SimpleAtoi(text.raw, &time) || time <= kNoTime || time >= kNever) {
      return cursor_.Fault("a time is a string of nanoseconds since 1970");
    }
    out_.first = std::min(out_.first, time);
    out_.last = std::max(out_.last, time);
    return absl::OkStatus();
  }

  PushJsonCursor cursor_;
  LokiTailMessage out_;
};

}  // namespace

absl::StatusOr<LokiTailMessage> ReadLokiTailMessage(absl::string_view message) {
  return TailReader(message).Read();
}

}  // namespace tallybell
