// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// Gives some text in pieces of any size, and what comes behind it.
class Pieces : public ByteReader {
 public:
  Pieces(std::string text, absl::Status end, uint32_t seed)
      : text_(std::move(text)), end_(std::move(end)), random_(seed) {}

  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (at_ == text_.size()) {
      EXPECT_FALSE(ended_) << "asked again behind the end";
      ended_ = true;
      if (!end_.ok()) return end_;
      return size_t{0};
    }
    const size_t n = std::min({size, text_.size() - at_, size_t{1} + random_() % 40});
    std::memcpy(buffer, text_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  const std::string text_;
  const absl::Status end_;
  std::mt19937 random_;
  size_t at_ = 0;
  bool ended_ = false;
};

TEST(ReadAheadTest, GivesTheSameBytesAndTheSameErrorBehindThem) {
  constexpr uint32_t kSeed = 5;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", round ", round));
    std::string text;
    for (size_t n = random() % 900; n > 0; --n) text.push_back(static_cast<char>(random()));
    const absl::Status end =
        random() % 2 == 0 ? absl::OkStatus() : absl::DataLossError("the archive is cut off");
    WorkerCrew crew(static_cast<int>(random() % 3));
    Pieces pieces(text, end, random());
    ReadAhead::Options options;
    options.block = 1 + random() % 100;
    options.blocks = 2 + random() % 4;
    ReadAhead ahead(&pieces, options, &crew);
    std::string read;
    absl::StatusOr<size_t> n = 1;
    while (n.ok() && *n > 0) {
      char buffer[64];
      n = ahead.Read(buffer, 1 + random() % sizeof(buffer));
      if (n.ok()) read.append(buffer, *n);
    }
    ASSERT_EQ(read, text);
    ASSERT_EQ(n.status(), end);
    char byte;
    const absl::StatusOr<size_t> again = ahead.Read(&byte, 1);
    ASSERT_EQ(again.status(), end);
    if (end.ok()) {
      ASSERT_EQ(*again, 0u);
    }
  }
}

TEST(ReadAheadTest, NeedNotBeReadToItsEnd) {
  for (int round = 0; round < 50; ++round) {
    WorkerCrew crew(round % 3);
    Pieces pieces(std::string(10'000, 'x'), absl::OkStatus(), 1);
    ReadAhead::Options options;
    options.block = 100;
    ReadAhead ahead(&pieces, options, &crew);
    char buffer[64];
    for (int i = 0; i < round; ++i) ASSERT_TRUE(ahead.Read(buffer, sizeof(buffer)).ok());
  }
}

}  // namespace
}  // namespace tallybell
