// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/line_candidates.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "engine/base/byte_masks.h"

namespace tallybell {
namespace {

constexpr char kEscape = '\x1B';
// Stands for all patterns among the targets of a literal.
constexpr uint32_t kEveryPattern = UINT32_MAX;
// Bytes that are looked at and then scanned, at a time.
constexpr size_t kStepBytes = LiteralScanner::kStepBytes;
// Hits that wait until all of a block was looked at: from so many on, the rest is scanned then.
constexpr size_t kMostWaiting = 16 * 1024;
// What patterns see of lines that hold escapes, scanned at a time.
constexpr size_t kTextBytes = 64 * 1024;

}  // namespace

class LineCandidates::Scratch {
 public:
  std::unique_ptr<LiteralScanner::Scratch> scanner;
  std::vector<ScanHit> hits;
  std::vector<uint32_t> flagged;
  // The line, counted over all blocks, in which a literal or a pattern was last seen.
  uint64_t line = 0;
  std::vector<uint64_t> literal_seen;
  std::vector<uint64_t> pattern_seen;
  // Where the lines begin that may be pieces of longer ones.
  std::vector<uint32_t> pieces;
  // What patterns see of lines that hold escapes, one behind the other: which lines, and where the
  // text of each ends.
  std::string texts;
  std::string unwrapped;
  std::vector<size_t> text_lines;
  std::vector<size_t> text_ends;
};

// Turns places that are found, in order, into lines.
class CandidateBuilder {
 public:
  CandidateBuilder(absl::string_view block, bool every_line, CandidateLines* out)
      : block_(block), every_line_(every_line), out_(out) {
    out_->Clear();
  }

  // Goes on to the line around `position`, which is not before that of the last call. True if it
  // is another one.
  bool GoTo(size_t position) {
    if (open_ && position <= line_end_) return false;
    Close();
    if (every_line_) {
      while (LineEnd(next_begin_) < position) Emit(next_begin_, LineEnd(next_begin_));
    }
    // Where most lines count it is the next one.
    size_t begin = next_begin_;
    line_end_ = LineEnd(begin);
    if (line_end_ < position) {
      const void* const newline = memrchr(block_.data() + begin, '\n', position - begin);
      begin = static_cast<const char*>(newline) - block_.data() + 1;
      line_end_ = LineEnd(begin);
    }
    Emit(begin, line_end_);
    open_ = true;
    return true;
  }

  void AddEveryPattern() { out_->lines_.back().every_pattern = true; }

  void AddPattern(uint32_t pattern) {
    out_->patterns_.push_back(pattern);
    ++out_->lines_.back().pattern_count;
  }

  void Finish() {
    Close();
    while (every_line_ && next_begin_ < block_.size()) Emit(next_begin_, LineEnd(next_begin_));
  }

 private:
  size_t LineEnd(size_t begin) const {
    const void* const newline = std::memchr(block_.data() + begin, '\n', block_.size() - begin);
    return newline == nullptr ? block_.size() : static_cast<const char*>(newline) - block_.data();
  }

  void Emit(size_t begin, size_t end) {
    out_->lines_.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end), false,
                            static_cast<uint32_t>(out_->patterns_.size()), 0});
    next_begin_ = end + 1;
  }

  void Close() {
    if (!open_) return;
    std::sort(out_->patterns_.begin() + out_->lines_.back().first_pattern, out_->patterns_.end());
    open_ = false;
  }

  const absl::string_view block_;
  const bool every_line_;
  CandidateLines* const out_;
  bool open_ = false;      // the last line of `out_` may get more
  size_t line_end_ = 0;    // of that line
  size_t next_begin_ = 0;  // of the line after it
};

namespace {

#if defined(__x86_64__)
[[gnu::target("avx2")]] void FindEscapesByAvx2(absl::string_view block,
                                               std::vector<uint32_t>* places) {
  bool found = false;  // in the line that goes on
  for (size_t at = 0; at < block.size(); at += ByteMasks::kBytes) {
    const ByteMasks masks(block.substr(at));
    uint64_t escapes = masks.EqualTo(kEscape);
    uint64_t newlines = masks.EqualTo('\n');
    while (found ? newlines != 0 : escapes != 0) {
      uint64_t& passed = found ? newlines : escapes;
      if (!found) places->push_back(static_cast<uint32_t>(at + __builtin_ctzll(passed)));
      found = !found;
      const uint64_t behind = ~(passed ^ (passed - 1));
      escapes &= behind;
      newlines &= behind;
    }
  }
}
#endif

// Appends a place in each line that holds an escape character.
void FindEscapes(absl::string_view block, std::vector<uint32_t>* places) {
#if defined(__x86_64__)
  if (ByteMasks::Work()) return FindEscapesByAvx2(block, places);
#endif
  const char* const end = block.data() + block.size();
  const char* p = block.data();
  while (p < end) {
    const void* const escape = std::memchr(p, kEscape, end - p);
    if (escape == nullptr) return;
    places->push_back(static_cast<uint32_t>(static_cast<const char*>(escape) - block.data()));
    const void* const newline = std::memchr(escape, '\n', end - static_cast<const char*>(escape));
    if (newline == nullptr) return;
    p = static_cast<const char*>(newline) + 1;
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineCandidates>> LineCandidates::Create(
    const std::vector<std::vector<ScanLiteral>>& patterns, ScanEnvelope envelope, AppendSeen seen,
    LiteralScanner::Engine engine) {
  std::unique_ptr<LineCandidates> result(new LineCandidates());
  result->envelope_ = envelope;
  result->seen_ = seen;
  result->pattern_count_ = patterns.size();
  std::map<ScanLiteral, std::vector<uint32_t>> targets;
  std::vector<ScanLiteral> all;
  for (uint32_t pattern = 0; pattern < patterns.size(); ++pattern) {
    if (patterns[pattern].empty()) result->unfiltered_.push_back(pattern);
    for (const ScanLiteral& literal : patterns[pattern]) {
      all.push_back(literal);
      for (ScanLiteral& under : LiteralsUnder(envelope, literal)) {
        targets[NormalLiteral(std::move(under))].push_back(pattern);
      }
    }
  }
  for (ScanLiteral& escape : EscapesOf(envelope, all)) {
    targets[std::move(escape)].push_back(kEveryPattern);
  }
  std::vector<ScanLiteral> literals;
  for (auto& [literal, its_targets] : targets) {
    literals.push_back(literal);
    result->longest_literal_ = std::max(result->longest_literal_, literal.text.size());
    result->target_begin_.push_back(static_cast<uint32_t>(result->targets_.size()));
    result->targets_.insert(result->targets_.end(), its_targets.begin(), its_targets.end());
  }
  result->target_begin_.push_back(static_cast<uint32_t>(result->targets_.size()));
  auto scanner = LiteralScanner::Create(std::move(literals), engine);
  if (!scanner.ok()) return scanner.status();
  result->scanner_ = *std::move(scanner);
  return result;
}

LineCandidates::~LineCandidates() = default;

void LineCandidates::ScratchDeleter::operator()(Scratch* scratch) const { delete scratch; }

LineCandidates::ScratchPtr LineCandidates::NewScratch() const {
  ScratchPtr scratch(new Scratch());
  scratch->scanner = scanner_->NewScratch();
  scratch->literal_seen.assign(target_begin_.size() - 1, 0);
  scratch->pattern_seen.assign(pattern_count_, 0);
  return scratch;
}

void LineCandidates::ScanStep(absl::string_view block, size_t begin, Scratch* scratch) const {
  // Steps overlap by what a literal needs, or those across their edges are lost.
  const size_t overlap = std::min(begin, longest_literal_ - 1);
  const size_t from = begin - overlap;
  std::vector<ScanHit>& hits = scratch->hits;
  const auto first = static_cast<std::ptrdiff_t>(hits.size());
  scanner_->Scan(block.substr(from, overlap + kStepBytes), scratch->scanner.get(), &hits);
  const auto fresh = std::partition_point(hits.begin() + first, hits.end(),
                                          [&](const ScanHit& hit) { return hit.end <= overlap; });
  hits.erase(hits.begin() + first, fresh);  // known from the step before
  for (auto hit = hits.begin() + first; hit != hits.end(); ++hit) {
    hit->end += static_cast<uint32_t>(from);
  }
}

void LineCandidates::Find(absl::string_view block, Scratch* scratch, CandidateLines* lines) const {
  Find(
      block, [](absl::string_view) { return true; }, scratch, lines);
}

void LineCandidates::Find(absl::string_view block, Look look, Scratch* scratch,
                          CandidateLines* lines) const {
  scratch->hits.clear();
  bool may_have_escape = false;
  size_t scanned = 0;
  for (size_t begin = 0; begin < block.size(); begin += kStepBytes) {
    if (look(block.substr(begin, kStepBytes))) may_have_escape = true;
    if (scratch->hits.size() >= kMostWaiting) continue;
    ScanStep(block, begin, scratch);
    scanned = begin + kStepBytes;
  }

  // Places in lines that are candidates for every pattern.
  std::vector<uint32_t>& flagged = scratch->flagged;
  flagged.clear();
  if (may_have_escape) FindEscapes(block, &flagged);
  const auto escapes = static_cast<std::ptrdiff_t>(flagged.size());
  const RuntimeStreams streams = FindPartialLines(envelope_, block, &flagged);
  scratch->pieces.assign(flagged.begin() + escapes, flagged.end());
  std::inplace_merge(flagged.begin(), flagged.begin() + escapes, flagged.end());

  CandidateBuilder builder(block, !unfiltered_.empty(), lines);
  size_t next_flagged = 0;
  const auto flag_up_to = [&](size_t position) {
    for (; next_flagged < flagged.size() && flagged[next_flagged] <= position; ++next_flagged) {
      if (builder.GoTo(flagged[next_flagged])) ++scratch->line;
      builder.AddEveryPattern();
    }
  };
  const auto add = [&](const ScanHit& hit) {
    if (builder.GoTo(hit.end - 1)) ++scratch->line;
    if (std::exchange(scratch->literal_seen[hit.literal], scratch->line) == scratch->line) return;
    for (uint32_t i = target_begin_[hit.literal]; i < target_begin_[hit.literal + 1]; ++i) {
      const uint32_t pattern = targets_[i];
      if (pattern == kEveryPattern) {
        builder.AddEveryPattern();
      } else if (std::exchange(scratch->pattern_seen[pattern], scratch->line) != scratch->line) {
        builder.AddPattern(pattern);
      }
    }
  };
  while (true) {
    for (const ScanHit& hit : scratch->hits) {
      flag_up_to(hit.end - 1);
      add(hit);
    }
    if (scanned >= block.size()) break;
    scratch->hits.clear();
    ScanStep(block, scanned, scratch);
    scanned += kStepBytes;
  }
  flag_up_to(block.size());
  builder.Finish();
  lines->streams_ = streams;
  if (seen_ != nullptr) LookThroughEscapes(block, scratch, lines);
}

void LineCandidates::LookThroughEscapes(absl::string_view block, Scratch* scratch,
                                        CandidateLines* lines) const {
  std::vector<CandidateLines::Line>& all = lines->lines_;
  auto piece = scratch->pieces.begin();
  bool any = false;
  for (size_t i = 0; i < all.size(); ++i) {
    const CandidateLines::Line& line = all[i];
    if (!line.every_pattern) continue;
    while (piece != scratch->pieces.end() && *piece < line.begin) ++piece;
    // A literal may lie across it and the next.
    if (piece != scratch->pieces.end() && *piece == line.begin) continue;
    any = true;
    seen_(envelope_, block.substr(line.begin, line.end - line.begin), &scratch->unwrapped,
          &scratch->texts);
    scratch->texts.push_back('\n');
    scratch->text_lines.push_back(i);
    scratch->text_ends.push_back(scratch->texts.size());
    if (scratch->texts.size() >= kTextBytes) FindInTexts(scratch, lines);
  }
  if (!any) return;
  FindInTexts(scratch, lines);
  if (!unfiltered_.empty()) return;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const CandidateLines::Line& line) {
                             return !line.every_pattern && line.pattern_count == 0;
                           }),
            all.end());
}

// Says of the lines of `scratch->texts` which patterns they may match, in place of every one.
void LineCandidates::FindInTexts(Scratch* scratch, CandidateLines* lines) const {
  scratch->hits.clear();
  scanner_->Scan(scratch->texts, scratch->scanner.get(), &scratch->hits);
  std::vector<uint32_t>& patterns = lines->patterns_;
  auto hit = scratch->hits.begin();
  for (size_t i = 0; i < scratch->text_lines.size(); ++i) {
    CandidateLines::Line& line = lines->lines_[scratch->text_lines[i]];
    ++scratch->line;
    line.every_pattern = false;
    line.first_pattern = static_cast<uint32_t>(patterns.size());
    for (; hit != scratch->hits.end() && hit->end <= scratch->text_ends[i]; ++hit) {
      if (std::exchange(scratch->literal_seen[hit->literal], scratch->line) == scratch->line) {
        continue;
      }
      for (uint32_t t = target_begin_[hit->literal]; t < target_begin_[hit->literal + 1]; ++t) {
        const uint32_t pattern = targets_[t];
        // An escape that is still there is the text's own.
        if (pattern == kEveryPattern) continue;
        if (std::exchange(scratch->pattern_seen[pattern], scratch->line) != scratch->line) {
          patterns.push_back(pattern);
        }
      }
    }
    line.pattern_count = static_cast<uint32_t>(patterns.size()) - line.first_pattern;
    std::sort(patterns.begin() + line.first_pattern, patterns.end());
  }
  scratch->texts.clear();
  scratch->text_lines.clear();
  scratch->text_ends.clear();
}

}  // namespace tallybell
