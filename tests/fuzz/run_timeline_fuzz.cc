// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a rule and the times of its matches and clears: the timeline is the one that a slow
// reading of docs/semantics.md gives, also over restarts between instants.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/run/group_timeline.h"
#include "engine/run/timeline_state.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/timeline_oracle.h"

namespace {

using tallybell::GroupTimeline;
using tallybell::kMinute;
using tallybell::kNever;
using tallybell::OracleInput;
using tallybell::OracleStep;
using tallybell::Require;
using tallybell::TimelineRule;
using tallybell::TimeNs;

constexpr size_t kMaxTimes = 30;

TimelineRule ReadRule(tallybell::FuzzInput* input) {
  TimelineRule rule;
  rule.width = static_cast<int64_t>(1 + input->Below(20)) * kMinute;
  rule.op = static_cast<tallybell::Comparison>(input->Below(6));
  rule.threshold = static_cast<int64_t>(input->Below(5));
  rule.policy.hold = static_cast<int64_t>(input->Below(8)) * kMinute;
  rule.policy.keep_firing_for = static_cast<int64_t>(input->Below(8)) * kMinute;
  rule.grouped = input->Below(2) == 1;
  rule.absence = tallybell::Compare(0, rule.op, rule.threshold);
  // As rule files must have it.
  rule.forget =
      rule.width + rule.policy.hold + static_cast<int64_t>(1 + input->Below(60)) * kMinute;
  return rule;
}

// What a timeline is that was saved and restored; the lines of evidence are not looked at.
std::unique_ptr<GroupTimeline> Restarted(const TimelineRule& rule, const GroupTimeline& timeline) {
  tallybell::EvidenceRing evidence;
  const tallybell::Json state = tallybell::TimelineState::Save(timeline, evidence);
  auto restored = std::make_unique<GroupTimeline>(&rule);
  Require(tallybell::TimelineState::Restore(state, evidence, restored.get()).ok());
  Require(tallybell::TimelineState::Save(*restored, evidence) == state);
  return restored;
}

std::vector<OracleStep> Fast(const OracleInput& input, bool restart) {
  auto timeline = std::make_unique<GroupTimeline>(&input.rule);
  if (input.first_record != tallybell::kNoTime) timeline->StartAbsence(input.first_record);
  for (const TimeNs t : input.matches) {
    timeline->AddMatch(tallybell::WindowMatch{t}, tallybell::kNoTime);
  }
  for (const TimeNs t : input.clears) timeline->AddClear(t, tallybell::kNoTime);
  std::vector<OracleStep> steps;
  size_t instants = 0;
  TimeNs before = tallybell::kNoTime;
  for (TimeNs next; (next = timeline->NextInstant()) <= input.end && next != kNever;) {
    Require(next > before);
    before = next;
    if (restart && ++instants % 4 == 0) timeline = Restarted(input.rule, *timeline);
    Require(timeline->NextInstant() == next);
    if (const auto step = timeline->Decide()) {
      steps.push_back({step->time, step->state, step->value});
    }
  }
  return steps;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput bytes(data, size);
  OracleInput input;
  input.rule = ReadRule(&bytes);
  TimeNs t = 1000 * kMinute, first = kNever;
  for (size_t i = 0; i < kMaxTimes && !bytes.empty(); ++i) {
    const uint8_t kind = bytes.Byte();
    // Mostly forward, at whole and at odd times.
    t += (static_cast<int64_t>(kind % 64) - 4) * kMinute / (kind % 3 == 0 ? 4 : 1);
    (kind >= 232 ? input.clears : input.matches).push_back(t);
    first = std::min(first, t);
  }
  // Conditions that are never or always true are refused when rules are loaded.
  const bool never = input.rule.op == tallybell::Comparison::kLess && input.rule.threshold == 0;
  const bool always =
      input.rule.op == tallybell::Comparison::kGreaterOrEqual && input.rule.threshold == 0;
  if (first == kNever || never || always) return 0;
  if (input.rule.absence && !input.rule.grouped) input.first_record = first - 2 * kMinute;
  input.end = t + static_cast<int64_t>(bytes.Below(256)) * kMinute;
  const std::vector<OracleStep> slow = tallybell::OracleTimeline(input);
  Require(Fast(input, /*restart=*/false) == slow);
  Require(Fast(input, /*restart=*/true) == slow);
  return 0;
}
