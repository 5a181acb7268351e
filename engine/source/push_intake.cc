// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_intake.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/net/content_encoding.h"
#include "engine/source/push_headers.h"

namespace tallybell {
namespace {

// `body` without its HTTP content encoding. OutOfRange if that is more than `max_bytes`.
absl::StatusOr<std::string> Decompress(PushCompression compression, std::string body,
                                       size_t max_bytes) {
  ContentLimits limits;
  limits.max_bytes = static_cast<int64_t>(max_bytes);
  // Logs may repeat themselves as much as the encoding can say.
  limits.max_ratio = 2'000;
  const absl::string_view encoding = compression == PushCompression::kGzip      ? "gzip"
                                     : compression == PushCompression::kDeflate ? "deflate"
                                                                                : "";
  absl::StatusOr<std::string> decoded = DecodeContent(encoding, std::move(body), limits);
  if (absl::IsResourceExhausted(decoded.status())) {
    return absl::OutOfRangeError(
        absl::StrCat("request body too large: ", decoded.status().message()));
  }
  return decoded;
}

}  // namespace

PushIntake::PushIntake(Options options, PushQueue* queue, const Clock* clock, Metrics* metrics)
    : options_(std::move(options)),
      queue_(queue),
      clock_(clock),
      requests_total_(metrics->Get("push_requests_total", {{"source", options_.source}})),
      refused_total_(metrics->Get("push_refused_total", {{"source", options_.source}})),
      pushed_back_total_(metrics->Get("push_pushed_back_total", {{"source", options_.source}})),
      refused_lines_total_(metrics->Get("push_refused_lines_total", {{"source", options_.source}})),
      lines_cut_total_(metrics->Get("push_lines_cut_total", {{"source", options_.source}})) {}

absl::Status PushIntake::Offer(PushRequest request, std::function<void(const PushError&)> answer) {
  requests_total_.Add();
  absl::Status taken = Take(std::move(request), std::move(answer));
  if (taken.ok()) return taken;
  if (taken.code() == absl::StatusCode::kResourceExhausted) {
    pushed_back_total_.Add();
  } else {
    refused_total_.Add();
  }
  return taken;
}

absl::Status PushIntake::Take(PushRequest request, std::function<void(const PushError&)> answer) {
  if (request.tenant.empty() && options_.require_tenant) {
    return absl::UnauthenticatedError("no org id");
  }
  RETURN_IF_ERROR(CheckPushTenant(request.tenant));
  ASSIGN_OR_RETURN(const PushDecoder decoder,
                   ChoosePushDecoder(request.content_type, request.content_encoding));
  // A push takes hardly less than was sent of it. In a flood, what is turned away must cost little.
  RETURN_IF_ERROR(queue_->CheckRoom(request.body.size()));
  const PushLimits& limits = options_.limits;
  ASSIGN_OR_RETURN(std::string body,
                   Decompress(decoder.compression, std::move(request.body), limits.body_bytes));
  Push push;
  ASSIGN_OR_RETURN(push.body, DecodeLokiPush(decoder.format, std::move(body), limits));
  push.digest = DigestOf({request.path, request.tenant, push.body.bytes()});
  push.tenant = std::move(request.tenant);
  push.arrival = clock_->Now();
  const int64_t refused = push.body.refused_entries();
  const int64_t cut = push.body.lines_cut();
  push.reply = std::make_shared<PushReply>(std::move(answer));
  const absl::Status added = queue_->Add(&push);
  if (!added.ok()) {
    push.reply->Forget();  // the status is the answer
    return added;
  }
  refused_lines_total_.Add(refused);
  lines_cut_total_.Add(cut);
  return absl::OkStatus();
}

}  // namespace tallybell
