// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/labels.h"

#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(LabelsTest, AreSortedByNameEachNameOnce) {
  const Labels labels = {{"b", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_EQ(labels.pairs(), (std::vector<Labels::Pair>{{"a", "2"}, {"b", "3"}}));
  EXPECT_EQ(labels.Get("b"), "3");
  EXPECT_EQ(labels.Get("c"), "");
}

TEST(LabelsTest, AnEmptyValueIsNoPair) {
  Labels labels = {{"a", ""}, {"b", "1"}};
  EXPECT_EQ(labels, (Labels{{"b", "1"}}));
  labels.Set("b", "");
  EXPECT_TRUE(labels.empty());
  labels.Set("never there", "");
  EXPECT_TRUE(labels.empty());
}

TEST(LabelsTest, AValueMayComeFromTheSameLabels) {
  Labels labels = {{"host", "a value too long for the string's own room"}};
  labels.Set("a", labels.Get("host"));
  labels.Set("host", labels.Get("host").substr(2));
  EXPECT_EQ(labels.Get("a"), "a value too long for the string's own room");
  EXPECT_EQ(labels.Get("host"), "value too long for the string's own room");
}

TEST(LabelsTest, AgreeWithAMapWhateverIsSet) {
  constexpr uint32_t kSeed = 21;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 200; ++round) {
    Labels labels;
    std::map<std::string, std::string> map;
    for (int i = 0; i < 40; ++i) {
      const std::string name(1 + random() % 2, static_cast<char>('a' + random() % 5));
      const std::string value(random() % 3, static_cast<char>('x' + random() % 2));
      labels.Set(name, value);
      map.erase(name);
      if (!value.empty()) map.emplace(name, value);
      ASSERT_EQ(labels.Get(name), value) << "seed " << kSeed;
    }
    ASSERT_EQ(labels.pairs(), std::vector<Labels::Pair>(map.begin(), map.end()))
        << "seed " << kSeed;
  }
}

// The expected values are from a few lines of Python that know only the definition:
//   h = 14695981039346656037
//   for k in sorted(labels):
//     for b in k.encode() + b'\xff' + labels[k].encode() + b'\xff':
//       h = (h ^ b) * 1099511628211 % 2**64
TEST(FingerprintTest, IsPrometheussOwn) {
  EXPECT_EQ(FormatFingerprint(Labels().Fingerprint()), "cbf29ce484222325");
  EXPECT_EQ(FormatFingerprint(Labels({{"alertname", "AnkaVmStartFailing"}}).Fingerprint()),
            "f63052d99e0f7492");
  EXPECT_EQ(
      FormatFingerprint(
          Labels({{"severity", "warning"}, {"host", "mac1"}, {"alertname", "AnkaVmStartFailing"}})
              .Fingerprint()),
      "6ca03a85af255ab9");
  EXPECT_EQ(FormatFingerprint(Labels({{"a", "ü"}}).Fingerprint()), "ffd1cb2f240bec9b");
}

TEST(FingerprintTest, NamesAndValuesDoNotRunIntoEachOther) {
  EXPECT_NE(Labels({{"ab", "c"}}).Fingerprint(), Labels({{"a", "bc"}}).Fingerprint());
  EXPECT_NE(Labels({{"a", "b"}, {"c", "d"}}).Fingerprint(),
            Labels({{"a", "bc"}, {"d", "d"}}).Fingerprint());
}

TEST(FingerprintTest, IsWrittenWith16Digits) {
  EXPECT_EQ(FormatFingerprint(0), "0000000000000000");
  EXPECT_EQ(FormatFingerprint(0xabc), "0000000000000abc");
}

TEST(FormatLabelsTest, IsAsPrometheusPrintsThem) {
  EXPECT_EQ(FormatLabels(Labels()), "{}");
  EXPECT_EQ(FormatLabels({{"b", "y"}, {"a", "x"}}), "{a=\"x\", b=\"y\"}");
  EXPECT_EQ(FormatLabels({{"a", "日\"\\\n"}}), "{a=\"日\\\"\\\\\\n\"}");
}

TEST(FormatLabelsTest, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(FormatLabels({{"a", "\x1b[2J\xc2\x9b"}}), "{a=\"\\u001b[2J\\u009b\"}");
}

TEST(LabelNameTest, IsOneForPrometheusToo) {
  for (const absl::string_view name : {"a", "_", "__name__", "A9", "job_name"}) {
    EXPECT_TRUE(IsLabelName(name)) << name;
  }
  for (const absl::string_view name : {"", "9a", "a-b", "a.b", "a:b", "a b", "ä", "a\n"}) {
    EXPECT_FALSE(IsLabelName(name)) << name;
  }
}

}  // namespace
}  // namespace tallybell
