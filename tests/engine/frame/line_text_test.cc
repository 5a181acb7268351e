// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/line_text.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/utf8.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// Cleans memory of exactly that size, so that a sanitizer sees a read beyond its end.
std::string Clean(absl::string_view line, bool first_of_file = false) {
  std::unique_ptr<char[]> exact(new char[line.size()]);
  if (!line.empty()) std::memcpy(exact.get(), line.data(), line.size());
  std::string scratch = "left over";
  return std::string(
      LineText(absl::string_view(exact.get(), line.size()), first_of_file, &scratch));
}

TEST(LineTextTest, LeavesACleanLineWhereItIs) {
  const absl::string_view line = "E0501 12:32:30.426698     341 controller.go:114] 日本 ok";
  std::string scratch;
  EXPECT_EQ(LineText(line, false, &scratch).data(), line.data());
  EXPECT_EQ(LineText(line, false, &scratch), line);
  EXPECT_TRUE(scratch.empty());
}

TEST(LineTextTest, TakesOneCarriageReturnAway) {
  EXPECT_EQ(Clean("a\r"), "a");
  EXPECT_EQ(Clean("a\r\r"), "a\r");
  EXPECT_EQ(Clean("\r"), "");
  EXPECT_EQ(Clean("a\rb"), "a\rb");
  EXPECT_EQ(Clean("red\r\x1B[0m"), "red");
}

TEST(LineTextTest, TakesControlSequencesAway) {
  EXPECT_EQ(Clean("\x1B[0;31mE0501 12:32:30"), "E0501 12:32:30");
  EXPECT_EQ(Clean("\x1B[mE0501\x1B[38;5;1m x\x1B[K"), "E0501 x");
  EXPECT_EQ(Clean("a\x1B]0;title\x07"
                  "b\x1B]8;;http://x\x1B\\c"),
            "abc");
  EXPECT_EQ(Clean("a\x1B(Bb"), "ab");
}

TEST(LineTextTest, LeavesASequenceThatDoesNotEnd) {
  for (const std::string line : {"a\x1B", "a\x1B[", "a\x1B[0;31", "\x1B]0;can't start vm",
                                 "\x1B]a\x1B]b", "\x1BX", "\x1B[\xC3\xA9"}) {
    EXPECT_EQ(Clean(line), line);
  }
}

TEST(LineTextTest, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(Clean("red \xFF\xFE bytes"), "red \uFFFD\uFFFD bytes");
  EXPECT_EQ(Clean("\xC3"), "\uFFFD");
}

TEST(LineTextTest, TakesAMarkAndNulsFromTheFront) {
  EXPECT_EQ(Clean("\xEF\xBB\xBFLog file", true), "Log file");
  EXPECT_EQ(Clean("\xEF\xBB\xBFLog file", false), "\xEF\xBB\xBFLog file");
  EXPECT_EQ(Clean(absl::string_view("\0\0\0I0501", 8)), "I0501");
  EXPECT_EQ(Clean(absl::string_view("\0", 1)), "");
  EXPECT_EQ(Clean(absl::string_view("a\0b", 3)), std::string("a\0b", 3));
}

TEST(LineTextTest, HostileLinesTakeLinearTime) {
  constexpr size_t kSize = 256 * 1024;
  std::string links, colours;
  while (links.size() < kSize) links += "\x1B]";
  while (colours.size() < kSize) colours += "\x1B[;";
  EXPECT_EQ(Clean(links), links);
  EXPECT_EQ(Clean(colours), colours);
  EXPECT_EQ(Clean(std::string(kSize, '\xFF')).size(), 3 * kSize);
}

// The second implementation: one byte at a time, forgetting nothing it has read.
class SlowCleaner {
 public:
  static std::string Clean(std::string line) {
    while (!line.empty() && line[0] == '\0') line.erase(0, 1);
    const bool had_return = !line.empty() && line.back() == '\r';
    if (had_return) line.pop_back();
    std::string text, run;
    bool altered = false;
    for (size_t i = 0; i < line.size();) {
      const size_t length = SequenceLength(line.substr(i));
      if (length == 0) {
        run += line[i++];
        continue;
      }
      AppendValidUtf8(run, &text);
      run.clear();
      i += length;
      altered = true;
    }
    AppendValidUtf8(run, &text);
    const bool rewritten = altered || text != line;
    if (rewritten && !had_return && !text.empty() && text.back() == '\r') text.pop_back();
    return text;
  }

 private:
  static bool Between(char c, char a, char b) { return a <= c && c <= b; }

  static size_t SequenceLength(const std::string& s) {
    if (s[0] != '\x1B' || s.size() < 3) return 0;
    if (Between(s[1], '(', '+')) return 3;
    enum { kParameters, kIntermediates, kOsc, kOscEscape } state = kParameters;
    if (s[1] == ']') {
      state = kOsc;
    } else if (s[1] != '[') {
      return 0;
    }
    for (size_t i = 2; i < s.size(); ++i) {
      const char c = s[i];
      if (state == kOscEscape) return c == '\\' ? i + 1 : 0;
      if (state == kOsc) {
        if (c == '\x07') return i + 1;
        if (c == '\x1B') state = kOscEscape;
        continue;
      }
      if (Between(c, '@', '~')) return i + 1;
      if (Between(c, ' ', '/')) {
        state = kIntermediates;
      } else if (!Between(c, '0', '?') || state == kIntermediates) {
        return 0;
      }
    }
    return 0;
  }
};

TEST(LineTextTest, AgreesWithASlowCleanerOnRandomLines) {
  static constexpr absl::string_view kPieces[] = {"\x1B",  "[",    "]",  "\x1B[",
                                                  "\x1B]", "0;31", "m",  "K",
                                                  "\x07",  "\\",   "\r", "\xC3",
                                                  "\xA9",  "é",    "日", "\xFF",
                                                  " text", "(B",   " ",  "a long clean stretch "};
  constexpr uint32_t kSeed = 5;
  std::mt19937 random(kSeed);
  for (int i = 0; i < 100'000; ++i) {
    std::string line;
    for (uint32_t pieces = random() % (i % 4 == 0 ? 40 : 12); pieces > 0; --pieces) {
      if (random() % 40 == 0) line += '\0';
      absl::StrAppend(&line, kPieces[random() % std::size(kPieces)]);
    }
    const std::string text = Clean(line);
    ASSERT_EQ(text, SlowCleaner::Clean(line)) << "seed " << kSeed << ", case " << i;
    ASSERT_EQ(ValidUtf8Prefix(text), text.size()) << "seed " << kSeed << ", case " << i;
  }
}

TEST(LineTextTest, FindsOneUncleanByteAnywhere) {
  for (size_t size = 1; size <= 100; ++size) {
    for (size_t at = 0; at < size; ++at) {
      std::string line(size, 'x');
      line[at] = '\xFF';
      ASSERT_EQ(Clean(line).size(), size + 2) << size << " " << at;
      line[at] = '\x1A';
      ASSERT_EQ(Clean(line), line);
    }
  }
}

}  // namespace
}  // namespace tallybell
