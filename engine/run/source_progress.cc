// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_progress.h"

#include <algorithm>

namespace tallybell {

SourceProgress::Member SourceProgress::Join(const std::vector<uint32_t>& rules,
                                            const std::vector<Labels>& streams, TimeNs now) {
  const auto [it, inserted] = group_of_rules_.try_emplace(rules, groups_.size());
  if (inserted) groups_.push_back({evaluator_->AddSource(streams, options_.lateness, now), true});
  const Member member = next_++;
  files_[member].group = it->second;
  return member;
}

void SourceProgress::Leave(Member member) { files_.erase(member); }

void SourceProgress::Started(Member member, TimeNs t) {
  evaluator_->Started(groups_[files_[member].group].number, t);
}

void SourceProgress::Progress(Member member, TimeNs complete_to) {
  TimeNs& known = files_[member].complete_to;
  known = std::max(known, complete_to);
}

void SourceProgress::SetLive(Member member, bool live) { files_[member].live = live; }

void SourceProgress::Settle(bool well, TimeNs now) {
  struct Told {
    bool any = false;
    TimeNs least = kNever;
  };
  std::vector<Told> told(groups_.size());
  for (const auto& [member, file] : files_) {
    if (!file.live) continue;
    told[file.group].any = true;
    told[file.group].least = std::min(told[file.group].least, file.complete_to);
  }
  for (size_t i = 0; i < groups_.size(); ++i) {
    Group& group = groups_[i];
    const bool idle = !told[i].any && options_.live_without_files && well;
    const bool live = told[i].any || idle;
    if (live != group.live) evaluator_->SetLive(group.number, live, now);
    group.live = live;
    if (!live) continue;
    const TimeNs least = told[i].any ? told[i].least : now;
    if (least != kNoTime) evaluator_->Progress(group.number, least);
  }
}

}  // namespace tallybell
