// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/glog.h"

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// What a header says, as one text.
std::string Describe(const Stamp& stamp, const GlogHeader& header, absl::string_view text) {
  return absl::StrCat(SeverityName(header.severity), " ", stamp.year, "-", +stamp.month, "-",
                      +stamp.day, " ", +stamp.hour, ":", +stamp.minute, ":", +stamp.second, ".",
                      stamp.nanos, stamp.has_zone ? "Z" : "", " thread=", header.thread,
                      " file=", header.file, " line=", header.line, " caller=", header.caller, " ",
                      text.substr(header.message_offset));
}

// Parses from memory of exactly that size, so that a sanitizer sees a read beyond its end.
std::string Parse(absl::string_view text) {
  std::unique_ptr<char[]> exact(new char[text.size()]);
  if (!text.empty()) std::memcpy(exact.get(), text.data(), text.size());
  const absl::string_view view(exact.get(), text.size());
  Stamp stamp;
  GlogHeader header;
  return ParseGlog(view, &stamp, &header) ? Describe(stamp, header, view) : "no header";
}

// The second implementation: character by character, with the C library's idea of a number.
class SlowReader {
 public:
  explicit SlowReader(absl::string_view text) : text_(text), rest_(text) {}

  std::string Read() {
    Stamp stamp;
    GlogHeader header;
    if (!ReadHeader(&stamp, &header)) return "no header";
    header.message_offset = text_.size() - rest_.size();
    return Describe(stamp, header, text_);
  }

 private:
  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string TakeDigits(size_t most) {
    std::string digits;
    while (digits.size() < most && std::isdigit(static_cast<unsigned char>(Peek()))) {
      digits += Peek();
      rest_.remove_prefix(1);
    }
    return digits;
  }
  absl::string_view TakeDigitsView() {
    const absl::string_view before = rest_;
    const size_t count = TakeDigits(SIZE_MAX).size();
    return before.substr(0, count);
  }
  // Exactly two digits, up to `most`.
  bool TakeTwo(int most, int8_t* value) {
    const std::string digits = TakeDigits(2);
    *value = static_cast<int8_t>(std::atoi(digits.c_str()));
    return digits.size() == 2 && *value <= most;
  }

  bool ReadHeader(Stamp* stamp, GlogHeader* header) {
    const char letter = Peek();
    if (letter == '\0' || std::strchr("IWEFC", letter) == nullptr) return false;
    header->severity = SeverityFromWord(absl::string_view(&letter, 1));
    Take(letter);
    return ReadStamp(stamp) && ReadOrigin(header);
  }

  bool ReadStamp(Stamp* stamp) {
    const std::string date = TakeDigits(99);
    if (date.size() != 4 && date.size() != 8) return false;
    if (date.size() == 8) stamp->year = std::atoi(date.substr(0, 4).c_str());
    if (date.size() == 8 && stamp->year == 0) return false;
    stamp->month = static_cast<int8_t>(std::atoi(date.substr(date.size() - 4, 2).c_str()));
    stamp->day = static_cast<int8_t>(std::atoi(date.substr(date.size() - 2).c_str()));
    const int y = stamp->year == 0 ? 2000 : stamp->year;
    const bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    const int days[] = {0, 31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (stamp->month < 1 || stamp->month > 12) return false;
    if (stamp->day < 1 || stamp->day > days[stamp->month]) return false;
    if (!Take(' ') || !TakeTwo(23, &stamp->hour) || !Take(':') || !TakeTwo(59, &stamp->minute) ||
        !Take(':') || !TakeTwo(60, &stamp->second) || !Take('.')) {
      return false;
    }
    const std::string micros = TakeDigits(6);
    stamp->nanos = std::atoi(micros.c_str()) * 1000;
    stamp->has_zone = !micros.empty() && Take('Z');
    return stamp->has_zone || micros.size() == 6;
  }

  bool ReadOrigin(GlogHeader* header) {
    if (Take(']')) return Take(' ') || true;
    if (!Take(' ')) return false;
    while (Take(' ')) {
    }
    header->thread = TakeDigitsView();
    if (header->thread.empty() || !Take(' ')) return false;
    const size_t end = rest_.find_first_of(":]");
    if (end == absl::string_view::npos || end == 0 || rest_[end] == ']') return false;
    const absl::string_view caller = rest_;
    header->file = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    header->line = TakeDigitsView();
    header->caller = caller.substr(0, end + 1 + header->line.size());
    if (header->line.empty() || !Take(']')) return false;
    return Take(' ') || true;
  }

  const absl::string_view text_;
  absl::string_view rest_;
};

TEST(GlogTest, ReadsTheHeaderOfGoGlogAndKlog) {
  EXPECT_EQ(Parse("E0501 12:32:30.426698     341 controller.go:114] StartVm: failed"),
            "error 0-5-1 12:32:30.426698000 thread=341 file=controller.go line=114 "
            "caller=controller.go:114 StartVm: failed");
}

TEST(GlogTest, ReadsAThreadOfAnyWidthAndPadding) {
  EXPECT_EQ(Parse("I0616 16:54:26.852529 2449754 setters.go:73] m"),
            "info 0-6-16 16:54:26.852529000 thread=2449754 file=setters.go line=73 "
            "caller=setters.go:73 m");
  EXPECT_EQ(Parse("I0716 12:36:10.164826  8172 log_cleaner.go:34] m"),
            "info 0-7-16 12:36:10.164826000 thread=8172 file=log_cleaner.go line=34 "
            "caller=log_cleaner.go:34 m");
  EXPECT_EQ(Parse("W1108 23:09:28.804391                1 q.go:1] m"),
            "warning 0-11-8 23:9:28.804391000 thread=1 file=q.go line=1 caller=q.go:1 m");
}

TEST(GlogTest, ReadsADateWithItsYear) {
  EXPECT_EQ(Parse("I20240611 13:24:27.476620 126237946035776 custom_sink.cc:63] logging"),
            "info 2024-6-11 13:24:27.476620000 thread=126237946035776 file=custom_sink.cc line=63 "
            "caller=custom_sink.cc:63 logging");
}

TEST(GlogTest, ReadsAnEmptyMessageAndOneWithoutItsSpace) {
  EXPECT_EQ(Parse("E1121 08:00:06.967550   16804 glogmain.go:18] "),
            "error 0-11-21 8:0:6.967550000 thread=16804 file=glogmain.go line=18 "
            "caller=glogmain.go:18 ");
  EXPECT_EQ(Parse("E1121 08:00:06.967550 1 g:1]"),
            "error 0-11-21 8:0:6.967550000 thread=1 file=g line=1 caller=g:1 ");
}

TEST(GlogTest, ReadsFilesWithOddCharacters) {
  EXPECT_EQ(Parse("F0131 14:48:54.411655 15520 dir/main.c++:9] Hello"),
            "fatal 0-1-31 14:48:54.411655000 thread=15520 file=dir/main.c++ line=9 "
            "caller=dir/main.c++:9 Hello");
  EXPECT_EQ(Parse("C0131 14:48:54.411655 15520 ???:1] x"),
            "fatal 0-1-31 14:48:54.411655000 thread=15520 file=??? line=1 caller=???:1 x");
}

TEST(GlogTest, ReadsMicrosecondsWithoutTheirLeadingZerosBeforeAZ) {
  EXPECT_EQ(Parse("E0501 12:32:30.4266Z 341 x.go:1] m"),
            "error 0-5-1 12:32:30.4266000Z thread=341 file=x.go line=1 caller=x.go:1 m");
}

TEST(GlogTest, ReadsKlogsTestOutputWithoutThreadAndFile) {
  EXPECT_EQ(Parse("I1121 08:01:26.219600] m"),
            "info 0-11-21 8:1:26.219600000 thread= file= line= caller= m");
}

TEST(GlogTest, RefusesWhatOnlyLooksLikeAHeader) {
  for (const absl::string_view text :
       {"", "I", "In the beginning was the line", "I1121 08:01:26.219600", "I1121 08:01:26.219600Z",
        "I1121 08:01:26.219600 21021 main.go] m", "I1321 08:01:26.219600   21021 main.go:1] m",
        "I0230 08:01:26.219600   21021 main.go:1] m",
        "I20230229 08:01:26.219600   21021 main.go:1] m",
        "I1121 24:01:26.219600   21021 main.go:1] m", "I1121 08:01:61.219600   21021 main.go:1] m",
        "X1121 08:01:26.219600   21021 main.go:1] m", " I1121 08:01:26.219600   21021 main.go:1] m",
        "I1121 08:01:26.2196   21021 main.go:1] m", "I1121 08:01:26.219600   21021 main.go:x] m",
        "I1121 08:01:26.219600   21021 :1] m", "I1121 08:01:26.219600   main.go:1] m"}) {
    EXPECT_EQ(Parse(text), "no header") << text;
  }
}

TEST(GlogTest, AgreesWithASlowReaderOnAlteredLines) {
  static constexpr absl::string_view kLines[] = {
      "E0501 12:32:30.426698     341 controller.go:114] StartVm: failed",
      "I20240611 13:24:27.476620 126237946035776 custom_sink.cc:63] logging",
      "I20240229 23:59:60.000000 1 a:0]",
      "E0501 12:32:30.4266Z 341 x.go:1] 2019-05-01T12:32:30Z",
      "I1121 08:01:26.219600] m",
      "F0229 00:00:00.000001    1 z_z-1.go:99999]  two spaces"};
  static constexpr absl::string_view kCharacters = "0123456789:.] IWEFCZ\n\xFF/A;^\\";
  constexpr uint32_t kSeed = 7;
  std::mt19937 random(kSeed);
  int headers = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string line(kLines[random() % std::size(kLines)]);
    for (uint32_t changes = random() % 4; changes > 0; --changes) {
      const size_t at = random() % (line.size() + 1);
      const char c = kCharacters[random() % kCharacters.size()];
      if (random() % 3 == 0) line.insert(at, 1, c);
      if (random() % 3 == 0 && at < line.size()) line[at] = c;
      if (random() % 3 == 0 && at < line.size()) line.erase(at, 1);
      if (random() % 40 == 0) line.resize(at);
    }
    const std::string expected = SlowReader(line).Read();
    ASSERT_EQ(Parse(line), expected) << "seed " << kSeed << ", case " << i << ": " << line;
    headers += expected != "no header" ? 1 : 0;
  }
  EXPECT_GT(headers, 50'000);
}

}  // namespace
}  // namespace tallybell
