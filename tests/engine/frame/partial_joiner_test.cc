// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/partial_joiner.h"

#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

EnvelopedLine Line(absl::string_view text, absl::string_view stream, TimeNs time, bool partial) {
  EnvelopedLine line;
  line.text = text;
  line.stream = stream;
  line.time = time;
  line.partial = partial;
  return line;
}

std::string Describe(const PartialJoiner::Line& line) {
  return absl::StrCat(line.line.text, " ", line.line.stream, " t", line.line.time, " @",
                      line.offset, line.cut_bytes == 0 ? "" : absl::StrCat(" -", line.cut_bytes),
                      line.line.partial ? " partial" : "");
}

TEST(PartialJoinerTest, PassesAWholeLineOnWithoutACopy) {
  PartialJoiner joiner;
  PartialJoiner::Line whole;
  const absl::string_view text = "a line";
  ASSERT_TRUE(joiner.Add(Line(text, "stdout", 1, false), 7, &whole));
  EXPECT_EQ(Describe(whole), "a line stdout t1 @7");
  EXPECT_EQ(whole.line.text.data(), text.data());
}

TEST(PartialJoinerTest, JoinsEachStreamOnItsOwnAndKeepsTheTimeOfTheFirstPiece) {
  PartialJoiner joiner;
  PartialJoiner::Line whole;
  EXPECT_FALSE(joiner.Add(Line("out-1 ", "stdout", 1, true), 10, &whole));
  EXPECT_FALSE(joiner.Add(Line("err-1 ", "stderr", 2, true), 20, &whole));
  EXPECT_EQ(joiner.HeldFrom(), 10u);
  EXPECT_FALSE(joiner.Add(Line("out-2 ", "stdout", 3, true), 30, &whole));
  ASSERT_TRUE(joiner.Add(Line("out-3", "stdout", 4, false), 40, &whole));
  EXPECT_EQ(Describe(whole), "out-1 out-2 out-3 stdout t1 @10");
  EXPECT_EQ(joiner.HeldFrom(), 20u);
  ASSERT_TRUE(joiner.Add(Line("err-2", "stderr", 5, false), 50, &whole));
  EXPECT_EQ(Describe(whole), "err-1 err-2 stderr t2 @20");
  EXPECT_EQ(joiner.HeldFrom(), PartialJoiner::kNothingHeld);
}

TEST(PartialJoinerTest, AMalformedLineCompletesNothing) {
  PartialJoiner joiner;
  PartialJoiner::Line whole;
  EXPECT_FALSE(joiner.Add(Line("a ", "", 1, true), 0, &whole));
  EnvelopedLine malformed = Line("{oops", "", kNoTime, false);
  malformed.malformed = true;
  ASSERT_TRUE(joiner.Add(malformed, 5, &whole));
  EXPECT_EQ(whole.line.text, "{oops");
  ASSERT_TRUE(joiner.Add(Line("b", "", 2, false), 9, &whole));
  EXPECT_EQ(whole.line.text, "a b");
}

TEST(PartialJoinerTest, CutsAtTheLimitAndSaysHowMuch) {
  PartialJoiner joiner(8);
  PartialJoiner::Line whole;
  EXPECT_FALSE(joiner.Add(Line("12345", "stdout", 1, true), 0, &whole));
  EXPECT_FALSE(joiner.Add(Line("67\u65e5", "stdout", 1, true), 0, &whole));
  ASSERT_TRUE(joiner.Add(Line("x", "stdout", 1, false), 0, &whole));
  EXPECT_EQ(Describe(whole), "1234567 stdout t1 @0 -4") << "a character is not cut in two";
  ASSERT_TRUE(joiner.Add(Line("123456789", "stdout", 1, false), 9, &whole));
  EXPECT_EQ(Describe(whole), "12345678 stdout t1 @9 -1");
}

TEST(PartialJoinerTest, GivesUnfinishedLinesAtTheEndInTheirOrder) {
  PartialJoiner joiner;
  PartialJoiner::Line whole;
  joiner.Add(Line("err", "stderr", 1, true), 1, &whole);
  joiner.Add(Line("out", "stdout", 2, true), 2, &whole);
  ASSERT_TRUE(joiner.Flush(&whole));
  EXPECT_EQ(Describe(whole), "err stderr t1 @1");
  ASSERT_TRUE(joiner.Flush(&whole));
  EXPECT_EQ(Describe(whole), "out stdout t2 @2");
  EXPECT_FALSE(joiner.Flush(&whole));
}

TEST(PartialJoinerTest, AgreesWithAMapOfStrings) {
  constexpr uint32_t kSeed = 3;
  constexpr size_t kLimit = 10;
  std::mt19937 random(kSeed);
  PartialJoiner joiner(kLimit);
  struct Pending {
    std::string text;
    TimeNs time;
    uint64_t offset;
  };
  std::map<std::string, Pending> pending;
  for (int i = 0; i < 100'000; ++i) {
    const std::string stream = (const char*[]){"stdout", "stderr", ""}[random() % 3];
    const std::string text(random() % 7, static_cast<char>('a' + random() % 26));
    const bool partial = random() % 2 == 0;
    PartialJoiner::Line whole;
    const bool complete = joiner.Add(Line(text, stream, i, partial), i * 2, &whole);
    Pending& line = pending.try_emplace(stream, Pending{"", i, i * 2ull}).first->second;
    line.text += text;
    ASSERT_EQ(complete, !partial);
    if (!complete) continue;
    PartialJoiner::Line expected;
    expected.cut_bytes = line.text.size() > kLimit ? line.text.size() - kLimit : 0;
    const std::string kept = line.text.substr(0, kLimit);
    expected.line = Line(kept, stream, line.time, false);
    expected.offset = line.offset;
    ASSERT_EQ(Describe(whole), Describe(expected)) << "seed " << kSeed << ", line " << i;
    pending.erase(stream);
  }
}

TEST(PartialJoinerTest, BothRuntimesCutTheSameLinesIntoPieces) {
  std::vector<std::string> texts;
  for (const EnvelopeKind kind : {EnvelopeKind::kDocker, EnvelopeKind::kCri}) {
    std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/wrapped/derived_",
                                    kind == EnvelopeKind::kDocker ? "docker_json" : "cri",
                                    "_partial_16k.log"));
    PartialJoiner joiner;
    std::string scratch;
    for (std::string line; std::getline(file, line);) {
      PartialJoiner::Line whole;
      if (joiner.Add(Unwrap(kind, line, &scratch), 0, &whole)) {
        texts.push_back(std::string(whole.line.text));
      }
    }
    EXPECT_EQ(joiner.HeldFrom(), PartialJoiner::kNothingHeld);
  }
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_GT(texts[0].size(), 32u * 1024);
  EXPECT_EQ(texts[0], texts[2]);
  EXPECT_EQ(texts[1], "I0501 12:32:31.000001     341 controller.go:115] short");
  EXPECT_EQ(texts[1], texts[3]);
}

}  // namespace
}  // namespace tallybell
