// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/literal_scanner.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/scan/aho_corasick.h"
#include "engine/scan/literal_grams.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {

void PrintTo(const ScanHit& hit, std::ostream* os) { *os << hit.literal << "@" << hit.end; }

namespace {

using Engine = LiteralScanner::Engine;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<ScanHit> Hits(const LiteralScanner& scanner, absl::string_view text) {
  std::vector<ScanHit> hits;
  scanner.Scan(text, scanner.NewScratch().get(), &hits);
  return hits;
}

// Looks for each literal at each place.
std::vector<ScanHit> SlowHits(const std::vector<ScanLiteral>& literals, const std::string& text) {
  std::vector<ScanHit> hits;
  for (uint32_t id = 0; id < literals.size(); ++id) {
    const ScanLiteral& literal = literals[id];
    const bool said_before = std::any_of(
        literals.begin(), literals.begin() + id,
        [&](const ScanLiteral& other) { return NormalLiteral(other) == NormalLiteral(literal); });
    for (size_t end = literal.text.size(); end <= text.size() && !said_before; ++end) {
      const std::string piece = text.substr(end - literal.text.size(), literal.text.size());
      const bool same = literal.ignore_case
                            ? absl::AsciiStrToLower(piece) == absl::AsciiStrToLower(literal.text)
                            : piece == literal.text;
      if (same) hits.push_back({static_cast<uint32_t>(end), id});
    }
  }
  std::sort(hits.begin(), hits.end());
  return hits;
}

bool HaveHyperscan() { return LiteralScanner::Create({{"probe", false}}, Engine::kHyperscan).ok(); }

std::vector<Engine> Engines() {
  std::vector<Engine> engines = {Engine::kBest, Engine::kAhoCorasick};
  if (HaveHyperscan()) engines.push_back(Engine::kHyperscan);
  return engines;
}

TEST(LiteralScannerTest, ReportsWhereEachOccurrenceEnds) {
  for (const Engine engine : Engines()) {
    auto scanner = LiteralScanner::Create({{"can't start vm", false}, {"start", false}}, engine);
    ASSERT_TRUE(scanner.ok()) << scanner.status();
    EXPECT_THAT(Hits(**scanner, "E0501 can't start vm; start"),
                ElementsAre(ScanHit{17, 1}, ScanHit{20, 0}, ScanHit{27, 1}));
  }
}

TEST(LiteralScannerTest, ReportsOverlappingOccurrences) {
  for (const Engine engine : Engines()) {
    auto scanner = LiteralScanner::Create({{"aa", false}, {"aaa", false}}, engine);
    ASSERT_TRUE(scanner.ok());
    EXPECT_THAT(Hits(**scanner, "aaaa"), ElementsAre(ScanHit{2, 0}, ScanHit{3, 0}, ScanHit{3, 1},
                                                     ScanHit{4, 0}, ScanHit{4, 1}));
  }
}

TEST(LiteralScannerTest, IgnoresTheCaseOfAsciiLettersOnlyWhereAsked) {
  for (const Engine engine : Engines()) {
    auto scanner = LiteralScanner::Create({{"Error", true}, {"Error", false}}, engine);
    ASSERT_TRUE(scanner.ok());
    EXPECT_THAT(Hits(**scanner, "eRROR Error"),
                ElementsAre(ScanHit{5, 0}, ScanHit{11, 0}, ScanHit{11, 1}));
  }
}

TEST(LiteralScannerTest, FindsNulsAndHighBytes) {
  const std::string text("x\0y\xFF\xC3\xA9z", 7);
  for (const Engine engine : Engines()) {
    auto scanner =
        LiteralScanner::Create({{std::string("\0y", 2), false}, {"\xFF\xC3", true}}, engine);
    ASSERT_TRUE(scanner.ok());
    EXPECT_THAT(Hits(**scanner, text), ElementsAre(ScanHit{3, 0}, ScanHit{5, 1}));
  }
}

TEST(LiteralScannerTest, ReportsEqualLiteralsOnceUnderTheFirst) {
  for (const Engine engine : Engines()) {
    auto scanner = LiteralScanner::Create({{"vm", false}, {"VM", true}, {"vm", true}}, engine);
    ASSERT_TRUE(scanner.ok());
    EXPECT_THAT(Hits(**scanner, "vm"), ElementsAre(ScanHit{2, 0}, ScanHit{2, 1}));
  }
}

TEST(LiteralScannerTest, FindsNothingWithoutLiteralsOrText) {
  auto none = LiteralScanner::Create({});
  ASSERT_TRUE(none.ok());
  EXPECT_THAT(Hits(**none, "anything"), IsEmpty());
  auto some = LiteralScanner::Create({{"x", false}});
  ASSERT_TRUE(some.ok());
  EXPECT_THAT(Hits(**some, ""), IsEmpty());
}

TEST(LiteralScannerTest, RefusesEmptyAndVeryLongLiterals) {
  EXPECT_EQ(LiteralScanner::Create({{"", false}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string huge(LiteralScanner::kMaxLiteralBytes + 1, 'x');
  EXPECT_EQ(LiteralScanner::Create({{huge, false}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(LiteralScannerTest, AppendsToTheHitsThatAreThere) {
  auto scanner = LiteralScanner::Create({{"b", false}}, Engine::kAhoCorasick);
  ASSERT_TRUE(scanner.ok());
  std::vector<ScanHit> hits = {{9, 9}};
  (*scanner)->Scan("ab", (*scanner)->NewScratch().get(), &hits);
  EXPECT_THAT(hits, ElementsAre(ScanHit{9, 9}, ScanHit{2, 0}));
}

std::string RandomText(std::mt19937* random, absl::string_view alphabet, size_t max_size) {
  std::string text;
  const size_t size = (*random)() % (max_size + 1);
  for (size_t i = 0; i < size; ++i) text += alphabet[(*random)() % alphabet.size()];
  return text;
}

TEST(LiteralScannerTest, EveryEngineFindsWhatASlowSearchFinds) {
  static constexpr char kBytes[] = "abAB[@`{\0\xFF\xC1\xE1z";
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    std::mt19937 random(seed);
    const absl::string_view alphabet(kBytes, 2 + random() % (sizeof(kBytes) - 2));
    std::vector<ScanLiteral> literals;
    const size_t count = 1 + random() % 20;
    for (size_t i = 0; i < count; ++i) {
      std::string text = RandomText(&random, alphabet, 6);
      literals.push_back({text + alphabet[random() % alphabet.size()], random() % 2 == 0});
    }
    const std::string text = RandomText(&random, alphabet, 300);
    const std::vector<ScanHit> expected = SlowHits(literals, text);
    for (const Engine engine : Engines()) {
      auto scanner = LiteralScanner::Create(literals, engine);
      ASSERT_TRUE(scanner.ok()) << scanner.status();
      ASSERT_EQ(Hits(**scanner, text), expected)
          << "seed " << seed << " " << (*scanner)->engine_name();
    }
  }
}

// Hyperscan 5.4.0 loses hits, of short literals too, where one has more than 512 bytes.
TEST(LiteralScannerTest, EveryEngineFindsLiteralsOfAnyLength) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 random(seed);
    const absl::string_view alphabet = seed % 2 == 0 ? "ab" : "abcdefgh ijklmnop=/.-";
    const auto literal_of = [&](size_t size) {
      ScanLiteral literal = {"", random() % 2 == 0};
      while (literal.text.size() < size) literal.text += alphabet[random() % alphabet.size()];
      return literal;
    };
    std::vector<ScanLiteral> literals;
    for (size_t count = 2 + random() % 4; count > 0; --count) {
      literals.push_back(literal_of(random() % 2 == 0 ? 2 + random() % 6 : 20 + random() % 1'000));
    }
    std::string text;
    for (int i = 0; i < 6; ++i) {
      absl::StrAppend(&text, std::string(random() % 50, '.'),
                      literals[random() % literals.size()].text);
    }
    const std::vector<ScanHit> expected = SlowHits(literals, text);
    for (const Engine engine : Engines()) {
      auto scanner = LiteralScanner::Create(literals, engine);
      if (absl::IsUnavailable(scanner.status())) continue;
      ASSERT_TRUE(scanner.ok()) << scanner.status();
      ASSERT_EQ(Hits(**scanner, text), expected)
          << "seed " << seed << " " << (*scanner)->engine_name();
    }
  }
}

TEST(PackedScannerTest, FindsWhatASlowSearchFindsWhereverItStands) {
  if (!LiteralScanner::Create({{"probe", false}}, Engine::kPacked).ok()) return;  // no AVX2
  for (uint32_t seed = 1; seed <= 2'000; ++seed) {
    std::mt19937 random(seed);
    const absl::string_view alphabet("abAB \xC1", 2 + random() % 5);
    std::vector<ScanLiteral> literals;
    for (size_t count = 1 + random() % 8; count > 0; --count) {
      std::string text = RandomText(&random, alphabet, 6);
      for (int i = 0; i < 3; ++i) text += alphabet[random() % alphabet.size()];
      literals.push_back({text, random() % 2 == 0});
    }
    // Around each edge of what is looked at at a time.
    const std::string text = RandomText(&random, alphabet, 400);
    for (const Engine engine : {Engine::kPacked, Engine::kPackedNarrow}) {
      auto scanner = LiteralScanner::Create(literals, engine);
      ASSERT_TRUE(scanner.ok()) << scanner.status();
      ASSERT_EQ(Hits(**scanner, text), SlowHits(literals, text)) << "seed " << seed;
    }
  }
}

// Rules name the same things with other numbers: few grams stand for all of them.
TEST(PackedScannerTest, FindsManyLiteralsThatAreAlike) {
  if (!LiteralScanner::Create({{"probe", false}}, Engine::kPacked).ok()) return;  // no AVX2
  constexpr absl::string_view kNames[] = {"unit", "disk", "node", "Pod-"};
  constexpr absl::string_view kEnds[] = {"", ":", " failed", "/x"};
  const auto name = [&](std::mt19937* random) {
    return absl::StrCat(kNames[(*random)() % 4], (*random)() % 50, kEnds[(*random)() % 4]);
  };
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random(seed);
    std::vector<ScanLiteral> literals;
    for (size_t count = 1 + random() % 150; count > 0; --count) {
      literals.push_back({name(&random), random() % 4 == 0});
    }
    std::string text;
    while (text.size() < 1'000) {
      absl::StrAppend(&text,
                      random() % 3 == 0 ? absl::AsciiStrToUpper(name(&random)) : name(&random),
                      random() % 2 == 0 ? " " : "");
    }
    for (const Engine engine : {Engine::kPacked, Engine::kPackedNarrow}) {
      auto scanner = LiteralScanner::Create(literals, engine);
      ASSERT_TRUE(scanner.ok()) << scanner.status();
      ASSERT_EQ(Hits(**scanner, text), SlowHits(literals, text)) << "seed " << seed;
    }
  }
}

TEST(PackedScannerTest, TakesNeitherShortLiteralsNorManyThatHaveNothingInCommon) {
  std::vector<ScanLiteral> many;
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) many.push_back({std::string({a, b}), false});
  }
  for (const std::vector<ScanLiteral>& literals : {many, {{"v", false}}}) {
    EXPECT_EQ(LiteralScanner::Create(literals, Engine::kPacked).status().code(),
              absl::StatusCode::kUnavailable);
    EXPECT_TRUE(LiteralScanner::Create(literals).ok());
  }
}

TEST(LiteralGramsTest, EachLiteralHasTheGramThatItIsAMemberOf) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<ScanLiteral> literals;
    for (size_t count = 1 + random() % 30; count > 0; --count) {
      literals.push_back(
          {absl::StrCat("a", RandomText(&random, "abc", 5), "b"), random() % 2 == 0});
    }
    const size_t most = 1 + random() % 20;
    const std::vector<LiteralGram> grams = ChooseGrams(literals, most);
    ASSERT_LE(grams.size(), std::max<size_t>(most, 8)) << "seed " << seed;
    std::vector<int> times(literals.size(), 0);
    for (const LiteralGram& gram : grams) {
      for (const LiteralGram::Member& member : gram.members) {
        const ScanLiteral& literal = literals[member.literal];
        ++times[member.literal];
        EXPECT_EQ(literal.ignore_case, gram.ignore_case);
        EXPECT_EQ(literal.text.substr(member.at, gram.bytes.size()), gram.bytes);
      }
    }
    if (!grams.empty()) {
      EXPECT_THAT(times, ::testing::Each(1)) << "seed " << seed;
    }
  }
}

TEST(PackedScannerTest, FindsManyLiteralsThatAreLittleMoreThanTheirGram) {
  if (!LiteralScanner::Create({{"probe", false}}, Engine::kPacked).ok()) return;  // no AVX2
  constexpr absl::string_view kBytes = "abAB0 z";
  std::vector<ScanLiteral> literals;
  for (const char before : kBytes) {
    for (const char behind : kBytes) literals.push_back({{before, 'Q', 'J', 'Z', behind}, false});
    literals.push_back({{before, 'Q', 'J', 'Z'}, true});
    literals.push_back({{'Q', 'J', 'Z', before}, false});
  }
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::string text;
    while (text.size() < 300) absl::StrAppend(&text, RandomText(&random, kBytes, 2), "QJZ");
    for (const Engine engine : {Engine::kPacked, Engine::kPackedNarrow}) {
      auto scanner = LiteralScanner::Create(literals, engine);
      ASSERT_TRUE(scanner.ok()) << scanner.status();
      ASSERT_EQ(Hits(**scanner, text), SlowHits(literals, text)) << "round " << round;
    }
  }
}

TEST(LiteralGramsTest, ChoosesAmongNoMoreThanMemoryAllows) {
  std::vector<ScanLiteral> literals;
  for (int i = 0; i < 400; ++i)
    literals.push_back({absl::StrCat(i, std::string(1'000, 'q')), false});
  EXPECT_THAT(ChooseGrams(literals, 32), IsEmpty());
}

TEST(LiteralGramsTest, OneThatManyShareIsBetterThanOneForEach) {
  std::vector<ScanLiteral> literals;
  for (int i = 0; i < 1'000; ++i) literals.push_back({absl::StrCat("qx", i, " zz"), false});
  EXPECT_THAT(ChooseGrams(literals, 32), ::testing::SizeIs(::testing::Le(10)));
}

TEST(AhoCorasickTest, FindsTheSameWhenFewStatesHaveARow) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    std::vector<ScanLiteral> literals;
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < 12; ++i) {
      const ScanLiteral literal = {RandomText(&random, "abA", 7) + "b", false};
      if (std::count(literals.begin(), literals.end(), literal) > 0) continue;
      ids.push_back(static_cast<uint32_t>(ids.size()));
      literals.push_back(literal);
    }
    const std::string text = RandomText(&random, "abA", 300);
    const AhoCorasick scanner(literals, ids, /*max_table_bytes=*/random() % 200);
    ASSERT_EQ(Hits(scanner, text), SlowHits(literals, text)) << "seed " << seed;
  }
}

TEST(AhoCorasickTest, TakesTenThousandLiterals) {
  std::mt19937 random(7);
  std::vector<ScanLiteral> literals;
  for (int i = 0; i < 10000; ++i) {
    literals.push_back(
        {absl::StrCat("rule ", i, " ", random(), " failed to ", random()), i % 2 == 0});
  }
  auto scanner = LiteralScanner::Create(literals, Engine::kAhoCorasick);
  ASSERT_TRUE(scanner.ok());
  const std::string text = absl::StrCat("I0501 ", literals[4321].text, "; ", literals[9999].text);
  EXPECT_THAT(Hits(**scanner, text),
              ElementsAre(ScanHit{static_cast<uint32_t>(6 + literals[4321].text.size()), 4321},
                          ScanHit{static_cast<uint32_t>(text.size()), 9999}));
}

}  // namespace
}  // namespace tallybell
