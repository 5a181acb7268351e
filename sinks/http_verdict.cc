// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "sinks/http_verdict.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/net/retry_after.h"
#include "sinks/clean_text.h"

namespace tallybell {
namespace {

constexpr size_t kMaxAnswer = 200;

Verdict NoAnswer(const absl::Status& status) {
  Verdict verdict;
  verdict.answer = CleanText(status.message(), kMaxAnswer);
  if (absl::IsInvalidArgument(status)) {
    verdict.kind = Verdict::Kind::kRejected;
  } else {
    verdict.unauthorized = absl::IsUnauthenticated(status);
  }
  return verdict;
}

Verdict::Kind KindOf(int status) {
  switch (status) {
    case 401:
    case 403:
    case 407:
    case 408:
    case 425:
    case 429:
      return Verdict::Kind::kRetry;
    case 404:
    case 405:
    case 410:
      return Verdict::Kind::kSuspect;
    default:
      if (status >= 200 && status < 300) return Verdict::Kind::kAccepted;
      if (status >= 300 && status < 400) return Verdict::Kind::kSuspect;
      if (status >= 400 && status < 500) return Verdict::Kind::kRejected;
      return Verdict::Kind::kRetry;
  }
}

}  // namespace

std::string AnswerText(const HttpResponse& response, absl::string_view message) {
  std::string text = absl::StrCat(response.status, message.empty() ? "" : " ", message);
  for (char& c : text) {
    if (absl::ascii_iscntrl(c)) c = ' ';
  }
  return CleanText(absl::StripAsciiWhitespace(text), kMaxAnswer);
}

Verdict VerdictOf(const absl::StatusOr<HttpResponse>& response, TimeNs now) {
  if (!response.ok()) return NoAnswer(response.status());
  Verdict verdict;
  const int status = response->status;
  verdict.kind = KindOf(status);
  verdict.unauthorized = status == 401 || status == 403 || status == 407;
  if (verdict.kind == Verdict::Kind::kRetry) {
    verdict.retry_after = ParseRetryAfter(response->Header("Retry-After"), now);
  }
  // A refusal of a key may repeat the key; a success has nothing to say.
  const bool quiet = verdict.unauthorized || verdict.kind == Verdict::Kind::kAccepted;
  verdict.answer = AnswerText(*response, quiet ? "" : response->body);
  if (status >= 300 && status < 400) verdict.answer += " (redirects are not followed)";
  return verdict;
}

}  // namespace tallybell
