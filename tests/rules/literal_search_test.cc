// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/literal_search.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(LiteralSearchTest, FindsTheFirstPlaceFromWhereItIsAsked) {
  const LiteralSearch search(" on mac");
  EXPECT_EQ(search.text(), " on mac");
  EXPECT_EQ(search.Find("vm 1 on mac2 on mac3"), 4u);
  EXPECT_EQ(search.Find("vm 1 on mac2 on mac3", 5), 12u);
  EXPECT_EQ(search.Find("vm 1 on mac2 on mac3", 13), absl::string_view::npos);
  EXPECT_EQ(search.Find(" on ma"), absl::string_view::npos);
  EXPECT_EQ(search.Find(absl::string_view()), absl::string_view::npos);
  EXPECT_EQ(search.Find(" on mac", 8), absl::string_view::npos);
}

TEST(LiteralSearchTest, AnEmptyTextIsEverywhere) {
  EXPECT_EQ(LiteralSearch("").Find("ab", 1), 1u);
  EXPECT_EQ(LiteralSearch("").Find("ab", 2), 2u);
  EXPECT_EQ(LiteralSearch("").Find("ab", 3), absl::string_view::npos);
  EXPECT_EQ(LiteralSearch("").Find(absl::string_view()), 0u);
}

TEST(LiteralSearchTest, GivesWhatStringViewsFindGives) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    std::mt19937 random(seed);
    const absl::string_view alphabet("ab\xFF e\0", 2 + random() % 5);
    const auto text = [&](size_t size) {
      std::string out;
      while (out.size() < size) out += alphabet[random() % alphabet.size()];
      return out;
    };
    const std::string literal = text(1 + random() % (seed % 2 == 0 ? 3 : 40));
    const LiteralSearch search(literal);
    for (int i = 0; i < 20; ++i) {
      std::string line = text(random() % 90);
      if (i % 2 == 0) line.insert(random() % (line.size() + 1), literal);
      // A buffer of the very size, so that a sanitizer sees a read past its end.
      const std::vector<char> bytes(line.begin(), line.end());
      const absl::string_view in(bytes.data(), bytes.size());
      for (size_t from = 0; from < std::min<size_t>(in.size() + 2, 40); ++from) {
        ASSERT_EQ(search.Find(in, from), in.find(literal, from))
            << "seed " << seed << ": " << absl::CHexEscape(literal) << " in "
            << absl::CHexEscape(line) << " from " << from;
      }
    }
  }
}

}  // namespace
}  // namespace tallybell
