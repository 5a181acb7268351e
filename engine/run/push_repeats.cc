// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_repeats.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tallybell {

PushRepeats::PushRepeats(absl::string_view key, const std::vector<PositionRow>& stored)
    : prefix_(absl::StrCat(key, "\npush ")) {
  for (const PositionRow& row : stored) {
    PushDigest digest;
    TimeNs time;
    if (!absl::StartsWith(row.source, prefix_)) continue;
    if (ParsePushDigest(absl::string_view(row.source).substr(prefix_.size()), &digest) &&
        absl::SimpleAtoi(row.state, &time)) {
      oldest_first_.emplace_back(time, digest);
      came_.emplace(digest, time);
    } else {
      rows_.push_back({row.source, "", true});
    }
  }
  std::sort(oldest_first_.begin(), oldest_first_.end());
}

bool PushRepeats::Repeats(const PushDigest& digest, TimeNs now) {
  Expire(now);
  if (!came_.emplace(digest, now).second) return true;
  oldest_first_.emplace_back(now, digest);
  rows_.push_back({absl::StrCat(prefix_, FormatPushDigest(digest)), absl::StrCat(now)});
  if (came_.size() > kMost) ForgetOldest();
  return false;
}

void PushRepeats::Expire(TimeNs now) {
  // One that lies in the future, because the clock was set back, goes by number alone.
  while (!oldest_first_.empty() && oldest_first_.front().first <= SubtractNs(now, kRememberFor)) {
    ForgetOldest();
  }
}

void PushRepeats::ForgetOldest() {
  const PushDigest digest = oldest_first_.front().second;
  oldest_first_.pop_front();
  came_.erase(digest);
  rows_.push_back({absl::StrCat(prefix_, FormatPushDigest(digest)), "", true});
}

void PushRepeats::Save(Delta* delta) {
  delta->positions.insert(delta->positions.end(), std::make_move_iterator(rows_.begin()),
                          std::make_move_iterator(rows_.end()));
  rows_.clear();
}

}  // namespace tallybell
