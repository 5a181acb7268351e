// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/url.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(UrlTest, ReadsSchemeHostPortAndPath) {
  const Url url = ParseUrl("HTTPS://Alerta.Example.com:8443/api/").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "alerta.example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/api");
  EXPECT_EQ(url.ToString(), "https://alerta.example.com:8443/api");
}

TEST(UrlTest, TakesTheSchemesPortWhereNoneIsNamed) {
  EXPECT_EQ(ParseUrl("http://a")->port, 80);
  EXPECT_EQ(ParseUrl("https://a")->port, 443);
  EXPECT_EQ(ParseUrl("https://a:443/")->ToString(), "https://a");
  EXPECT_EQ(ParseUrl("http://a:443/")->HostHeader(), "a:443");
}

TEST(UrlTest, TakesAnIpv6AddressInBrackets) {
  const Url url = ParseUrl("http://[::1]:9093/x").value();
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.ToString(), "http://[::1]:9093/x");
  EXPECT_EQ(ParseUrl("http://[fe80::1]")->HostHeader(), "[fe80::1]");
}

TEST(UrlTest, RefusesAUserWithAdviceAndWithoutRepeatingIt) {
  const absl::Status status = ParseUrl("http://bob:hunter2@example.com/").status();
  EXPECT_THAT(status.message(), HasSubstr("file"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
}

TEST(UrlTest, RefusesWhatIsNotABaseUrl) {
  for (const char* text : {"",
                           "example.com",
                           "ftp://a",
                           "http://",
                           "http://:80",
                           "http://a:0",
                           "http://a:65536",
                           "http://a:",
                           "http://a:8x",
                           "http://a b/",
                           "http://a/b c",
                           "http://a/\r\nX: y",
                           "http://a?q",
                           "http://a/#f",
                           "http://::1/",
                           "http://[::1",
                           "http://[nonsense]/",
                           "http://[::1]x",
                           "http://a/\x80",
                           "http://-a/",
                           "http://a\n/",
                           "javascript://a/",
                           "http://{{$labels.host}}/",
                           "http://a:{{$value}}/",
                           "http://a/{{$labels.path}}",
                           "{{$labels.scheme}}://a/"}) {
    EXPECT_EQ(ParseUrl(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_FALSE(ParseUrl("http://a/" + std::string(3000, 'x')).ok());
  EXPECT_FALSE(ParseUrl(absl::string_view("http://[::1\0 x]/", 16)).ok());
}

TEST(UrlTest, ReadsBackWhatItWrites) {
  constexpr uint32_t kSeed = 20240501;
  std::mt19937 random(kSeed);
  constexpr absl::string_view kAlphabet = "http://[]:@?#a1.-_%f\n ";
  for (int i = 0; i < 20000; ++i) {
    std::string text = random() % 2 ? "http://" : "https://";
    for (size_t n = random() % 20; n > 0; --n)
      text.push_back(kAlphabet[random() % kAlphabet.size()]);
    const absl::StatusOr<Url> url = ParseUrl(text);
    if (!url.ok()) continue;
    const absl::StatusOr<Url> again = ParseUrl(url->ToString());
    ASSERT_TRUE(again.ok()) << "seed " << kSeed << " url " << text;
    EXPECT_EQ(again->ToString(), url->ToString()) << "seed " << kSeed << " url " << text;
    EXPECT_EQ(again->port, url->port);
    EXPECT_EQ(again->host, url->host);
  }
}

}  // namespace
}  // namespace tallybell
