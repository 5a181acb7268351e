// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/credentials.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Credentials::Options Of(std::string scheme, std::string secret) {
  Credentials::Options options;
  options.scheme = std::move(scheme);
  options.secret = std::move(secret);
  return options;
}

TEST(CredentialsTest, WritesTheHeaderOfEachScheme) {
  EXPECT_EQ(Credentials::Make(Of("Bearer", "abc"))->header(), "Bearer abc");
  EXPECT_EQ(Credentials::Make(Of("Key", "abc"))->header(), "Key abc");
  Credentials::Options basic = Of("Basic", "open sesame");
  basic.user = "Aladdin";
  EXPECT_EQ(Credentials::Make(basic)->header(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(Credentials::Make({})->header(), "");
}

TEST(CredentialsTest, RefusesWhatCouldInjectAHeader) {
  EXPECT_FALSE(Credentials::Make(Of("Bearer", "a\r\nX-Evil: 1")).ok());
  EXPECT_FALSE(Credentials::Make(Of("Bearer", std::string("a\0b", 3))).ok());
  EXPECT_FALSE(Credentials::Make(Of("Bea rer", "a")).ok());
  EXPECT_FALSE(Credentials::Make(Of("Bearer", "")).ok());
}

TEST(CredentialsTest, ReadsTheSecretFromItsFileAndAgainWhenToldTo) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/tallybell-secret");
  std::ofstream(path) << "first\n";
  Credentials::Options options = Of("Key", "");
  options.secret_file = path;
  Credentials credentials = Credentials::Make(options).value();
  EXPECT_EQ(credentials.header(), "Key first");
  EXPECT_FALSE(credentials.Reload());
  std::ofstream(path) << " second \r\n";
  EXPECT_TRUE(credentials.Reload());
  EXPECT_EQ(credentials.header(), "Key second");
  std::ofstream(path) << "";
  EXPECT_FALSE(credentials.Reload());
  EXPECT_EQ(credentials.header(), "Key second");
  std::remove(path.c_str());
  EXPECT_FALSE(credentials.Reload());
  EXPECT_EQ(Credentials::Make(options).status().code(), absl::StatusCode::kNotFound);
}

TEST(CredentialsTest, TakesTheSecretOutOfWhatAServerSays) {
  const Credentials credentials = Credentials::Make(Of("Key", "s3cr3t-key")).value();
  EXPECT_EQ(credentials.Redact("key 's3cr3t-key' is invalid"), "key '<secret>' is invalid");
  EXPECT_THAT(credentials.Redact("s3cr3t-keys3cr3t-key"), Not(HasSubstr("s3cr3t")));
  Credentials::Options ann = Of("Basic", "hidden");
  ann.user = "ann";
  const Credentials basic = Credentials::Make(ann).value();
  EXPECT_EQ(basic.Redact("you said Basic YW5uOmhpZGRlbg=="), "you said Basic <secret>");
}

TEST(CredentialsTest, KnowsHeadersThatMayBeSent) {
  EXPECT_TRUE(IsHeaderName("X-Scope-OrgID"));
  EXPECT_FALSE(IsHeaderName(""));
  EXPECT_FALSE(IsHeaderName("a:b"));
  EXPECT_TRUE(IsHeaderValue("a b\tc \xc3\xa9"));
  EXPECT_FALSE(IsHeaderValue("a\nb"));
  EXPECT_FALSE(IsHeaderValue("\x7f"));
}

}  // namespace
}  // namespace tallybell
