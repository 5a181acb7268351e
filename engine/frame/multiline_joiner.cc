// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/multiline_joiner.h"

#include <algorithm>

namespace tallybell {

void MultilineJoiner::Add(const Record& line, TimeNs arrival, OnRecord on_record) {
  Unfinished& held = HeldOf(line.stream);
  const absl::string_view text = line.line.text;
  const bool is_first = options_.first != nullptr && options_.first->Find(text, nullptr);
  const bool is_last = options_.last != nullptr && options_.last->Find(text, nullptr);
  bool begins = is_first || options_.first == nullptr || held.begin_with_next;
  held.begin_with_next = false;
  if (held.open && is_first) End(&held, on_record);
  if (held.open &&
      (held.lines >= options_.max_lines || held.text.size() + 1 + text.size() > max_bytes_)) {
    ++limited_;
    End(&held, on_record);
    begins = true;
  }
  if (!held.open && (!begins || is_last)) {
    on_record(line);
    return;
  }
  if (held.open) {
    held.text += '\n';
  } else {
    held.open = true;
    held.first = line;
    held.name.assign(line.line.name.data(), line.line.name.size());
    held.text.clear();
    held.lines = 0;
  }
  held.text.append(text.data(), text.size());
  ++held.lines;
  held.last_arrival = arrival;
  if (is_last) End(&held, on_record);
}

void MultilineJoiner::FlushBefore(uint64_t offset, OnRecord on_record) {
  while (true) {
    Unfinished* earliest = nullptr;
    for (Unfinished& held : held_) {
      if (!held.open || held.first.offset >= offset) continue;
      if (earliest == nullptr || held.first.offset < earliest->first.offset) earliest = &held;
    }
    if (earliest == nullptr) return;
    End(earliest, on_record);
  }
}

void MultilineJoiner::FlushWaiting(TimeNs now, OnRecord on_record) {
  for (Unfinished& held : held_) {
    if (held.open && held.last_arrival != kNoTime &&
        AddNs(held.last_arrival, options_.max_wait) <= now) {
      End(&held, on_record);
    }
  }
}

TimeNs MultilineJoiner::held_until() const {
  TimeNs until = kNever;
  for (const Unfinished& held : held_) {
    if (held.open && held.last_arrival != kNoTime) {
      until = std::min(until, AddNs(held.last_arrival, options_.max_wait));
    }
  }
  return until;
}

std::vector<std::pair<int, uint64_t>> MultilineJoiner::Held() const {
  std::vector<std::pair<int, uint64_t>> all;
  for (size_t stream = 0; stream < held_.size(); ++stream) {
    if (held_[stream].open) {
      all.emplace_back(static_cast<int>(stream), held_[stream].first.offset);
    }
  }
  return all;
}

MultilineJoiner::Unfinished& MultilineJoiner::HeldOf(int stream) {
  if (held_.size() <= static_cast<size_t>(stream)) held_.resize(stream + 1);
  return held_[stream];
}

void MultilineJoiner::End(Unfinished* held, OnRecord on_record) {
  held->open = false;
  Record record = held->first;
  record.line.text = held->text;
  record.line.name = held->name;
  on_record(record);
}

}  // namespace tallybell
