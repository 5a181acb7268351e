// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a file that is cut into blocks: the lines are the same however the bytes come and
// whatever the size of a block, and what was cut out is known.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "engine/source/block_reader.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Block;
using tallybell::BlockReader;
using tallybell::Require;

// More than a hole must have, or a line may end before it is known for one.
constexpr size_t kMaxLine = 100;

// Gives `step` bytes at a time.
class SteppedBytes : public tallybell::ByteReader {
 public:
  SteppedBytes(absl::string_view bytes, size_t step) : rest_(bytes), step_(step) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min({size, step_, rest_.size()});
    rest_.copy(buffer, n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  absl::string_view rest_;
  const size_t step_;
};

struct Line {
  uint64_t offset;
  std::string text;  // with its newline

  friend bool operator==(const Line& a, const Line& b) {
    return a.offset == b.offset && a.text == b.text;
  }
};

// The lines of the file, or none where it cannot be read.
std::vector<Line> Read(absl::string_view file, uint64_t offset, BlockReader::Options options,
                       size_t step, bool* readable, uint64_t* truncated) {
  options.offset = offset;
  options.max_line = kMaxLine;
  SteppedBytes bytes(file.substr(offset), step);
  BlockReader reader(&bytes, options);
  std::vector<Line> lines;
  for (bool finished = false;;) {
    const absl::StatusOr<Block> block = reader.Next();
    *readable = block.ok();
    if (!block.ok()) return {};
    Require(block->next_offset <= file.size() &&
            (block->bytes.empty() || block->offset <= block->next_offset));
    Require(block->bytes == file.substr(block->offset, block->bytes.size()));
    absl::string_view rest = block->bytes;
    for (uint64_t at = block->offset; !rest.empty();) {
      const size_t newline = rest.find('\n');
      const size_t n = newline == rest.npos ? rest.size() : newline + 1;
      lines.push_back({at, std::string(rest.substr(0, n))});
      rest.remove_prefix(n);
      at += n;
    }
    if (!block->at_end) continue;
    if (finished || !options.live) break;
    reader.Finish();
    finished = true;
  }
  *truncated = reader.lines_truncated();
  return lines;
}

// The same by the rules as they are written down, over the whole file at once.
std::vector<Line> SlowLines(absl::string_view file, uint64_t* truncated) {
  std::vector<Line> lines;
  *truncated = 0;
  uint64_t at = absl::StartsWith(file, "\xEF\xBB\xBF") ? 3 : 0;
  while (at < file.size()) {
    absl::string_view line = file.substr(at, file.substr(at).find('\n'));
    const size_t n = std::min<size_t>(line.size() + 1, file.size() - at);
    const size_t zeros = std::min(line.find_first_not_of('\0'), line.size());
    const size_t skipped = zeros >= BlockReader::kHole ? zeros : 0;
    line.remove_prefix(skipped);
    if (line.size() > kMaxLine) {
      ++*truncated;
      lines.push_back({at + skipped, std::string(line.substr(0, kMaxLine))});
    } else if (n > skipped) {
      lines.push_back({at + skipped, std::string(file.substr(at + skipped, n - skipped))});
    }
    at += n;
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view file(reinterpret_cast<const char*>(data), size);
  bool readable = false;
  uint64_t truncated = 0, slow_truncated = 0;
  const std::vector<Line> whole = Read(file, 0, {}, 1 << 20, &readable, &truncated);
  if (!readable) {
    Require(absl::StartsWith(file, "\xFF\xFE") || absl::StartsWith(file, "\xFE\xFF"));
    return 0;
  }
  Require(whole == SlowLines(file, &slow_truncated) && truncated == slow_truncated);
  for (const size_t step : {size_t{1}, size_t{3}, size_t{70}}) {
    BlockReader::Options options;
    options.block = step == 3 ? 1 : 64;
    options.live = step != 70;
    Require(Read(file, 0, options, step, &readable, &truncated) == whole && readable);
    Require(truncated == slow_truncated);
  }
  // Whoever begins behind a line that was given gets the ones behind it.
  if (whole.size() < 3) return 0;
  const size_t half = whole.size() / 2;
  if (!absl::EndsWith(whole[half - 1].text, "\n")) return 0;
  const uint64_t offset = whole[half - 1].offset + whole[half - 1].text.size();
  const std::vector<Line> rest = Read(file, offset, {}, 7, &readable, &truncated);
  Require(readable && rest == std::vector<Line>(whole.begin() + half, whole.end()));
  return 0;
}
