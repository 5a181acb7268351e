// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A scan may only leave out lines that no pattern matches. Here random patterns are tried on all
// lines of a random log and on the candidates alone; the lines are unwrapped, joined and cleaned
// in the plainest way, which shares nothing with the engine's.

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "engine/match/seen_text.h"
#include "engine/scan/line_candidates.h"
#include "engine/scan/required_literals.h"
#include "gtest/gtest.h"
#include "re2/re2.h"

namespace tallybell {
namespace {

struct Piece {
  std::string text;
  int stream = 0;  // 0: not stated
  bool goes_on = false;
  bool bare = false;  // wears no envelope
};

bool FourHexDigits(absl::string_view text, int* value) {
  *value = 0;
  for (size_t i = 0; i < 4; ++i) {
    if (i >= text.size() || !absl::ascii_isxdigit(static_cast<unsigned char>(text[i])))
      return false;
    *value = *value * 16 + std::stoi(std::string(1, text[i]), nullptr, 16);
  }
  return true;
}

// One character or escape of a JSON string at a time.
bool DecodeJsonString(absl::string_view json, size_t* at, std::string* out) {
  if (*at >= json.size() || json[(*at)++] != '"') return false;
  while (*at < json.size()) {
    const char c = json[(*at)++];
    if (c == '"') return true;
    if (c != '\\') {
      *out += c;
      continue;
    }
    if (*at >= json.size()) return false;
    const char letter = json[(*at)++];
    static constexpr absl::string_view kLetters = "\"\\/bfnrt";
    static constexpr absl::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t known = kLetters.find(letter); known != absl::string_view::npos) {
      *out += kMeanings[known];
    } else if (int rune; letter == 'u' && FourHexDigits(json.substr(*at), &rune)) {
      *at += 4;
      if (rune < 0x80) {
        *out += static_cast<char>(rune);
      } else {
        *out += "\xEF\xBF\xBD";
      }
    } else {
      *out += "\xEF\xBF\xBD";
    }
  }
  return false;
}

Piece UnwrapDockerSlowly(absl::string_view line) {
  Piece bare = {std::string(line), 0, false, true};
  Piece piece;
  bool has_log = false;
  size_t at = 0;
  if (line.empty() || line[at++] != '{') return bare;
  while (true) {
    std::string key;
    std::string value;
    if (!DecodeJsonString(line, &at, &key) || at >= line.size() || line[at++] != ':') return bare;
    if (key == "attrs") {
      at = std::min(line.find('}', at), line.size() - 1) + 1;
    } else if (!DecodeJsonString(line, &at, &value)) {
      return bare;
    }
    if (key == "stream") piece.stream = value == "stdout" ? 1 : value == "stderr" ? 2 : 0;
    if (key == "log") {
      has_log = true;
      piece.text = value;
    }
    if (at >= line.size()) return bare;
    const char next = line[at++];
    if (next == '}') break;
    if (next != ',') return bare;
  }
  if (at != line.size()) return bare;
  piece.goes_on = has_log && !absl::EndsWith(piece.text, "\n");
  if (has_log && !piece.goes_on) piece.text.pop_back();
  return piece;
}

Piece UnwrapCriSlowly(absl::string_view line) {
  static const RE2* const kCri =
      new RE2(R"((?s)\A2024-05-01T12:32:30(?:\.\d+)?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) )"
              R"(([PF])(?::[^ ]*)*(?: (.*))?\z)",
              RE2::Latin1);
  std::string stream;
  std::string tag;
  std::string text;
  if (!RE2::FullMatch(re2::StringPiece(line.data(), line.size()), *kCri, &stream, &tag, &text)) {
    return {std::string(line), 0, false, true};
  }
  return {text, stream == "stdout" ? 1 : 2, tag == "P", false};
}

std::string CleanSlowly(std::string text) {
  if (absl::EndsWith(text, "\r")) text.pop_back();
  RE2::GlobalReplace(&text, RE2("\\x1b\\[[0-9;?]*[A-Za-z]", RE2::Latin1), "");
  std::string valid;
  for (size_t i = 0; i < text.size();) {
    size_t size = 4;
    // The shortest piece that RE2 takes for one character.
    for (size = 1; size <= 4; ++size) {
      static const RE2* const kOne = new RE2("(?s)\\A[^\\x{FFFD}]\\z");
      if (RE2::FullMatch(text.substr(i, size), *kOne)) break;
    }
    absl::StrAppend(&valid, size <= 4 ? text.substr(i, size) : "\xEF\xBF\xBD");
    i += size <= 4 ? size : 1;
  }
  return valid;
}

// A match: the pattern, where its record begins, and the text.
using Match = std::tuple<uint32_t, size_t, std::string>;

// Takes lines in order, joins pieces, and tries patterns one by one.
class Matcher {
 public:
  Matcher(const std::vector<std::unique_ptr<RE2>>* regexes, ScanEnvelope envelope)
      : regexes_(*regexes), envelope_(envelope) {}

  void Add(const std::string& line, size_t begin, const std::vector<uint32_t>& patterns) {
    Piece piece = {line, 0, false, true};
    if (envelope_ == ScanEnvelope::kDocker) piece = UnwrapDockerSlowly(line);
    if (envelope_ == ScanEnvelope::kCri) piece = UnwrapCriSlowly(line);
    if (piece.bare) return Try(piece.text, begin, patterns);
    Held& held = held_[piece.stream];
    if (!held.any) held.begin = begin;
    held.text += piece.text;
    held.any = piece.goes_on;
    if (piece.goes_on) return;
    Try(held.text, held.begin, patterns);
    held.text.clear();
  }

  std::vector<Match> matches;

 private:
  struct Held {
    bool any = false;
    size_t begin = 0;
    std::string text;
  };

  void Try(const std::string& text, size_t begin, const std::vector<uint32_t>& patterns) {
    const std::string clean = CleanSlowly(text);
    for (const uint32_t pattern : patterns) {
      if (RE2::PartialMatch(clean, *regexes_[pattern])) matches.push_back({pattern, begin, clean});
    }
  }

  const std::vector<std::unique_ptr<RE2>>& regexes_;
  const ScanEnvelope envelope_;
  Held held_[3];
};

class RandomLog {
 public:
  explicit RandomLog(uint32_t seed) : random_(seed) {}

  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint32_t>(limit)); }

  std::string Regex() {
    static constexpr const char* kPieces[] = {
        "start",    "vm",       "disk",  "\"lev\"",  "a\\\\b", "/x/",          "\\t",
        "\xC3\xA9", "(?i)disk", ".*",    "\\d+",     "(a|b)",  "ab?",          "K",
        "(?i)k",    "<nil>",    "\\x1b", "s",        "[ab]",   "\xE2\x80\xA8", "\\n",
        "n\"",      "$",        "^",     "\\x{fffd}"};
    std::string regex = Pick(kPieces);
    while (Below(2) == 0) regex += Pick(kPieces);
    return regex;
  }

  std::string Text() {
    static constexpr const char* kPieces[] = {"start",
                                              "vm",
                                              "disk",
                                              "\"lev\"",
                                              "a\\b",
                                              "/x/",
                                              "\t",
                                              "\xC3\xA9",
                                              "DISK",
                                              "12",
                                              "a",
                                              "b",
                                              "K",
                                              "s",
                                              "<nil>",
                                              "\r",
                                              "\x1B[0m",
                                              "\xFF",
                                              "k",
                                              "\x1B",
                                              "\xE2\x84\xAA",
                                              "\xC5\xBF",
                                              "\xE2\x80\xA8",
                                              "\\",
                                              "\\n",
                                              "n\"",
                                              "\",\"stream\":\"stdout\"",
                                              " stdout P ",
                                              "\\u0061",
                                              "st",
                                              "art",
                                              "{",
                                              "\xC3"};
    std::string text;
    const int count = Below(7);
    for (int i = 0; i < count; ++i) text += Pick(kPieces);
    if (Below(8) == 0) text += '\r';
    return text;
  }

  // A line in its envelope, or almost.
  std::string Line(ScanEnvelope envelope) {
    std::string line = Text();
    const bool goes_on = Below(4) == 0;
    const absl::string_view stream = Below(3) == 0 ? "stderr" : "stdout";
    if (envelope == ScanEnvelope::kDocker) {
      line = Escape(line);
      if (!goes_on) line += "\\n";
      line = absl::StrCat("{\"log\":\"", line, "\",\"stream\":\"", stream, "\"");
      if (Below(6) == 0) line += R"(,"attrs":{"a":"st\n","b":"c"})";
      absl::StrAppend(&line, ",\"time\":\"2024-05-01T12:32:30", Below(2) == 0 ? ".4" : "", "Z\"}");
      if (Below(30) == 0) line = absl::StrReplaceAll(line, {{"stdout", "odd"}});
      if (Below(30) == 0) line = R"({"stream":"stdout","time":"2024-05-01T12:32:30Z"})";
      if (Below(30) == 0) line = R"({"time":"2024","stream":"stdout","log":"start vm\n"})";
      if (Below(30) == 0) line = R"({"log":"st","log":"art\n","stream":"stdout","time":"2024"})";
    } else if (envelope == ScanEnvelope::kCri) {
      std::string front = Below(2) == 0 ? "2024-05-01T12:32:30.25" : "2024-05-01T12:32:30";
      front += Below(2) == 0 ? "Z " : "+08:00 ";
      absl::StrAppend(&front, stream, goes_on ? " P" : " F");
      front += Below(4) == 0 ? ":x " : " ";
      line = front + line;
    }
    // Torn, damaged or bare.
    if (Below(12) == 0)
      line.resize(line.size() - static_cast<size_t>(Below(20)) % (line.size() + 1));
    if (Below(12) == 0 && !line.empty()) line.erase(random_() % line.size(), 1);
    if (Below(12) == 0) line = Text();
    return absl::StrReplaceAll(line, {{"\n", ""}});
  }

 private:
  template <size_t N>
  const char* Pick(const char* const (&list)[N]) {
    return list[random_() % N];
  }

  // As Docker's driver escapes, or now and then as another encoder would.
  std::string Escape(const std::string& text) {
    static constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        absl::StrAppend(&out, "\\", std::string(1, c));
      } else if (c == '\r') {
        out += "\\r";
      } else if (c == '/' && Below(2) == 0) {
        out += "\\/";
      } else if (c == '\t' && Below(2) == 0) {
        out += "\\t";
      } else if (byte < 0x20 || absl::StrContains("<>&", std::string(1, c)) ||
                 (byte < 0x80 && Below(30) == 0)) {
        absl::StrAppend(&out, "\\u00", std::string(1, kHex[byte >> 4]),
                        std::string(1, kHex[byte & 15]));
      } else {
        out += c;
      }
    }
    return out;
  }

  std::mt19937 random_;
};

void CheckScanOnEqualsScanOff(uint32_t seed, LineCandidates::AppendSeen seen, int* skipped,
                              int* matched) {
  RandomLog random(seed);
  const ScanEnvelope envelope = static_cast<ScanEnvelope>(random.Below(3));
  std::vector<std::unique_ptr<RE2>> regexes;
  std::vector<std::vector<ScanLiteral>> literals;
  std::vector<uint32_t> every;
  const bool allow_unfiltered = random.Below(4) == 0;
  while (regexes.size() < 4) {
    const std::string regex = random.Regex();
    std::vector<ScanLiteral> required = RequiredLiterals(regex, false);
    if (required.empty() && !allow_unfiltered) continue;
    every.push_back(static_cast<uint32_t>(regexes.size()));
    regexes.push_back(std::make_unique<RE2>(regex));
    literals.push_back(std::move(required));
  }
  auto candidates = LineCandidates::Create(literals, envelope, seen);
  ASSERT_TRUE(candidates.ok()) << candidates.status();
  const auto scratch = (*candidates)->NewScratch();

  Matcher off(&regexes, envelope);
  Matcher on(&regexes, envelope);
  size_t offset = 0;
  for (int blocks = 0; blocks < 3; ++blocks) {
    std::string block;
    const int lines = 1 + random.Below(12);
    for (int i = 0; i < lines; ++i) {
      const std::string line = random.Line(envelope);
      off.Add(line, offset + block.size(), every);
      absl::StrAppend(&block, line, "\n");
    }
    CandidateLines found;
    (*candidates)->Find(block, scratch.get(), &found);
    *skipped += lines - static_cast<int>(found.lines().size());
    for (const CandidateLines::Line& line : found.lines()) {
      std::vector<uint32_t> patterns(found.patterns(line).begin(), found.patterns(line).end());
      const auto& unfiltered = (*candidates)->unfiltered();
      patterns.insert(patterns.end(), unfiltered.begin(), unfiltered.end());
      std::sort(patterns.begin(), patterns.end());
      on.Add(block.substr(line.begin, line.end - line.begin), offset + line.begin,
             line.every_pattern ? every : patterns);
    }
    offset += block.size();
  }
  *matched += static_cast<int>(off.matches.size());
  ASSERT_EQ(on.matches, off.matches) << "seed " << seed;
}

TEST(ScanEqualityTest, ScanOnEqualsScanOff) {
  int skipped = 0;
  int matched = 0;
  for (uint32_t seed = 1; seed <= 4000; ++seed) {
    CheckScanOnEqualsScanOff(seed, nullptr, &skipped, &matched);
    if (HasFatalFailure()) return;
  }
  // The test must have had something to lose.
  EXPECT_GT(skipped, 10000);
  EXPECT_GT(matched, 10000);
}

TEST(ScanEqualityTest, LookingThroughEscapesSkipsMoreLinesAndLosesNone) {
  int before = 0;
  int skipped = 0;
  int matched = 0;
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    if (seed <= 500) CheckScanOnEqualsScanOff(seed, nullptr, &before, &matched);
    CheckScanOnEqualsScanOff(seed, &AppendSeenText, &skipped, &matched);
    if (HasFatalFailure()) return;
  }
  // Of four times as many.
  EXPECT_GT(skipped, 4 * before + before / 3);
}

}  // namespace
}  // namespace tallybell
