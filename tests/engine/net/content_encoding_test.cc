// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/content_encoding.h"

#include <zlib.h>

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr int kGzip = 31, kZlib = 15, kRaw = -15;

std::string Deflate(const std::string& text, int window) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(&out[0]);
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(ContentEncodingTest, DecodesEachFormOfAnyLength) {
  constexpr int kSeed = 7;
  std::mt19937 random(kSeed);
  for (const size_t size : {0, 1, 2, 100, 65535, 65536, 65537, 300000}) {
    std::string text;
    while (text.size() < size) text += static_cast<char>('a' + random() % 20);
    SCOPED_TRACE(size);
    EXPECT_EQ(DecodeContent("", text, {}).value(), text);
    EXPECT_EQ(DecodeContent("identity", text, {}).value(), text);
    EXPECT_EQ(DecodeContent("GZIP", Deflate(text, kGzip), {}).value(), text);
    EXPECT_EQ(DecodeContent("x-gzip", Deflate(text, kGzip), {}).value(), text);
    EXPECT_EQ(DecodeContent(" deflate ", Deflate(text, kZlib), {}).value(), text);
    EXPECT_EQ(DecodeContent("deflate", Deflate(text, kRaw), {}).value(), text);
  }
  EXPECT_EQ(DecodeContent("gzip", Deflate("one", kGzip) + Deflate("two", kGzip), {}).value(),
            "onetwo");
}

TEST(ContentEncodingTest, StopsAtEachLimit) {
  ContentLimits limits;
  limits.max_bytes = 1000;
  EXPECT_TRUE(DecodeContent("gzip", Deflate(std::string(1000, 'a'), kGzip), limits).ok());
  for (const char* encoding : {"gzip", "deflate", ""}) {
    const std::string text(1001, 'a');
    const std::string body = *encoding == 'g'   ? Deflate(text, kGzip)
                             : *encoding == 'd' ? Deflate(text, kZlib)
                                                : text;
    EXPECT_TRUE(absl::IsResourceExhausted(DecodeContent(encoding, body, limits).status()));
  }
  // A bomb: 16 MiB of nothing in 16 KiB.
  const std::string bomb = Deflate(std::string(16 << 20, '\0'), kGzip);
  const absl::Status refused = DecodeContent("gzip", bomb, {}).status();
  EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
}

TEST(ContentEncodingTest, SaysWhatIsWrongWithABody) {
  const std::string whole = Deflate(std::string(5000, 'x') + "the end", kGzip);
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(DecodeContent("gzip", whole.substr(0, size), {}).status()))
        << size;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeContent("gzip", whole + "junk", {}).status()));
  EXPECT_TRUE(
      absl::IsInvalidArgument(DecodeContent("deflate", Deflate("a", kZlib) + "junk", {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeContent("deflate", "", {}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeContent("gzip", "not at all", {}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(DecodeContent("br", "", {}).status()));
  EXPECT_TRUE(absl::IsUnimplemented(DecodeContent("gzip, gzip", "", {}).status()));
}

TEST(ContentEncodingTest, SurvivesDamageAnywhere) {
  constexpr int kSeed = 11;
  std::mt19937 random(kSeed);
  const std::string whole = Deflate(std::string(3000, 'y') + "tail", kGzip);
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= static_cast<char>(1 + random() % 255);
    const absl::StatusOr<std::string> decoded = DecodeContent("gzip", damaged, {});
    // Its header holds a few bytes that mean nothing to the text.
    EXPECT_TRUE(!decoded.ok() || decoded->size() == 3004) << "seed " << kSeed << " round " << round;
  }
}

}  // namespace
}  // namespace tallybell
