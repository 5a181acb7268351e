// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/pushed_body_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"

namespace tallybell {

PushedBodyBuilder::PushedBodyBuilder(std::string bytes, const PushLimits& limits)
    : limits_(limits) {
  body_.memory_ = sizeof(PushedBody) + bytes.size();
  body_.texts_.push_back(std::move(bytes));
}

absl::string_view PushedBodyBuilder::Keep(std::string text) {
  body_.memory_ += sizeof(text) + text.size();
  body_.texts_.push_back(std::move(text));
  return body_.texts_.back();
}

absl::Status PushedBodyBuilder::CountOne() {
  if (++counted_ <= limits_.entries) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("request body too large: more than ", limits_.entries, " entries"));
}

absl::Status PushedBodyBuilder::AddField(absl::string_view name, absl::string_view value) {
  RETURN_IF_ERROR(CountOne());
  body_.fields_.push_back({name, value});
  return absl::OkStatus();
}

absl::Status PushedBodyBuilder::EndEntry(TimeNs time, absl::string_view line) {
  RETURN_IF_ERROR(CountOne());
  const auto fields = static_cast<uint32_t>(body_.fields_.size());
  if (line.size() > limits_.line_bytes) {
    line = line.substr(0, limits_.line_bytes);
    ++body_.lines_cut_;
  }
  entries_.push_back({time, line, fields_before_, fields - fields_before_});
  fields_before_ = fields;
  return absl::OkStatus();
}

absl::Status PushedBodyBuilder::EndStream(absl::StatusOr<Labels> labels) {
  if (++streams_seen_ > limits_.streams) {
    return absl::OutOfRangeError(
        absl::StrCat("request body too large: more than ", limits_.streams, " streams"));
  }
  if (!labels.ok()) {
    if (streams_refused_++ == 0) body_.refusal_ = std::string(labels.status().message());
    body_.refused_entries_ += static_cast<int64_t>(entries_.size());
    entries_.clear();
  } else if (!entries_.empty()) {
    for (const Labels::Pair& pair : labels->pairs()) {
      body_.memory_ += sizeof(pair) + pair.first.size() + pair.second.size();
    }
    body_.memory_ += sizeof(PushedStream) + entries_.size() * sizeof(PushedEntry);
    body_.streams_.push_back({*std::move(labels), {entries_.begin(), entries_.end()}});
    entries_.clear();
  }
  return absl::OkStatus();
}

absl::StatusOr<PushedBody> PushedBodyBuilder::Finish() && {
  if (streams_seen_ == 0) {
    return absl::FailedPreconditionError(
        "error at least one valid stream is required for ingestion");
  }
  if (streams_refused_ > 1) {
    absl::StrAppend(&body_.refusal_, "\n", streams_refused_, " streams were not taken");
  }
  if (streams_refused_ == streams_seen_) return absl::InvalidArgumentError(body_.refusal_);
  body_.memory_ += body_.fields_.capacity() * sizeof(Field);
  return std::move(body_);
}

}  // namespace tallybell
