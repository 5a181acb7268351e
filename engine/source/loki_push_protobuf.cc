// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_push_protobuf.h"

#include <algorithm>
#include <limits>
#include <protozero/exception.hpp>
#include <protozero/pbf_message.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/source/push_labels.h"

namespace tallybell {
namespace {

// The fields that are read, by their numbers in Loki's push.proto.
enum class PushRequestField : protozero::pbf_tag_type { kStreams = 1 };
enum class StreamField : protozero::pbf_tag_type { kLabels = 1, kEntries = 2 };
enum class EntryField : protozero::pbf_tag_type { kTimestamp = 1, kLine = 2, kMetadata = 3 };
enum class LabelPairField : protozero::pbf_tag_type { kName = 1, kValue = 2 };
enum class TimestampField : protozero::pbf_tag_type { kSeconds = 1, kNanos = 2 };

using protozero::pbf_wire_type;

template <typename Field>
using Message = protozero::pbf_message<Field>;

// A field with another wire type than its own is passed over as an unknown one.
template <typename Field>
bool IsText(const Message<Field>& message) {
  return message.wire_type() == pbf_wire_type::length_delimited;
}

template <typename Field>
absl::string_view Text(Message<Field>* message) {
  const protozero::data_view view = message->get_view();
  return {view.data(), view.size()};
}

// 0001-01-01 and 9999-12-31, the ends of protobuf's Timestamp.
constexpr int64_t kMinSeconds = -62'135'596'800;
constexpr int64_t kMaxSeconds = 253'402'300'799;

absl::Status ReadTimestamp(Message<TimestampField> message, TimeNs* time) {
  int64_t seconds = 0;
  int32_t nanos = 0;
  while (message.next()) {
    const bool varint = message.wire_type() == pbf_wire_type::varint;
    if (varint && message.tag() == TimestampField::kSeconds) {
      seconds = message.get_int64();
    } else if (varint && message.tag() == TimestampField::kNanos) {
      nanos = message.get_int32();
    } else {
      message.skip();
    }
  }
  if (seconds < kMinSeconds || seconds > kMaxSeconds || nanos < 0 || nanos >= kSecond) {
    return absl::InvalidArgumentError(
        absl::StrCat("timestamp: seconds:", seconds, " nanos:", nanos, ": out of range"));
  }
  // What nobody has set.
  if (nanos == 0 && (seconds == 0 || seconds == kMinSeconds)) return absl::OkStatus();
  constexpr int64_t kLast = std::numeric_limits<int64_t>::max() / kSecond - 1;
  *time = std::clamp(seconds, -kLast, kLast) * kSecond + nanos;
  return absl::OkStatus();
}

absl::Status ReadMetadata(Message<LabelPairField> message, PushedBodyBuilder* builder) {
  absl::string_view name, value;
  while (message.next()) {
    if (IsText(message) && message.tag() == LabelPairField::kName) {
      name = Text(&message);
    } else if (IsText(message) && message.tag() == LabelPairField::kValue) {
      value = Text(&message);
    } else {
      message.skip();
    }
  }
  return builder->AddField(name, value);
}

absl::Status ReadEntry(Message<EntryField> message, PushedBodyBuilder* builder) {
  TimeNs time = kNoTime;
  absl::string_view line;
  while (message.next()) {
    if (!IsText(message)) {
      message.skip();
      continue;
    }
    switch (message.tag()) {
      case EntryField::kTimestamp:
        RETURN_IF_ERROR(ReadTimestamp(message.get_message(), &time));
        break;
      case EntryField::kLine:
        line = Text(&message);
        break;
      case EntryField::kMetadata:
        RETURN_IF_ERROR(ReadMetadata(message.get_message(), builder));
        break;
      default:
        message.skip();
    }
  }
  return builder->EndEntry(time, line);
}

absl::Status ReadStream(Message<StreamField> message, PushedBodyBuilder* builder) {
  absl::string_view labels = "{}";
  while (message.next()) {
    if (IsText(message) && message.tag() == StreamField::kLabels) {
      labels = Text(&message);
    } else if (IsText(message) && message.tag() == StreamField::kEntries) {
      RETURN_IF_ERROR(ReadEntry(message.get_message(), builder));
    } else {
      message.skip();
    }
  }
  return builder->EndStream(ParsePushLabels(labels, builder->limits().labels));
}

}  // namespace

absl::Status DecodeLokiPushProtobuf(PushedBodyBuilder* builder) {
  const absl::string_view bytes = builder->bytes();
  try {
    Message<PushRequestField> message(bytes.data(), bytes.size());
    while (message.next()) {
      if (IsText(message) && message.tag() == PushRequestField::kStreams) {
        RETURN_IF_ERROR(ReadStream(message.get_message(), builder));
      } else {
        message.skip();
      }
    }
  } catch (const protozero::exception& fault) {
    return absl::InvalidArgumentError(absl::StrCat("proto: PushRequest: ", fault.what()));
  }
  return absl::OkStatus();
}

}  // namespace tallybell
