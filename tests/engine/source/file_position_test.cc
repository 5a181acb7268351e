// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/file_position.h"

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(FilePositionTest, IsReadBackAsItWasWritten) {
  const FilePosition position = {"/var/log/a b\n\xff.log", 66306, 12345, 9, 2, 1 << 20, 1024,
                                 0xffffffffffffffff,       1024,  7};
  EXPECT_EQ(position.Encode(),
            "v1 66306 12345 9 2 1048576 1024 18446744073709551615 1024 7 /var/log/a b\n\xff.log");
  EXPECT_EQ(FilePosition::Decode(position.Encode()).value(), position);
}

TEST(FilePositionTest, ReadsNothingElse) {
  for (const absl::string_view text :
       {"", "v1", "v2 1 2 0 3 4 4 5 4 6 p", "v1 1 2 0 3 4 4 5 4 6 ", "v1 1 2 0 3 4 4 5 4 6",
        "v1 1 2 0 3 4 4 5 4 p", "v1 -1 2 0 3 4 4 5 4 6 p", "v1 +1 2 0 3 4 4 5 4 6 p",
        "v1 01 2 0 3 4 4 5 4 6 p", "v1  1 2 0 3 4 4 5 4 6 p", "v1 1 2 0 3 4 5000 5 4 6 p",
        "v1 1 2 0 3 4 4 5 5 6 p", "v1 1 2 0 3 18446744073709551615 4 5 4 6 p",
        "v1 1 2 0 3 99999999999999999999 4 5 4 6 p"}) {
    EXPECT_EQ(FilePosition::Decode(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(FilePositionTest, SurvivesAnyBytes) {
  const std::string good = FilePosition{"p", 1, 2, 0, 3, 4, 4, 5, 4, 6}.Encode();
  for (int seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random(seed);
    std::string text = good;
    for (int n = random() % 3; n >= 0; --n) text[random() % text.size()] = random();
    const auto position = FilePosition::Decode(text);
    if (!position.ok()) continue;
    EXPECT_EQ(position->Encode(), text) << "seed " << seed;
  }
}

TEST(FilePositionTest, HashesAsFnv1aDoes) {
  EXPECT_EQ(HashSample(""), 0xcbf29ce484222325);
  EXPECT_EQ(HashSample("a"), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(HashSample("foobar"), 0x85944171f73967e8);
}

}  // namespace
}  // namespace tallybell
