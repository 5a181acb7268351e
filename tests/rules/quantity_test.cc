// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/quantity.h"

#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(QuantityTest, ReadsNumbers) {
  EXPECT_EQ(ParseQuantity("42").integer, 42);
  EXPECT_EQ(ParseQuantity("42").number, 42.0);
  EXPECT_EQ(ParseQuantity("-3.5").number, -3.5);
  EXPECT_EQ(ParseQuantity("+7").number, 7.0);
  EXPECT_EQ(ParseQuantity("1e3").number, 1000.0);
  EXPECT_EQ(ParseQuantity(".5").number, 0.5);
  EXPECT_FALSE(ParseQuantity("1.5").integer.has_value());
  EXPECT_FALSE(ParseQuantity("99999999999999999999").integer.has_value());
  EXPECT_TRUE(ParseQuantity("99999999999999999999").number.has_value());
}

TEST(QuantityTest, ReadsDurationsOfPrometheusAndGo) {
  EXPECT_EQ(ParseQuantity("90s").duration_ns, 90e9);
  EXPECT_EQ(ParseQuantity("1h30m").duration_ns, 5400e9);
  EXPECT_EQ(ParseQuantity("1m2.5s").duration_ns, 62.5e9);
  EXPECT_EQ(ParseQuantity("-1.5ms").duration_ns, -1.5e6);
  EXPECT_EQ(ParseQuantity("250µs").duration_ns, 250e3);
  EXPECT_EQ(ParseQuantity("7d").duration_ns, 7 * 86400e9);
  EXPECT_EQ(ParseQuantity("0").duration_ns, 0.0);
  EXPECT_FALSE(ParseQuantity("5").duration_ns.has_value());
}

TEST(QuantityTest, ReadsSizes) {
  EXPECT_EQ(ParseQuantity("512").bytes, 512.0);
  EXPECT_EQ(ParseQuantity("1.5KiB").bytes, 1536.0);
  EXPECT_EQ(ParseQuantity("2kB").bytes, 2000.0);
  EXPECT_EQ(ParseQuantity("3Gi").bytes, 3.0 * (1 << 30));
  EXPECT_EQ(ParseQuantity("5 GB").bytes, 5e9);
  EXPECT_FALSE(ParseQuantity("5m").bytes.has_value());
  EXPECT_FALSE(ParseQuantity("-5").bytes.has_value());
}

TEST(QuantityTest, IsEmptyForAllElse) {
  for (const char* text : {"", "-", ".", "x", "5x", " 5", "5 ", "0x10", "inf", "nan", "1e", "1e999",
                           "s", "1.2.3", "--5", "1h30", "5  GB", "1,000"}) {
    EXPECT_TRUE(ParseQuantity(text).empty()) << text;
  }
  EXPECT_TRUE(ParseQuantity(std::string(100, '9')).empty());
}

TEST(QuantityTest, ComparesLikeWithLike) {
  const auto compare = [](const char* a, const char* b) {
    return CompareQuantities(ParseQuantity(a), ParseQuantity(b));
  };
  EXPECT_EQ(compare("9007199254740993", "9007199254740992"), 1);
  EXPECT_EQ(compare("1h", "60m"), 0);
  EXPECT_EQ(compare("1KiB", "1025"), -1);
  EXPECT_EQ(compare("0", "1ms"), -1);
  EXPECT_EQ(compare("1s", "1kB"), std::nullopt);
  EXPECT_EQ(compare("1s", "x"), std::nullopt);
}

}  // namespace
}  // namespace tallybell
