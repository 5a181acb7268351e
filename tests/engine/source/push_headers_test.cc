// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_headers.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(PushHeadersTest, TakesEveryTypeButJsonForProtobuf) {
  EXPECT_EQ(ChoosePushDecoder("application/json", "")->format, PushFormat::kJson);
  EXPECT_EQ(ChoosePushDecoder("Application/JSON; charset=utf-8", "")->format, PushFormat::kJson);
  EXPECT_EQ(ChoosePushDecoder("application/x-protobuf", "")->format, PushFormat::kProtobuf);
  EXPECT_EQ(ChoosePushDecoder("application/x-www-form-urlencoded", "")->format,
            PushFormat::kProtobuf);
}

TEST(PushHeadersTest, RefusesToGuessWithoutAMediaType) {
  for (const char* const type : {"", "; charset=utf-8", "/", "a/", "text /plain", "a/b/c"}) {
    EXPECT_EQ(ChoosePushDecoder(type, "").status().code(), absl::StatusCode::kInvalidArgument)
        << type;
  }
  EXPECT_EQ(ChoosePushDecoder("", "").status().message(), "mime: no media type");
}

TEST(PushHeadersTest, KnowsTheEncodingsThatLokiKnows) {
  const auto compression = [](const char* encoding) {
    return ChoosePushDecoder("application/json", encoding)->compression;
  };
  EXPECT_EQ(compression(""), PushCompression::kNone);
  EXPECT_EQ(compression("snappy"), PushCompression::kNone);
  EXPECT_EQ(compression("gzip"), PushCompression::kGzip);
  EXPECT_EQ(compression("deflate"), PushCompression::kDeflate);
  EXPECT_EQ(ChoosePushDecoder("application/json", "zstd").status().message(),
            "Content-Encoding \"zstd\" not supported");
}

TEST(PushHeadersTest, KnowsWhatATenantMayBeCalled) {
  for (const char* const tenant : {"", "tenant1", "a-b_c.d!e*f'(g)", "..."}) {
    EXPECT_TRUE(CheckPushTenant(tenant).ok()) << tenant;
  }
  EXPECT_TRUE(CheckPushTenant(std::string(150, 'a')).ok());
  EXPECT_FALSE(CheckPushTenant(std::string(151, 'a')).ok());
  for (const char* const tenant : {".", "..", "a/b", "a|b", "a b", "\xC3\xA9"}) {
    EXPECT_FALSE(CheckPushTenant(tenant).ok()) << tenant;
  }
}

}  // namespace
}  // namespace tallybell
