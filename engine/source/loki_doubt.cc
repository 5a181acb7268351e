// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_doubt.h"

#include <algorithm>
#include <utility>

namespace tallybell {
namespace {

constexpr DurationNs kFirst = 2 * kSecond;
// What is due so soon is looked at often enough for what has just been cut.
constexpr DurationNs kSoon = 8 * kSecond;

}  // namespace

void LokiDoubt::Series::Begin(TimeNs begin, TimeNs mono) {
  from = begin;
  wait = kFirst;
  due_at = AddNs(mono, wait);
}

void LokiDoubt::Series::Raise(TimeNs begin, TimeNs mono) {
  if (rests()) return Begin(begin, mono);
  // What is read again next covers it; what comes after that may not.
  from = std::min(from, begin);
  later = std::min(later, begin);
}

void LokiDoubt::Series::Advance(TimeNs mono) {
  if (wait < longest) {
    wait *= 2;
    due_at = AddNs(mono, wait);
    return;
  }
  from = due_at = kNever;
  const TimeNs next = std::exchange(later, kNever);
  if (next != kNever) Begin(next, mono);
}

void LokiDoubt::NoteLate(TimeNs from, TimeNs mono) { late_.Raise(from, mono); }

void LokiDoubt::NoteGap(TimeNs from, TimeNs mono) {
  Series* best = &gaps_[0];
  for (Series& gap : gaps_) {
    if (!gap.rests() && gap.wait <= kSoon) {
      gap.from = std::min(gap.from, from);
      return;
    }
    if (best->rests()) continue;
    if (gap.rests() || gap.wait < best->wait) best = &gap;
  }
  best->Raise(from, mono);
}

std::optional<TimeNs> LokiDoubt::Due(TimeNs settled, TimeNs mono) {
  TimeNs from = kNever;
  for (Series* const series : {&late_, &gaps_[0], &gaps_[1], &gaps_[2]}) {
    if (mono < series->due_at) continue;
    from = std::min(from, series->from);
    series->Advance(mono);
  }
  from = std::max(from, SubtractNs(settled, kMost));
  if (from >= settled) return std::nullopt;
  return from;
}

TimeNs LokiDoubt::next() const {
  TimeNs next = late_.due_at;
  for (const Series& gap : gaps_) next = std::min(next, gap.due_at);
  return next;
}

TimeNs LokiDoubt::from() const {
  TimeNs from = late_.from;
  for (const Series& gap : gaps_) from = std::min(from, gap.from);
  return from;
}

}  // namespace tallybell
