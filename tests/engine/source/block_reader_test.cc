// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/block_reader.h"

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Line {
  uint64_t offset;
  std::string text;

  friend bool operator==(const Line& a, const Line& b) {
    return a.offset == b.offset && a.text == b.text;
  }
  friend void PrintTo(const Line& line, std::ostream* out) {
    *out << line.offset << ":" << line.text.substr(0, 40) << "(" << line.text.size() << ")";
  }
};

// Gives its pieces one by one, and nothing when it has none.
class Pieces : public ByteReader {
 public:
  void Add(absl::string_view bytes) { pieces_.emplace_back(bytes); }
  void Fail(absl::Status status) { failure_ = std::move(status); }

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (pieces_.empty()) {
      if (!failure_.ok()) return failure_;
      return 0;
    }
    std::string& piece = pieces_.front();
    const size_t n = std::min(size, piece.size());
    std::copy_n(piece.begin(), n, buffer);
    piece.erase(0, n);
    if (piece.empty()) pieces_.pop_front();
    return n;
  }

 private:
  std::deque<std::string> pieces_;
  absl::Status failure_;
};

// Gives one line of `size` bytes and then another, without holding either.
class EndlessLine : public ByteReader {
 public:
  explicit EndlessLine(uint64_t size, char fill) : left_(size), fill_(fill) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (left_ > 0) {
      const size_t n = std::min<uint64_t>(left_, size);
      std::fill_n(buffer, n, fill_);
      left_ -= n;
      return n;
    }
    const size_t n = std::min(size, rest_.size());
    std::copy_n(rest_.begin(), n, buffer);
    rest_.erase(0, n);
    return n;
  }

 private:
  uint64_t left_;
  const char fill_;
  std::string rest_ = "\nnext\n";
};

// The obvious way: all of the file in memory, line by line.
std::vector<Line> SplitNaively(absl::string_view file, size_t max_line, bool live) {
  std::vector<Line> lines;
  size_t at = file.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
  while (at < file.size()) {
    size_t end = file.find('\n', at);
    if (end == absl::string_view::npos) {
      if (live) break;
      end = file.size();
    }
    const size_t next = std::min(end + 1, file.size());
    size_t start = at;
    while (start < next && file[start] == '\0') ++start;
    if (start - at < BlockReader::kHole) start = at;
    if (start < next) {
      const size_t size = end - start > max_line ? max_line : next - start;
      lines.push_back({start, std::string(file.substr(start, size))});
    }
    at = next;
  }
  return lines;
}

void AppendLines(const Block& block, std::vector<Line>* lines) {
  size_t at = 0;
  while (at < block.bytes.size()) {
    const size_t newline = block.bytes.find('\n', at);
    const size_t end = newline == absl::string_view::npos ? block.bytes.size() : newline + 1;
    lines->push_back({block.offset + at, std::string(block.bytes.substr(at, end - at))});
    at = end;
  }
}

// All lines up to the end, or to the end for now.
std::vector<Line> ReadLines(BlockReader* reader) {
  std::vector<Line> lines;
  for (;;) {
    const absl::StatusOr<Block> block = reader->Next();
    if (!block.ok()) {
      ADD_FAILURE() << block.status();
      return lines;
    }
    AppendLines(*block, &lines);
    if (block->at_end) return lines;
  }
}

BlockReader::Options Small() {
  BlockReader::Options options;
  options.block = 128;
  options.max_line = 100;
  return options;
}

TEST(BlockReaderTest, GivesLinesWithTheirOffsets) {
  Pieces file;
  file.Add("one\ntw");
  file.Add("o\nthree\n");
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader),
              ElementsAre(Line{0, "one\n"}, Line{4, "two\n"}, Line{8, "three\n"}));
}

TEST(BlockReaderTest, GivesTheLastLineOfAFinishedFileWithoutItsNewline) {
  Pieces file;
  file.Add("one\ntwo");
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, "one\n"}, Line{4, "two"}));
}

TEST(BlockReaderTest, HoldsBackThePartialLastLineOfALiveFileUntilItsNewline) {
  Pieces file;
  file.Add("one\ntw");
  BlockReader::Options options;
  options.live = true;
  BlockReader reader(&file, options);
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, "one\n"}));
  EXPECT_THAT(ReadLines(&reader), IsEmpty());
  file.Add("o\n");
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{4, "two\n"}));
}

TEST(BlockReaderTest, GivesTheHeldBackLineOnceTheLiveFileIsFinished) {
  Pieces file;
  file.Add("one\ntwo");
  BlockReader::Options options;
  options.live = true;
  BlockReader reader(&file, options);
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, "one\n"}));
  reader.Finish();
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{4, "two"}));
}

TEST(BlockReaderTest, CutsALineThatIsTooLongAndCountsIt) {
  Pieces file;
  const std::string exact(100, 'e');
  const std::string longer(101, 'l');
  file.Add(absl::StrCat("a\n", exact, "\n", longer, "\nb\n"));
  BlockReader reader(&file, Small());
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, "a\n"}, Line{2, exact + "\n"},
                                              Line{103, std::string(100, 'l')}, Line{205, "b\n"}));
  EXPECT_EQ(reader.lines_truncated(), 1);
}

TEST(BlockReaderTest, GoesOnBehindACutLineAndNotInTheMiddleOfIt) {
  Pieces file;
  file.Add(std::string(5000, 'x') + "\nnext\n");
  BlockReader reader(&file, Small());
  const absl::StatusOr<Block> block = reader.Next();
  ASSERT_TRUE(block.ok());
  EXPECT_TRUE(block->cut);
  EXPECT_TRUE(block->sealed);
  EXPECT_EQ(block->bytes.size(), 100);
  EXPECT_EQ(block->next_offset, 5001);
}

TEST(BlockReaderTest, HoldsNoMoreOfALineOfAGibibyteThanItGives) {
  EndlessLine file(uint64_t{1} << 30, 'x');
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, std::string(256 << 10, 'x')},
                                              Line{(uint64_t{1} << 30) + 1, "next\n"}));
}

TEST(BlockReaderTest, SkipsAHoleOfNulBytes) {
  EndlessLine file(uint64_t{1} << 30, '\0');
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader),
              ElementsAre(Line{uint64_t{1} << 30, "\n"}, Line{(uint64_t{1} << 30) + 1, "next\n"}));
  EXPECT_EQ(reader.lines_truncated(), 0);
}

TEST(BlockReaderTest, ResumesBeforeAHoleItHasOnlySeenPartOf) {
  Pieces file;
  file.Add("a\n" + std::string(1000, '\0'));
  BlockReader::Options options = Small();
  options.live = true;
  BlockReader reader(&file, options);
  absl::StatusOr<Block> block = reader.Next();
  while (block.ok() && !block->at_end) block = reader.Next();
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->next_offset, 2);
}

TEST(BlockReaderTest, RefusesUtf16) {
  for (const absl::string_view mark : {"\xff\xfe", "\xfe\xff"}) {
    Pieces file;
    file.Add(mark.substr(0, 1));
    file.Add(absl::StrCat(mark.substr(1), "a"));
    BlockReader reader(&file, {});
    EXPECT_EQ(reader.Next().status(), absl::InvalidArgumentError("UTF-16 is not supported"));
  }
}

TEST(BlockReaderTest, LeavesOutAUtf8ByteOrderMark) {
  Pieces file;
  file.Add("\xef");
  file.Add(
      "\xbb\xbf"
      "a\n");
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{3, "a\n"}));
}

TEST(BlockReaderTest, TakesFewerBytesThanAByteOrderMarkAsALine) {
  Pieces file;
  file.Add("\xef\xbb");
  BlockReader reader(&file, {});
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{0, "\xef\xbb"}));
}

TEST(BlockReaderTest, PresentsKeptLinesAgainBeforeTheNextOnes) {
  Pieces file;
  file.Add("one\ntwo\nth");
  file.Add("ree\nfour\n");
  BlockReader reader(&file, {});
  absl::StatusOr<Block> block = reader.Next();
  ASSERT_TRUE(block.ok());
  ASSERT_EQ(block->bytes, "one\ntwo\n");
  EXPECT_TRUE(reader.Keep(4));
  block = reader.Next();
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->bytes, "two\nthree\nfour\n");
  EXPECT_EQ(block->offset, 4);
}

TEST(BlockReaderTest, PresentsKeptLinesOnceMoreAtTheEnd) {
  Pieces file;
  file.Add("one\ntwo\n");
  BlockReader reader(&file, {});
  ASSERT_TRUE(reader.Next().ok());
  EXPECT_TRUE(reader.Keep(4));
  const absl::StatusOr<Block> block = reader.Next();
  ASSERT_TRUE(block.ok());
  EXPECT_EQ(block->bytes, "two\n");
  EXPECT_TRUE(block->at_end);
  EXPECT_FALSE(reader.Keep(4));
}

TEST(BlockReaderTest, KeepsNothingThatIsMoreThanABlockOrIsSealed) {
  Pieces file;
  file.Add("one\n" + std::string(300, 'x') + "\n");
  BlockReader reader(&file, Small());
  const absl::StatusOr<Block> block = reader.Next();
  ASSERT_TRUE(block.ok());
  ASSERT_EQ(block->bytes, "one\n");
  EXPECT_TRUE(block->sealed);
  EXPECT_FALSE(reader.Keep(4));
  EXPECT_FALSE(reader.Keep(500));
}

TEST(BlockReaderTest, LeavesZeroBytesToReadBehindABlock) {
  Pieces file;
  file.Add("one\npartial");
  BlockReader::Options options;
  options.live = true;
  BlockReader reader(&file, options);
  const absl::StatusOr<Block> block = reader.Next();
  ASSERT_TRUE(block.ok());
  const absl::string_view behind(block->bytes.data() + block->bytes.size(), BlockReader::kPadding);
  EXPECT_EQ(behind, std::string(BlockReader::kPadding, '\0'));
  file.Add("\n");
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{4, "partial\n"}));
}

TEST(BlockReaderTest, GivesAllThatWasReadBeforeAnErrorFirst) {
  Pieces file;
  file.Add("one\ntwo");
  file.Fail(absl::DataLossError("damaged"));
  BlockReader reader(&file, {});
  std::vector<Line> lines;
  absl::StatusOr<Block> block = reader.Next();
  while (block.ok()) {
    EXPECT_FALSE(block->at_end);
    AppendLines(*block, &lines);
    block = reader.Next();
  }
  EXPECT_EQ(block.status(), absl::DataLossError("damaged"));
  EXPECT_THAT(lines, ElementsAre(Line{0, "one\n"}, Line{4, "two"}));
}

TEST(BlockReaderTest, GoesOnAfterAnErrorOfALiveFile) {
  Pieces file;
  file.Add("one\ntw");
  file.Fail(absl::UnavailableError("stale"));
  BlockReader::Options options;
  options.live = true;
  BlockReader reader(&file, options);
  EXPECT_EQ(reader.Next()->bytes, "one\n");
  EXPECT_EQ(reader.Next().status(), absl::UnavailableError("stale"));
  file.Fail(absl::OkStatus());
  file.Add("o\n");
  EXPECT_THAT(ReadLines(&reader), ElementsAre(Line{4, "two\n"}));
}

// Files out of the bytes and sizes that matter.
std::string RandomFile(std::mt19937* random) {
  std::string file;
  if ((*random)() % 8 == 0) file = "\xef\xbb\xbf";
  for (int pieces = (*random)() % 30; pieces > 0; --pieces) {
    switch ((*random)() % 7) {
      case 0:
        file.append((*random)() % 400, 'x');
        break;
      case 1:
        file.append((*random)() % 3 * 60 + (*random)() % 10, '\0');
        break;
      case 2:
        file.append(98 + (*random)() % 5, 'y');
        break;
      case 3:
        file.append((*random)() % 4, '\n');
        break;
      default:
        absl::StrAppend(&file, "line ", (*random)() % 1000, "\n");
    }
  }
  return file;
}

// Gives `file` in random pieces, keeps random lines of random blocks, and checks that each block
// is what stands at its offset.
std::vector<Line> ReadInPieces(const std::string& file, bool live, std::mt19937* random) {
  Pieces pieces;
  BlockReader::Options options = Small();
  options.live = live;
  options.block = 1 + (*random)() % 300;
  BlockReader reader(&pieces, options);
  std::vector<Line> lines;
  size_t added = 0;
  for (;;) {
    if ((live || added == 0) && added < file.size()) {
      do {
        const size_t n = 1 + (*random)() % 200;
        pieces.Add(absl::string_view(file).substr(added, n));
        added = std::min(file.size(), added + n);
      } while (!live && added < file.size());
    }
    const absl::StatusOr<Block> block = reader.Next();
    if (!block.ok()) {
      ADD_FAILURE() << block.status();
      return lines;
    }
    EXPECT_EQ(block->bytes, absl::string_view(file).substr(block->offset, block->bytes.size()));
    std::vector<Line> given;
    AppendLines(*block, &given);
    const bool done = block->at_end && added == file.size();
    if (!done && !given.empty() && (*random)() % 3 == 0) {
      const size_t newer = given.size() - (*random)() % given.size() - 1;
      const uint64_t end = block->offset + block->bytes.size();
      if (reader.Keep(end - given[newer].offset)) given.resize(newer);
    }
    lines.insert(lines.end(), given.begin(), given.end());
    if (done) return lines;
  }
}

TEST(BlockReaderTest, GivesTheSameLinesAsASplitterOfTheWholeFile) {
  for (int seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    const std::string file = RandomFile(&random);
    const bool live = random() % 2 == 0;
    EXPECT_EQ(ReadInPieces(file, live, &random), SplitNaively(file, Small().max_line, live));
    if (HasFailure()) return;
  }
}

TEST(BlockReaderTest, GoesOnFromAnyNextOffsetWithTheSameLines) {
  for (int seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    const std::string file = RandomFile(&random);
    std::vector<Line> lines;
    BlockReader::Options options = Small();
    options.live = true;
    for (;;) {
      // A new reader for each block, as after a crash.
      Pieces pieces;
      if (options.offset < file.size()) pieces.Add(file.substr(options.offset));
      BlockReader reader(&pieces, options);
      const absl::StatusOr<Block> block = reader.Next();
      ASSERT_TRUE(block.ok());
      AppendLines(*block, &lines);
      ASSERT_GE(block->next_offset, options.offset);
      options.offset = block->next_offset;
      if (block->bytes.empty() && block->at_end) break;
    }
    EXPECT_EQ(lines, SplitNaively(file, options.max_line, true));
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tallybell
