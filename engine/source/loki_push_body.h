// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_BODY_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_BODY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/base/time_ns.h"
#include "engine/model/labels.h"
#include "engine/model/record.h"
#include "engine/source/push_headers.h"
#include "engine/source/push_labels.h"

namespace tallybell {

// One line that was pushed. Views of the body that it is of.
struct PushedEntry {
  TimeNs time = kNoTime;  // as pushed, however odd; kNoTime where it says none
  absl::string_view line;
  uint32_t first_field = 0;  // of the body's, see PushedBody::FieldsOf
  uint32_t field_count = 0;
};

struct PushedStream {
  Labels labels;
  std::vector<PushedEntry> entries;  // one or more
};

struct PushLimits {
  size_t body_bytes = 8 << 20;    // decompressed
  size_t line_bytes = 256 << 10;  // a longer one is cut
  size_t streams = 10'000;
  size_t entries = 1'000'000;  // and fields
  PushLabelLimits labels;
};

// What one push holds. Owns the bytes that its views look at; may be moved, but not copied.
class PushedBody {
 public:
  PushedBody() = default;
  PushedBody(PushedBody&&) = default;
  PushedBody& operator=(PushedBody&&) = default;

  const std::vector<PushedStream>& streams() const { return streams_; }
  // Structured metadata, named as it was pushed.
  absl::Span<const Field> FieldsOf(const PushedEntry& entry) const {
    return absl::MakeConstSpan(fields_).subspan(entry.first_field, entry.field_count);
  }

  // What was not taken, as it is told to whoever pushed it; empty where all was.
  const std::string& refusal() const { return refusal_; }
  int64_t refused_entries() const { return refused_entries_; }
  int64_t lines_cut() const { return lines_cut_; }
  // What it takes up, in bytes.
  size_t memory() const { return memory_; }
  // The decompressed body.
  absl::string_view bytes() const { return texts_.empty() ? absl::string_view() : texts_.front(); }

 private:
  friend class PushedBodyBuilder;

  std::deque<std::string> texts_;  // the body, then what had to be decoded; stay where they are
  std::vector<PushedStream> streams_;
  std::vector<Field> fields_;
  std::string refusal_;
  int64_t refused_entries_ = 0;
  int64_t lines_cut_ = 0;
  size_t memory_ = 0;
};

// Decodes what is left of a body when its HTTP content encoding is off: docs/loki-push.md. JSON and
// protobuf, each of /loki/api/v1/push and of the older /api/prom/push, whichever path it came by.
//
// InvalidArgument if it cannot be read at all, or nothing in it can be taken, and says why;
// FailedPrecondition if there is no stream in it; OutOfRange if it exceeds a limit. Where only
// some streams cannot be taken the others are, and `refusal` says why. Thread-safe.
absl::StatusOr<PushedBody> DecodeLokiPush(PushFormat format, std::string body,
                                          const PushLimits& limits);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_PUSH_BODY_H_
