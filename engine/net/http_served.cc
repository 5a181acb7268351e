// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/http_served.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {

absl::string_view ServedRequest::Header(absl::string_view name) const {
  for (const auto& [n, value] : headers) {
    if (absl::EqualsIgnoreCase(n, name)) return value;
  }
  return {};
}

absl::string_view ServedRequest::Query(absl::string_view name) const {
  for (const auto& [n, value] : query) {
    if (n == name) return value;
  }
  return {};
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Drop();
    receiver_ = std::exchange(other.receiver_, nullptr);
  }
  return *this;
}

void Responder::Answer(ServedResponse response) {
  // Gone before it is called: what it holds on to is let go as soon as the answer is out.
  if (Receiver receiver = std::exchange(receiver_, nullptr)) receiver(std::move(response));
}

void Responder::Answer(int status, absl::string_view text) {
  ServedResponse response;
  response.status = status;
  response.body = absl::StrCat(text, "\n");
  Answer(std::move(response));
}

void Responder::Drop() {
  if (receiver_) Answer(500, "Internal Server Error");
}

}  // namespace tallybell
