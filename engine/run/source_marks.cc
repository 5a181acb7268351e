// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_marks.h"

#include "engine/run/region_lines.h"

namespace tallybell {

// What the line states. Before the first mark, a line of the file may say when that was begun.
std::optional<Stamp> SourceMarks::Stated(const Block& block, size_t begin, bool first_mark) {
  SourceLine line;
  lines_.Read(LineAt(block.bytes, begin), block.offset + begin == 0, &line);
  if (!line.is_file_line()) return lines_.StampOf(line);
  if (first_mark && line.parsed.stamp.has_value()) times_->clock().FileBegins(*line.parsed.stamp);
  return std::nullopt;
}

std::vector<SourceMarks::Mark> SourceMarks::Find(const Block& block, bool last) {
  std::vector<Mark> marks;
  if (lines_.format().states_nothing()) return marks;
  const uint64_t end = block.offset + block.bytes.size();
  while (next_ < end) {
    size_t begin = next_ <= block.offset ? 0 : NextLineBegin(block.bytes, next_ - block.offset);
    std::optional<Stamp> stamp;
    while (begin < block.bytes.size()) {
      stamp = Stated(block, begin, !times_->any() && marks.empty());
      if (stamp.has_value()) break;
      begin += LineAt(block.bytes, begin).size() + 1;
    }
    if (!stamp.has_value()) break;
    marks.push_back({begin, *stamp});
    Passed(block.offset + begin);
  }
  if (!last) return marks;
  // The last line that states a time is a mark too.
  const size_t first = marks.empty() ? 0 : marks.back().begin + 1;
  size_t end_of_line = block.bytes.size();
  if (end_of_line > 0 && block.bytes.back() == '\n') --end_of_line;
  for (size_t begin = LineBegin(block.bytes, end_of_line); begin >= first;
       begin = LineBegin(block.bytes, begin - 1)) {
    const std::optional<Stamp> stamp = Stated(block, begin, !times_->any() && marks.empty());
    if (stamp.has_value()) {
      marks.push_back({begin, *stamp});
      break;
    }
    if (begin == 0) break;
  }
  return marks;
}

size_t SourceMarks::Ready(const Block& block, const std::vector<Mark>& marks) const {
  const size_t size = block.bytes.size();
  if (block.at_end || block.sealed || marks.empty()) return size;
  return size - marks.back().begin < LookAhead(every_) ? marks.back().begin : size;
}

}  // namespace tallybell
