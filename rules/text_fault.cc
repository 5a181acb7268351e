// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/text_fault.h"

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace tallybell {
namespace {

constexpr absl::string_view kOffset = "tallybell/offset";
constexpr absl::string_view kAdvice = "tallybell/advice";

std::string Payload(const absl::Status& status, absl::string_view key) {
  const absl::optional<absl::Cord> payload = status.GetPayload(key);
  return payload.has_value() ? std::string(*payload) : std::string();
}

}  // namespace

absl::Status TextFault(size_t offset, absl::string_view message, absl::string_view advice) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kOffset, absl::Cord(absl::StrCat(offset)));
  if (!advice.empty()) status.SetPayload(kAdvice, absl::Cord(advice));
  return status;
}

absl::Status MoveTextFault(const absl::Status& fault, size_t base) {
  return TextFault(base + TextFaultOffset(fault), fault.message(), TextFaultAdvice(fault));
}

size_t TextFaultOffset(const absl::Status& fault) {
  uint64_t offset = 0;
  return absl::SimpleAtoi(Payload(fault, kOffset), &offset) ? offset : 0;
}

std::string TextFaultAdvice(const absl::Status& fault) { return Payload(fault, kAdvice); }

}  // namespace tallybell
