// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_push_json.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "engine/base/json_string.h"
#include "engine/base/status_macros.h"
#include "engine/source/push_json_cursor.h"
#include "engine/source/push_labels.h"

namespace tallybell {
namespace {

using String = PushJsonCursor::String;

class JsonPushReader {
 public:
  explicit JsonPushReader(PushedBodyBuilder* builder)
      : builder_(builder), cursor_(builder->bytes()) {}

  absl::Status Read() {
    RETURN_IF_ERROR(cursor_.TakeObject([this](const String& key) {
      return Named(key, "streams") ? ReadStreams() : cursor_.Skip();
    }));
    return cursor_.Peek() == '\0' ? absl::OkStatus() : cursor_.Fault("unexpected text at the end");
  }

 private:
  using LabelPairs = std::vector<std::pair<std::string, std::string>>;

  absl::Status ReadStreams() {
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    return cursor_.TakeArray([this](size_t) { return ReadStream(); });
  }

  absl::Status ReadStream() {
    absl::StatusOr<Labels> labels = Labels();
    RETURN_IF_ERROR(cursor_.TakeObject([this, &labels](const String& key) {
      if (Named(key, "stream")) return ReadLabelObject(&labels);
      if (Named(key, "labels")) return ReadLabelText(&labels);
      if (Named(key, "values")) return ReadList([this] { return ReadValue(); });
      if (Named(key, "entries")) return ReadList([this] { return ReadLegacyEntry(); });
      return cursor_.Skip();
    }));
    return builder_->EndStream(std::move(labels));
  }

  // An array, or null, which is none.
  absl::Status ReadList(absl::FunctionRef<absl::Status()> element) {
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    return cursor_.TakeArray([element](size_t) { return element(); });
  }

  absl::Status ReadLabelObject(absl::StatusOr<Labels>* labels) {
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    const PushLabelLimits& limits = builder_->limits().labels;
    LabelPairs pairs;
    const auto take_pair = [this, &pairs, &limits](const String& key) -> absl::Status {
      std::string name = Decoded(key), value;
      RETURN_IF_ERROR(ReadLabelValue(&value));
      const auto same = std::find_if(pairs.begin(), pairs.end(),
                                     [&name](const auto& pair) { return pair.first == name; });
      if (same != pairs.end()) {
        same->second = std::move(value);
      } else if (pairs.size() <= 2 * limits.names) {  // enough to say that there are too many
        pairs.emplace_back(std::move(name), std::move(value));
      }
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(cursor_.TakeObject(take_pair));
    *labels = MakePushLabels(std::move(pairs), limits);
    return absl::OkStatus();
  }

  // A number is the text that it is written as.
  absl::Status ReadLabelValue(std::string* value) {
    if (cursor_.Peek() != '"') {
      absl::string_view word;
      RETURN_IF_ERROR(cursor_.TakeWord(&word));
      *value = std::string(word);
      return absl::OkStatus();
    }
    String string;
    RETURN_IF_ERROR(cursor_.TakeString(&string));
    *value = Decoded(string);
    return absl::OkStatus();
  }

  absl::Status ReadLabelText(absl::StatusOr<Labels>* labels) {
    String string;
    RETURN_IF_ERROR(cursor_.TakeString(&string));
    *labels = ParsePushLabels(Text(string), builder_->limits().labels);
    return absl::OkStatus();
  }

  // ["<ns>", "line", {metadata}], what follows is passed over.
  absl::Status ReadValue() {
    TimeNs time = kNoTime;
    absl::string_view line;
    size_t elements = 0;
    const auto take_element = [&](size_t number) -> absl::Status {
      elements = number + 1;
      if (number == 2) return ReadMetadata();
      if (number > 2) return cursor_.Skip();
      String string;
      RETURN_IF_ERROR(cursor_.TakeString(&string));
      if (number == 0) return ReadNanoseconds(Text(string), &time);
      line = Text(string);
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(cursor_.TakeArray(take_element));
    if (elements < 2) return cursor_.Fault("a value is a time and a line");
    return builder_->EndEntry(time, line);
  }

  absl::Status ReadNanoseconds(absl::string_view text, TimeNs* time) {
    int64_t nanoseconds = 0;
    // SimpleAtoi would take spaces around it.
    const bool number = !text.empty() && text.back() != ' ' && absl::SimpleAtoi(text, &nanoseconds);
    if (!number) return cursor_.Fault("a time is a string of nanoseconds since 1970");
    // What nobody has set is no time.
    if (nanoseconds != 0) *time = nanoseconds;
    return absl::OkStatus();
  }

  absl::Status ReadMetadata() {
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    return cursor_.TakeObject([this](const String& key) {
      String value;
      RETURN_IF_ERROR(cursor_.TakeString(&value));
      const absl::string_view name = Text(key);
      return builder_->AddField(name, Text(value));
    });
  }

  absl::Status ReadLegacyEntry() {
    TimeNs time = kNoTime;
    absl::string_view line;
    const auto take_member = [&](const String& key) -> absl::Status {
      const bool is_time = Named(key, "ts") || Named(key, "timestamp");
      if (!is_time && !Named(key, "line")) return cursor_.Skip();
      String string;
      RETURN_IF_ERROR(cursor_.TakeString(&string));
      if (!is_time) {
        line = Text(string);
        return absl::OkStatus();
      }
      const absl::StatusOr<TimeNs> parsed = ParseRfc3339(Text(string));
      if (!parsed.ok()) return cursor_.Fault("a time is written as RFC 3339 does");
      if (*parsed != 0) time = *parsed;
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(cursor_.TakeObject(take_member));
    return builder_->EndEntry(time, line);
  }

  static bool Named(const String& key, absl::string_view name) { return key.raw == name; }

  static std::string Decoded(const String& string) {
    if (!string.escaped) return std::string(string.raw);
    std::string decoded;
    DecodeJsonString(string.raw, &decoded);
    return decoded;
  }

  // Without a copy where there is nothing to decode.
  absl::string_view Text(const String& string) {
    return string.escaped ? builder_->Keep(Decoded(string)) : string.raw;
  }

  PushedBodyBuilder* const builder_;
  PushJsonCursor cursor_;
};

}  // namespace

absl::Status DecodeLokiPushJson(PushedBodyBuilder* builder) {
  return JsonPushReader(builder).Read();
}

}  // namespace tallybell
