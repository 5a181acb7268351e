// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/line_candidates.h"

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "engine/scan/required_literals.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::unique_ptr<LineCandidates> Make(const std::vector<std::string>& regexes,
                                     ScanEnvelope envelope) {
  std::vector<std::vector<ScanLiteral>> patterns;
  for (const std::string& regex : regexes) patterns.push_back(RequiredLiterals(regex, false));
  auto candidates = LineCandidates::Create(patterns, envelope);
  return candidates.ok() ? *std::move(candidates) : nullptr;
}

// Each candidate with what may match it: "line [0 2]", "line [all]".
std::vector<std::string> Find(const LineCandidates& candidates, const std::string& block) {
  CandidateLines found;
  candidates.Find(block, candidates.NewScratch().get(), &found);
  std::vector<std::string> lines;
  for (const CandidateLines::Line& line : found.lines()) {
    std::string text = absl::StrCat(block.substr(line.begin, line.end - line.begin), " [");
    for (const uint32_t pattern : found.patterns(line)) absl::StrAppend(&text, pattern, " ");
    if (line.every_pattern) absl::StrAppend(&text, "all ");
    if (text.back() == ' ') text.pop_back();
    lines.push_back(absl::StrCat(text, "]"));
  }
  return lines;
}

TEST(LineCandidatesTest, YieldsTheLinesAroundTheHitsWithTheirPatterns) {
  const auto candidates = Make({"start vm", "error|vm"}, ScanEnvelope::kNone);
  EXPECT_THAT(Find(*candidates, "one\ncan't start vm vm\n\nan error\nlast vm"),
              ElementsAre("can't start vm vm [0 1]", "an error [1]", "last vm [1]"));
  EXPECT_THAT(Find(*candidates, ""), IsEmpty());
  EXPECT_THAT(Find(*candidates, "\n\n"), IsEmpty());
}

TEST(LineCandidatesTest, ALineWithAnEscapeCharacterIsOneForEveryPattern) {
  const auto candidates = Make({"error"}, ScanEnvelope::kNone);
  EXPECT_THAT(Find(*candidates, "a\ner\x1B[0mror\x1B[m\nerror\x1B\n"),
              ElementsAre("er\x1B[0mror\x1B[m [all]", "error\x1B [0 all]"));
}

TEST(LineCandidatesTest, FindsEscapesWhereverTheyStandInALine) {
  const auto candidates = Make({"error"}, ScanEnvelope::kNone);
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 5000; ++i) {
    std::string block;
    std::vector<std::string> expected;
    for (uint32_t lines = random() % 6; lines > 0; --lines) {
      std::string line(random() % (i % 2 == 0 ? 8 : 150), '.');
      for (uint32_t escapes = random() % 4; escapes > 0 && !line.empty(); --escapes) {
        line[random() % line.size()] = '\x1B';
      }
      if (absl::StrContains(line, '\x1B')) expected.push_back(absl::StrCat(line, " [all]"));
      absl::StrAppend(&block, line, lines == 1 && i % 3 == 0 ? "" : "\n");
    }
    ASSERT_EQ(Find(*candidates, block), expected) << "seed " << kSeed << ", case " << i;
  }
}

TEST(LineCandidatesTest, EveryLineIsOneWhereAPatternHasNoLiteral) {
  const auto candidates = Make({"error", "\\d+"}, ScanEnvelope::kNone);
  EXPECT_THAT(candidates->unfiltered(), ElementsAre(1));
  EXPECT_THAT(Find(*candidates, "a\n\nerror\nb\n"),
              ElementsAre("a []", " []", "error [0]", "b []"));
  EXPECT_THAT(Find(*candidates, "error"), ElementsAre("error [0]"));
}

TEST(LineCandidatesTest, FindsWhatLiesAcrossTheEdgesOfItsChunks) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kNone);
  std::string block;
  size_t count = 0;
  while (block.size() < 400 * 1024) {
    absl::StrAppend(&block, "needle", std::string(count % 7, '.'), "\n");
    ++count;
  }
  EXPECT_EQ(Find(*candidates, block).size(), count);
  for (size_t shift = 0; shift <= 8; ++shift) {
    const std::string before(2 * 64 * 1024 - shift, 'x');
    EXPECT_EQ(Find(*candidates, absl::StrCat(before, "needle.")).size(), 1u) << shift;
  }
  const std::string one_line(300 * 1024, 'x');
  EXPECT_EQ(Find(*candidates, absl::StrCat(one_line, "needle", one_line, "\nx")).size(), 1u);
}

TEST(LineCandidatesTest, WhoLooksAtAllBytesSeesEachOnceBeforeAnythingIsFound) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kNone);
  for (const absl::string_view hit : {"", "needle", "\x1B"}) {
    std::string block;
    while (block.size() < 500'000) {
      absl::StrAppend(&block, "line ", block.size(), " ", hit, "\n");
    }
    CandidateLines found;
    std::string seen;
    const auto look = [&](absl::string_view bytes) {
      EXPECT_LE(bytes.size(), 64u << 10);
      EXPECT_THAT(found.lines(), IsEmpty());
      absl::StrAppend(&seen, bytes);
      return absl::StrContains(bytes, '\x1B');
    };
    candidates->Find(block, look, candidates->NewScratch().get(), &found);
    EXPECT_EQ(seen, block);
    EXPECT_EQ(found.lines().size(), Find(*candidates, block).size());
  }
}

TEST(LineCandidatesTest, CountsNoHitTwiceWhereChunksOverlap) {
  const auto candidates =
      Make({"aaa", "bbb", "a literal of about thirty bytes"}, ScanEnvelope::kNone);
  const std::string before(64 * 1024 - 9, '.');
  EXPECT_THAT(Find(*candidates, absl::StrCat(before, "\naaa\nbbb\n...\nccc")),
              ElementsAre("aaa [0]", "bbb [1]"));
}

TEST(LineCandidatesTest, SeesThroughTheEscapesOfDocker) {
  const auto candidates =
      Make({R"("level":"fatal")", R"(C:\\dir)", "path/to", "\tat x"}, ScanEnvelope::kDocker);
  const std::string tail = R"(\n","stream":"stderr","time":"2024-05-01T12:32:30.4Z"})";
  const std::string first = R"({"log":"first)" + tail;
  const std::string quote = R"({"log":"{\"level\":\"fatal\"})" + tail;
  const std::string backslash = R"({"log":"C:\\dir)" + tail;
  const std::string slash = R"({"log":"path\/to)" + tail;
  const std::string unicode = R"({"log":"p\u0061th/to)" + tail;
  const std::string tab = R"({"log":"\tat x)" + tail;
  const std::string plain = R"(torn C:\dir)";
  const std::string nothing = R"({"log":"nothing)" + tail;
  std::string block;
  for (const auto& line : {first, quote, backslash, slash, unicode, tab, plain, nothing}) {
    absl::StrAppend(&block, line, "\n");
  }
  EXPECT_THAT(Find(*candidates, block),
              ElementsAre(first + " [all]", quote + " [0]", backslash + " [1]", slash + " [all]",
                          unicode + " [all]", tab + " [all]", plain + " [1]"));
}

TEST(LineCandidatesTest, KeepsThePiecesOfALongDockerLineTogether) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kDocker);
  const auto line = [](absl::string_view text, absl::string_view stream) {
    return absl::StrCat(R"({"log":")", text, R"(","stream":")", stream,
                        R"(","time":"2024-05-01T12:32:30Z"})");
  };
  const std::string out = line(R"(x\n)", "stdout");
  const std::string err = line(R"(y\n)", "stderr");
  const std::string piece = line("nee", "stdout");
  const std::string backslash_n = line(R"(dl\\n)", "stdout");  // not a newline
  const std::string last = line(R"(e\n)", "stdout");
  const std::string block = absl::StrCat(out, "\n", err, "\n", out, "\n", piece, "\n", err, "\n",
                                         backslash_n, "\n", last, "\n", out, "\n", err, "\n");
  // The first line of each stream may end what the block before left open.
  EXPECT_THAT(Find(*candidates, block),
              ElementsAre(out + " [all]", err + " [all]", piece + " [all]", backslash_n + " [all]",
                          last + " [all]"));
}

TEST(LineCandidatesTest, KeepsThePiecesOfALongCriLineTogether) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kCri);
  const std::string stamp = "2024-05-01T12:32:30.4+02:00 ";
  const std::string out = stamp + "stdout F x P y";
  const std::string err = stamp + "stderr F y";
  const std::string piece = stamp + "stderr P:tag nee";
  const std::string last = stamp + "stderr F:tag dle";
  EXPECT_THAT(Find(*candidates, absl::StrCat(out, "\n", err, "\n", out, "\n", piece, "\n", out,
                                             "\nnoise stderr F z\n", last, "\n", err, "\n")),
              ElementsAre(out + " [all]", err + " [all]", piece + " [all]",
                          "noise stderr F z [all]", last + " [all]"));
}

TEST(LineCandidatesTest, TakesDockerLinesWithAttributesForWhole) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kDocker);
  const std::string line =
      R"({"log":"x \"y\"\n","stream":"stdout","attrs":{"a":"b\n","c":"\""},"time":"2024-05-01T12:32:30Z"})";
  EXPECT_EQ(Find(*candidates, absl::StrCat(line, "\n", line, "\n", line, "\n")).size(), 1u);
}

TEST(LineCandidatesTest, TakesNoOtherStringOfADockerLineForItsText) {
  const auto candidates = Make({"needle"}, ScanEnvelope::kDocker);
  const std::string tail = R"(,"stream":"stdout","time":"2024-05-01T12:32:30Z"})";
  const std::string whole = R"({"log":"a \"quoted\" word and more\n")" + tail;
  const std::string err = R"({"log":"\n","stream":"stderr","time":"2024-05-01T12:32:30Z"})";
  const std::string piece = R"({"log":"nee and some more text","x":"\n")" + tail;
  EXPECT_THAT(
      Find(*candidates, absl::StrCat(whole, "\n", err, "\n", whole, "\n", piece, "\n", whole)),
      ElementsAre(whole + " [all]", err + " [all]", piece + " [all]", whole + " [all]"));
}

// Docker's driver writes no such line; what reads it passes over the key and takes the line for a
// piece, as it says nothing of a newline.
TEST(LineCandidatesTest, TakesNoPieceForWholeWhoseLastQuoteStandsBehindABackslash) {
  const auto candidates = Make({"AB"}, ScanEnvelope::kDocker);
  const std::string out = R"({"log":"x\n","stream":"stdout","time":"2024-05-01T12:32:30.4Z"})";
  const std::string err = R"({"log":"x\n","stream":"stderr","time":"2024-05-01T12:32:30.4Z"})";
  const std::string piece = R"({"log":"A\\","k\\":\\"v\n","stream":"stdout","time":"T\\"})";
  const std::string rest = R"({"log":"B\n","stream":"stdout","time":"2024-05-01T12:32:30.4Z"})";
  std::string scratch;
  EXPECT_TRUE(Unwrap(EnvelopeKind::kDocker, piece, &scratch).partial);
  const std::vector<std::string> found =
      Find(*candidates, absl::StrCat(out, "\n", err, "\n", out, "\n", piece, "\n", rest, "\n"));
  EXPECT_THAT(found, ::testing::IsSupersetOf(
                         {absl::StrCat(piece, " [all]"), absl::StrCat(rest, " [all]")}));
}

TEST(LineCandidatesTest, ThreadsShareOneEachWithItsScratch) {
  const auto candidates = Make({"needle", "error|vm"}, ScanEnvelope::kNone);
  std::string block;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&block, i % 7 == 0 ? "a needle\n" : "nothing\n");
  const std::vector<std::string> expected = Find(*candidates, block);
  std::vector<std::vector<std::string>> found(4);
  std::vector<std::thread> threads;
  for (auto& result : found) {
    threads.emplace_back([&] { result = Find(*candidates, block); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : found) EXPECT_EQ(result, expected);
}

TEST(LineCandidatesTest, SurvivesEnvelopesThatAreCutShort) {
  const std::string line =
      R"({"log":"x \"y\\\n","stream":"stdout","attrs":{"a":"b"},"time":"2024-05-01T12:32:30Z"})";
  const std::string cri = "2024-05-01T12:32:30Z stdout F:x y";
  for (const ScanEnvelope envelope : {ScanEnvelope::kDocker, ScanEnvelope::kCri}) {
    const auto candidates = Make({"needle"}, envelope);
    for (size_t from = 0; from < line.size(); ++from) {
      for (size_t size = 0; from + size <= line.size(); ++size) {
        Find(*candidates, line.substr(from, size));
        Find(*candidates, absl::StrCat(line.substr(0, from), line.substr(from + size)));
      }
    }
    for (size_t size = 0; size < cri.size(); ++size) Find(*candidates, cri.substr(0, size));
  }
}

}  // namespace
}  // namespace tallybell
