// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Lines of "ID FINGERPRINT TEXT" as the outbox rows of a state file: what cannot be read is erased,
// what can reads back as it is written, and a queue that took it up goes on to tell it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "engine/outbox/delivery_queue.h"
#include "engine/outbox/delivery_record.h"
#include "engine/outbox/stored_outbox.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Delta;
using tallybell::Moment;
using tallybell::OutboxRow;
using tallybell::Require;

constexpr tallybell::TimeNs kNow = 1'714'566'750 * tallybell::kSecond;

void CheckText(const std::string& text) {
  const absl::StatusOr<tallybell::Episode> said = tallybell::EpisodeFromSaid(text);
  tallybell::Episode episode;
  if (said.ok()) {
    episode = *said;
    const std::string written = tallybell::SaidText(*said);
    const absl::StatusOr<tallybell::Episode> again = tallybell::EpisodeFromSaid(written);
    Require(again.ok() && tallybell::SaidText(*again) == written);
    const int gravity = tallybell::Gravity(*said->alert);
    Require(gravity >= 0 && gravity <= 5);
  }
  if (tallybell::ReadAnswered(text, &episode).ok()) {
    const std::string written = tallybell::AnsweredText(episode);
    tallybell::Episode again;
    Require(tallybell::ReadAnswered(written, &again).ok());
    Require(tallybell::AnsweredText(again) == written);
  }
  tallybell::HistoryRow row;
  row.detail = text;
  for (const absl::string_view kind : tallybell::kDeliveryKinds) {
    row.kind = std::string(kind);
    const auto record = tallybell::DeliveryRecordOf(row);
    Require(!record.has_value() || (record->kind == kind && record->attempts >= 0));
  }
}

// A receiver that takes some and refuses others, for a day.
void Deliver(const std::vector<OutboxRow>& rows, size_t batch) {
  tallybell::Metrics metrics;
  tallybell::DeliveryQueue::Options options;
  options.receiver = "r";
  options.policy.max_batch = 1 + batch;
  options.policy.min_firing = tallybell::kMinute;
  tallybell::DeliveryQueue queue(options, &metrics);
  Delta delta;
  Moment now{kNow, 5 * tallybell::kHour};
  queue.Restore(rows, now, &delta);
  const Moment end{kNow + tallybell::kDay, now.mono + tallybell::kDay};
  for (int step = 0; step < 60; ++step) {
    const tallybell::TimeNs wake = queue.WakeAt();
    if (wake > end.mono) break;
    if (wake > now.mono) now = {kNow + (wake - 5 * tallybell::kHour), wake};
    const std::vector<tallybell::Offer> offers = queue.Take(now);
    Require(offers.size() <= options.policy.max_batch);
    if (offers.empty()) {
      now.wall += tallybell::kMillisecond;
      now.mono += tallybell::kMillisecond;
      continue;
    }
    std::vector<tallybell::Verdict> verdicts(offers.size());
    for (size_t i = 0; i < verdicts.size(); ++i) {
      verdicts[i].kind = static_cast<tallybell::Verdict::Kind>((static_cast<size_t>(step) + i) % 5);
    }
    queue.Settle(offers, verdicts, now, &delta);
  }
  for (const tallybell::Untold& untold : queue.ListUntold(now)) {
    Require(untold.alert != nullptr && untold.id.size() == 12 && untold.receiver == "r");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  std::vector<OutboxRow> rows;
  while (!input.empty() && rows.size() < 12) {
    tallybell::FuzzInput line(input.Line());
    OutboxRow row;
    row.receiver = "r";
    // The store keeps one row of a receiver and a number.
    if (!absl::SimpleAtoi(line.Part(' '), &row.id)) row.id = static_cast<int64_t>(rows.size());
    row.fingerprint = std::string(line.Part(' '));
    row.state = std::string(line.rest());
    CheckText(row.state);
    bool known = false;
    for (const OutboxRow& other : rows) known = known || other.id == row.id;
    if (!known) rows.push_back(std::move(row));
  }
  Deliver(rows, size % 3);

  Delta delta;
  tallybell::StoredOutbox outbox(rows, {kNow, 0});
  const std::vector<tallybell::Untold> all = outbox.ListUntold();
  Require(all.size() <= rows.size());
  outbox.RetryAllParked(&delta);
  for (const tallybell::Untold& untold : all) {
    outbox.RetryParked(untold.id, &delta).IgnoreError();
    outbox.Drop(untold.id, &delta).IgnoreError();
  }
  for (const OutboxRow& row : rows) {
    const auto ended = outbox.End(row.fingerprint, kNow, &delta);
    Require(!ended.has_value() || ended->ends_at >= ended->starts_at);
  }
  return 0;
}
