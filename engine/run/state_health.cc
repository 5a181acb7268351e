// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/state_health.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/log.h"
#include "engine/source/file_position.h"

namespace tallybell {
namespace {

constexpr char kReset[] = "TallybellStateReset";
constexpr char kGone[] = "TallybellStateFileGone";

// All rows of positions are JSON, but for the engine's own, which has no newline in its key.
bool IsReadable(const PositionRow& row) {
  if (row.source.find('\n') == std::string::npos) return true;
  const absl::StatusOr<Json> state = ParseJson(row.state);
  if (!state.ok()) return false;
  if (!state->is_object() || !state->contains("position")) return true;
  const Json& position = (*state)["position"];
  return position.is_string() && FilePosition::Decode(position.get_ref<const std::string&>()).ok();
}

// What the outbox could not read.
int64_t DamagedNotices(const Metrics& metrics) {
  int64_t damaged = 0;
  metrics.VisitSamples([&](const std::string& name, const MetricLabels& labels, int64_t value) {
    if (name != "outbox_dropped_total") return;
    for (const auto& [label, reason] : labels) {
      if (label == "reason" && reason == "damaged") damaged += value;
    }
  });
  return damaged;
}

}  // namespace

StateHealth::StateHealth(Metrics* metrics)
    : metrics_(metrics),
      resets_(metrics->Get("state_resets_total")),
      rejected_(metrics->Get("state_rows_rejected_total")),
      written_anew_(metrics->Get("state_file_written_anew_total")) {}

void StateHealth::RejectUnreadable(Store::Snapshot* snapshot, Delta* delta) {
  std::vector<PositionRow> readable;
  for (PositionRow& row : snapshot->positions) {
    if (IsReadable(row)) {
      readable.push_back(std::move(row));
      continue;
    }
    rejected_.Add();
    delta->positions.push_back({std::move(row.source), "", true});
  }
  snapshot->positions = std::move(readable);
}

void StateHealth::NoteStart(const Store::Snapshot& snapshot, TimeNs now, MetaAlerts* alerts) {
  MetaAlert alert;
  alert.name = kReset;
  if (const int64_t lost = rejected_.Value() + DamagedNotices(*metrics_); lost > 0) {
    LogError("rows of the state make no sense and are left out", {{"rows", absl::StrCat(lost)}});
    alert.value = lost;
    alert.summary =
        absl::StrCat("tallybell left out ", lost, " rows of its state that made no sense");
  }
  if (snapshot.reset.has_value()) {
    resets_.Add();
    alert.summary =
        absl::StrCat("tallybell began a new state, because of the old one: ", snapshot.reset->why,
                     "; the old file is ", snapshot.reset->aside);
  }
  alerts->End(kGone, {}, now);
  if (alert.summary.empty()) {
    alerts->End(kReset, {}, now);
    return;
  }
  alerts->Fire(alert, now);
  reset_until_ = AddNs(now, kTellFor);
}

void StateHealth::Tell(TimeNs now, MetaAlerts* alerts) {
  if (const int64_t anew = written_anew_.Value(); anew != anew_told_) {
    anew_told_ = anew;
    MetaAlert alert;
    alert.name = kGone;
    alert.value = anew;
    alert.summary =
        "tallybell's state file was removed or replaced while it ran; it was written anew, and "
        "nothing is lost";
    alerts->Fire(alert, now);
    gone_until_ = AddNs(now, kTellFor);
  }
  if (reset_until_ != kNoTime && now >= reset_until_) {
    alerts->End(kReset, {}, now);
    reset_until_ = kNoTime;
  }
  if (gone_until_ != kNoTime && now >= gone_until_) {
    alerts->End(kGone, {}, now);
    gone_until_ = kNoTime;
  }
}

}  // namespace tallybell
