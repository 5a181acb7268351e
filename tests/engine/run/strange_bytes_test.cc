// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Bytes that must neither hide a line nor make two of it.
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "engine/base/utf8.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/run/source_reader_fixture.h"

namespace tallybell {
namespace {

using ::testing::SizeIs;

class StrangeBytesTest : public SourceReaderFixture {
 protected:
  // Time, rule and evidence of what counted: all but where it stands.
  std::vector<std::string> Counted(std::string bytes) {
    std::vector<std::string> counted;
    for (const SourceItem& item : ReadAll(std::move(bytes))) {
      for (const RuleMatch& match : item.record.matches) {
        counted.push_back(
            absl::StrCat(FormatRfc3339(item.time), " ", match.rule, " ", match.evidence.view()));
      }
    }
    return counted;
  }
};

TEST_F(StrangeBytesTest, CorporaThatDifferOnlyInTheirEndingsGiveTheSameMatches) {
  UseRules(
      "{alert: End, match: '/boom$/', when: count > 0 in 1m},"
      "{alert: Start, match: '/^I0501.*file/', when: count > 0 in 1m}");
  std::string plain;
  for (int i = 0; i < 400; ++i) {
    absl::StrAppend(&plain, "I0501 12:", 10 + i / 60, ":", 10 + i % 50, ".000000     341 a.go:", i,
                    "] ", i % 7 == 0 ? "boom" : "file", i % 5 == 0 ? " and\nboom\n\n" : "\n");
  }
  const std::vector<std::string> expected = Counted(plain);
  EXPECT_GT(expected.size(), 400);
  const std::string dos = absl::StrReplaceAll(plain, {{"\n", "\r\n"}});
  constexpr char kMark[] = "\xef\xbb\xbf";
  std::string mixed;
  std::mt19937 random(1);
  for (const char c : plain) mixed += c == '\n' && random() % 2 == 0 ? "\r\n" : std::string(1, c);
  for (const std::string& bytes :
       {dos, kMark + plain, kMark + dos, mixed, plain.substr(0, plain.size() - 1)}) {
    for (const size_t block : {size_t{1} << 20, size_t{1000}}) {
      options_.block = block;
      EXPECT_EQ(Counted(bytes), expected);
    }
  }
}

TEST_F(StrangeBytesTest, NothingAroundALiteralHidesIt) {
  // Invalid, overlong, a lone surrogate, NUL, ESC, a separator of lines, an override of direction.
  const std::vector<std::string> strange = {
      "\xff",         std::string("\0", 1), "\xc0\xaf",         "\xed\xa0\x80", "\x1b", "\x1b[31m",
      "\xe2\x80\xa8", "\xe2\x80\xae",       "\xf4\x90\x80\x80", "\r",           "\x7f", "\xe2"};
  std::mt19937 random(2);
  std::string bytes;
  constexpr int kLines = 2000;
  for (int i = 0; i < kLines; ++i) {
    absl::StrAppend(&bytes, "I0501 12:30:00.000000     341 a.go:114] ");
    for (int n = random() % 4; n >= 0; --n) bytes += strange[random() % strange.size()];
    bytes += "boom";
    for (int n = random() % 4; n >= 0; --n) bytes += strange[random() % strange.size()];
    bytes += "\n";
  }
  const std::vector<SourceItem> items = ReadAll(bytes);
  EXPECT_THAT(Matches(items), SizeIs(kLines));
  for (const SourceItem& item : items) {
    for (const RuleMatch& match : item.record.matches) {
      EXPECT_EQ(ValidUtf8Prefix(match.evidence.view()), match.evidence.size());
    }
  }
}

TEST_F(StrangeBytesTest, ATornLineOfARuntimeIsOneFaultAndHidesNoOther) {
  std::string bytes;
  int torn = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string line =
        "{\"log\":\"boom\\n\",\"stream\":\"stdout\",\"time\":\"2024-05-01T12:30:00Z\"}";
    if (i % 97 == 50) {
      ++torn;
      absl::StrAppend(&bytes, line.substr(0, 12), "\n");
    }
    absl::StrAppend(&bytes, line, "\n");
  }
  // The torn lines hold the word, too: what is there of a line counts.
  EXPECT_THAT(Matches(ReadAll(bytes)), SizeIs(1000 + torn));
  EXPECT_EQ(reader_->counts().malformed_envelopes, torn);
}

}  // namespace
}  // namespace tallybell
