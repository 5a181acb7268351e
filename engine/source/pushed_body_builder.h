// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSHED_BODY_BUILDER_H_
#define TALLYBELL_ENGINE_SOURCE_PUSHED_BODY_BUILDER_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/source/loki_push_body.h"

namespace tallybell {

// Puts a PushedBody together as its decoder comes by the parts. What belongs to a stream or to an
// entry may come in any order; the end of each is said. Used by one thread.
class PushedBodyBuilder {
 public:
  PushedBodyBuilder(std::string bytes, const PushLimits& limits);

  absl::string_view bytes() const { return body_.bytes(); }
  const PushLimits& limits() const { return limits_; }

  // Keeps a text that had to be decoded.
  absl::string_view Keep(std::string text);

  // OutOfRange if there are too many of them.
  absl::Status AddField(absl::string_view name, absl::string_view value);
  // Ends an entry, to which the fields since the last one belong.
  absl::Status EndEntry(TimeNs time, absl::string_view line);
  // Ends a stream, to which the entries since the last one belong. A fault in its labels refuses
  // it and not the push.
  absl::Status EndStream(absl::StatusOr<Labels> labels);

  // The errors of DecodeLokiPush.
  absl::StatusOr<PushedBody> Finish() &&;

 private:
  absl::Status CountOne();

  const PushLimits limits_;
  PushedBody body_;
  std::vector<PushedEntry> entries_;  // of the stream that has not ended
  uint32_t fields_before_ = 0;        // the entry that has not ended
  size_t counted_ = 0;                // entries and fields
  size_t streams_seen_ = 0;
  size_t streams_refused_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSHED_BODY_BUILDER_H_
