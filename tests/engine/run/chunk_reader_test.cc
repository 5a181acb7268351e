// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/chunk_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/unique_fd.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A line as it stands in the file, and whether it may count.
struct SeenLine {
  uint64_t offset;
  std::string text;
  bool candidate;

  friend bool operator==(const SeenLine&, const SeenLine&) = default;
};

class ChunkReaderTest : public ::testing::Test {
 protected:
  ChunkReaderTest() {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("rules.yaml",
                               "groups: [{name: g, rules: [{alert: A, match: hit, "
                               "when: count > 0 in 1m}]}]",
                               &diagnostics);
    EXPECT_EQ(rules_.rules.size(), 1u) << diagnostics.ToString();
    candidates_ = std::make_unique<CandidateRules>(rules_, std::vector<uint32_t>{0},
                                                   ScanEnvelope::kNone, CandidateRules::Scan::kOn);
  }

  static std::string Path() { return absl::StrCat(::testing::TempDir(), "/chunks"); }

  UniqueFd File(const std::string& content) {
    std::ofstream(Path(), std::ios::binary | std::ios::trunc) << content;
    return UniqueFd(open(Path().c_str(), O_RDONLY | O_CLOEXEC));
  }

  // The lines of all chunks. Sets `*odd` if the last chunk is.
  std::vector<SeenLine> Read(const std::string& content, const ChunkReader::Options& options,
                             int workers, bool* odd) {
    const UniqueFd fd = File(content);
    WorkerCrew crew(workers);
    const LineSearch search(candidates_.get());
    ChunkReader reader(fd.get(), options, &search, &crew);
    std::vector<SeenLine> lines;
    *odd = false;
    bool at_end = false;
    while (const Chunk* const chunk = reader.Next()) {
      EXPECT_TRUE(chunk->status.ok()) << chunk->status;
      EXPECT_FALSE(at_end);
      at_end = chunk->at_end;
      *odd = chunk->odd;
      if (*odd) break;
      const size_t before = lines.size();
      Append(*chunk, &lines);
      EXPECT_EQ(chunk->lines, static_cast<int64_t>(lines.size() - before));
    }
    EXPECT_EQ(reader.Next(), nullptr);
    EXPECT_TRUE(at_end || *odd);
    return lines;
  }

  static void Append(const Chunk& chunk, std::vector<SeenLine>* lines) {
    size_t begin = 0;
    size_t next = 0;
    const auto& candidates = chunk.found.lines.lines();
    while (begin < chunk.size) {
      const size_t end = std::min(chunk.bytes().find('\n', begin), chunk.size);
      const bool candidate = next < candidates.size() && candidates[next].begin == begin;
      if (candidate) {
        EXPECT_EQ(candidates[next].end, end);
        ++next;
      }
      lines->push_back(
          {chunk.offset + begin, std::string(chunk.bytes().substr(begin, end - begin)), candidate});
      begin = end + 1;
    }
    EXPECT_EQ(next, candidates.size());
  }

  static std::vector<SeenLine> LinesOf(const std::string& content, uint64_t from) {
    std::vector<SeenLine> lines;
    for (size_t begin = from; begin < content.size();) {
      const size_t end = std::min(content.find('\n', begin), content.size());
      const std::string text = content.substr(begin, end - begin);
      lines.push_back({begin, text, text.find("hit") != std::string::npos});
      begin = end + 1;
    }
    return lines;
  }

  RuleSet rules_;
  std::unique_ptr<CandidateRules> candidates_;
};

TEST_F(ChunkReaderTest, GivesTheLinesOfTheFileWhateverTheChunks) {
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 150; ++round) {
    std::string content;
    for (size_t n = random() % 200; n > 0; --n) {
      absl::StrAppend(&content, random() % 5 == 0 ? "hit" : "miss", std::string(random() % 40, 'x'),
                      random() % 9 == 0 ? "\n" : "", random() % 9 == 0 ? "" : "\n");
    }
    ChunkReader::Options options;
    options.chunk = 1 + random() % 300;
    options.ahead = 1 + static_cast<int>(random() % 4);
    // Short lines let most of the file be looked at where it is.
    if (random() % 2 == 0) options.max_line = 1'000;
    const std::vector<SeenLine> all = LinesOf(content, 0);
    if (!all.empty()) options.offset = all[random() % all.size()].offset;
    const int workers = static_cast<int>(random() % 3);
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", round ", round, ", chunk ", options.chunk));
    bool odd;
    ASSERT_EQ(Read(content, options, workers, &odd), LinesOf(content, options.offset));
    ASSERT_FALSE(odd);
  }
}

TEST_F(ChunkReaderTest, LeavesLongLinesToOthers) {
  ChunkReader::Options options;
  options.chunk = 64;
  options.max_line = 100;
  bool odd;
  const std::string fits(100, 'a');
  EXPECT_THAT(Read(absl::StrCat("b\n", fits, "\nc\n"), options, 0, &odd), ::testing::SizeIs(3));
  EXPECT_FALSE(odd);
  Read(absl::StrCat("b\n", fits, "a\nc\n"), options, 1, &odd);
  EXPECT_TRUE(odd);
  Read(absl::StrCat("b\n", std::string(100'000, 'a')), options, 1, &odd);
  EXPECT_TRUE(odd);
}

TEST_F(ChunkReaderTest, LeavesHolesToOthers) {
  ChunkReader::Options options;
  options.chunk = 64;
  options.max_line = 1'000;
  for (const int length : {0, 1, 31, 32, 33, 39, 40, 60, 63, 64, 65, 96, 199}) {
    for (int before = 0; before < 34; ++before) {
      const std::string content =
          absl::StrCat(std::string(before, 'b'), "\n", std::string(length, '\0'), "text\n", "c\n");
      bool odd;
      Read(content, options, 0, &odd);
      ASSERT_EQ(odd, length >= 64) << before << " " << length;
      // Within a line it is no hole.
      Read(absl::StrCat(std::string(before + 1, 'b'), std::string(length, '\0'), "text\n"), options,
           0, &odd);
      ASSERT_FALSE(odd) << before << " " << length;
    }
  }
}

TEST_F(ChunkReaderTest, SaysWhyAFileCannotBeRead) {
  const UniqueFd directory(open(::testing::TempDir().c_str(), O_RDONLY | O_CLOEXEC));
  WorkerCrew crew(1);
  const LineSearch search(candidates_.get());
  ChunkReader reader(directory.get(), {}, &search, &crew);
  const Chunk* const chunk = reader.Next();
  ASSERT_NE(chunk, nullptr);
  EXPECT_FALSE(chunk->status.ok());
  EXPECT_EQ(reader.Next(), nullptr);
}

TEST_F(ChunkReaderTest, AChunkStaysUntilTheCallAfterTheNext) {
  const UniqueFd fd = File("aa\nbb\ncc\ndd\n");
  ChunkReader::Options options;
  options.chunk = 3;
  options.front = 4;
  WorkerCrew crew(2);
  const LineSearch search(candidates_.get());
  ChunkReader reader(fd.get(), options, &search, &crew);
  Chunk* const first = reader.Next();
  ASSERT_EQ(first->bytes(), "aa\n");
  Chunk* const second = reader.Next();
  EXPECT_EQ(first->bytes(), "aa\n");
  EXPECT_EQ(second->bytes(), "bb\n");
  // What was left of one may be put before the next.
  std::copy(first->begin, first->begin + 3, second->front - 3);
  EXPECT_EQ(absl::string_view(second->begin - 3, 6), "aa\nbb\n");
}

TEST_F(ChunkReaderTest, InFrontOfWhatIsLookedAtWhereItIsStandsWhatIsThereInTheFile) {
  const UniqueFd fd = File(absl::StrCat("aa\nbb\ncc\n", std::string(1'000, '\n')));
  ChunkReader::Options options;
  options.chunk = 3;
  options.max_line = 10;
  WorkerCrew crew(2);
  const LineSearch search(candidates_.get());
  ChunkReader reader(fd.get(), options, &search, &crew);
  ASSERT_EQ(reader.Next()->bytes(), "aa\n");
  const Chunk* const second = reader.Next();
  ASSERT_EQ(second->front, nullptr);
  EXPECT_EQ(absl::string_view(second->begin - 3, 6), "aa\nbb\n");
}

TEST_F(ChunkReaderTest, AFileThatIsTruncatedMeanwhileEndsThere) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&content, i % 7 == 0 ? "hit\n" : "miss\n");
  for (const size_t left : {0, 5'000, 8'192, 100'000}) {
    const UniqueFd fd = File(content);
    ChunkReader::Options options;
    options.chunk = 1'000;
    options.max_line = 10;
    WorkerCrew crew(0);
    const LineSearch search(candidates_.get());
    ChunkReader reader(fd.get(), options, &search, &crew);
    ASSERT_NE(reader.Next(), nullptr);
    ASSERT_EQ(truncate(Path().c_str(), static_cast<off_t>(left)), 0);
    std::vector<SeenLine> lines;
    while (const Chunk* const chunk = reader.Next()) {
      ASSERT_TRUE(chunk->status.ok());
      ASSERT_FALSE(chunk->odd);
      Append(*chunk, &lines);
    }
    if (left <= 1'000) {
      EXPECT_THAT(lines, ::testing::IsEmpty());
      continue;
    }
    ASSERT_THAT(lines, ::testing::Not(::testing::IsEmpty()));
    EXPECT_EQ(lines.back().offset + lines.back().text.size() + (content[left - 1] == '\n' ? 1 : 0),
              left);
  }
}

}  // namespace
}  // namespace tallybell
