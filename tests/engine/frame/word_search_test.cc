// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/word_search.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(WordSearchTest, FindsAWordWhereverItStands) {
  const std::string word = "stdout";
  for (size_t size = 0; size < 400; ++size) {
    for (const char filler : {'x', 's', 't'}) {
      std::string text(size, filler);
      ASSERT_FALSE(HoldsWord(text, word)) << size;
      for (size_t at = 0; at + word.size() <= size; ++at) {
        text.replace(at, word.size(), word);
        ASSERT_TRUE(HoldsWord(text, word)) << at << " of " << size;
        // Nothing beyond its end counts.
        ASSERT_FALSE(HoldsWord(absl::string_view(text).substr(0, at + word.size() - 1), word));
        text.replace(at, word.size(), word.size(), filler);
      }
    }
  }
}

TEST(WordSearchTest, SaysWhatAPlainSearchSays) {
  constexpr uint32_t kSeed = 3;
  std::mt19937 random(kSeed);
  int found = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 700, 'a');
    for (char& c : text) c = static_cast<char>('a' + random() % 3);
    std::string word(2 + random() % 6, 'a');
    for (char& c : word) c = static_cast<char>('a' + random() % 3);
    const bool holds = text.find(word) != std::string::npos;
    found += holds ? 1 : 0;
    ASSERT_EQ(HoldsWord(text, word), holds) << "seed " << kSeed << ": " << word << " in " << text;
  }
  EXPECT_GT(found, 5'000);
  EXPECT_LT(found, 19'000);
}

}  // namespace
}  // namespace tallybell
