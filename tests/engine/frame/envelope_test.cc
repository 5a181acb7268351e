// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// What an unwrapped line says, as one text.
std::string Describe(const EnvelopedLine& line) {
  return absl::StrCat(
      "[", line.text, "] ", line.stream, line.partial ? " partial" : "",
      line.malformed ? " malformed" : "",
      line.time == kNoTime ? "" : absl::StrCat(" ", FormatRfc3339(line.time)),
      line.utc_offset_seconds == 0 ? "" : absl::StrCat(" ", line.utc_offset_seconds));
}

// Unwraps from memory of exactly that size, so that a sanitizer sees a read beyond its end.
std::string Unwrapped(EnvelopeKind kind, absl::string_view line) {
  std::unique_ptr<char[]> exact(new char[line.size()]);
  if (!line.empty()) std::memcpy(exact.get(), line.data(), line.size());
  std::string scratch = "left over";
  return Describe(Unwrap(kind, absl::string_view(exact.get(), line.size()), &scratch));
}

std::string Docker(absl::string_view line) { return Unwrapped(EnvelopeKind::kDocker, line); }
std::string Cri(absl::string_view line) { return Unwrapped(EnvelopeKind::kCri, line); }

TEST(DockerEnvelopeTest, GivesTextStreamAndTime) {
  EXPECT_EQ(Docker(R"({"log":"a line\n","stream":"stderr","time":"2026-11-21T07:57:29.1Z"})"),
            "[a line] stderr 2026-11-21T07:57:29.100000000Z");
}

TEST(DockerEnvelopeTest, CopiesNothingWhereTheNewlineIsTheOnlyEscape) {
  const absl::string_view line =
      R"({"log":"a line\n","stream":"stdout","time":"2026-11-21T07:57:29Z"})";
  std::string scratch;
  const EnvelopedLine unwrapped = Unwrap(EnvelopeKind::kDocker, line, &scratch);
  EXPECT_EQ(unwrapped.text.data(), line.data() + 8);
  EXPECT_TRUE(scratch.empty());
}

TEST(DockerEnvelopeTest, DecodesEscapes) {
  EXPECT_EQ(
      Docker(R"({"log":"\"q\" \\ \/ \u0009\t\u001b[0m \u003c \u00e9 \u65e5 \ud83d\ude00\n"})"),
      "[\"q\" \\ / \t\t\x1B[0m < \u00e9 \u65e5 \U0001F600] ");
}

TEST(DockerEnvelopeTest, EscapesThatMeanNothingAndLoneSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(Docker(R"({"log":"\x \u12g4 \ud83d \ude00 \ud83d\u0041 \ud83dx\n"})"),
            "[\uFFFD \uFFFD12g4 \uFFFD \uFFFD \uFFFDA \uFFFDx] ");
}

TEST(DockerEnvelopeTest, ALineWithoutItsNewlineIsPartial) {
  EXPECT_EQ(Docker(R"({"log":"a pie","stream":"stdout","time":"2026-11-21T07:57:29Z"})"),
            "[a pie] stdout partial 2026-11-21T07:57:29.000000000Z");
  EXPECT_EQ(Docker(R"({"log":"a \"pie\"","stream":"stdout"})"), "[a \"pie\"] stdout partial");
}

TEST(DockerEnvelopeTest, ALineWithoutLogIsEmpty) {
  EXPECT_EQ(Docker(R"({"stream":"stdout","time":"2026-11-21T07:57:29Z"})"),
            "[] stdout 2026-11-21T07:57:29.000000000Z");
}

TEST(DockerEnvelopeTest, TakesKeysInAnyOrderAndPassesOverOthers) {
  EXPECT_EQ(Docker(R"( { "time" : "2026-11-21T07:57:29Z" , "attrs":{"a":["}",{"b":1}]},"n":-1e3,)"
                   R"("t":true , "s":"x\"y", "stream":"stdout","log":"a\n" } )"),
            "[a] stdout 2026-11-21T07:57:29.000000000Z");
}

TEST(DockerEnvelopeTest, WhatIsNotItsJsonIsALineAsItCame) {
  for (const std::string line :
       {"", "plain", "{", "{}", R"({"log":"a\n")", R"({"log":"a\n"}x)", R"({"log":5})",
        R"({"log":"a)", R"({"log":"a\"})", R"({"level":"info","msg":"x"})", R"(["log"])",
        R"({"log":"a\n",})", R"({"x":[1,2})", R"({"x":{"y":1)", R"({"stream":"stdout"})"}) {
    EXPECT_EQ(Docker(line), absl::StrCat("[", line, "]  malformed"));
  }
}

TEST(DockerEnvelopeTest, AWrongTimeOrStreamLosesOnlyThat) {
  EXPECT_EQ(Docker(R"({"log":"a\n","stream":"stdin","time":"yesterday"})"), "[a] ");
}

// The second implementation: a real JSON parser.
TEST(DockerEnvelopeTest, AgreesWithAJsonParserOnAlteredLines) {
  static constexpr absl::string_view kLines[] = {
      R"({"log":"E0501 12:32:30.426698 341 c.go:114] can't \"start\" vm\n","stream":"stderr","time":"2026-11-21T07:57:29.1Z"})",
      R"({"log":"\u003ca\u00e9\\\t\ud83d\ude00 b","stream":"stdout","attrs":{"k":["v",{"w":null}]},"time":"2026-11-21T07:57:29Z"})",
      R"({"stream":"stdout","x":1.5,"time":"2026-11-21T07:57:29Z"})"};
  static constexpr absl::string_view kCharacters = "\"\\{}[],: nu0dlogx8f";
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  int valid = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string line(kLines[random() % std::size(kLines)]);
    for (uint32_t changes = random() % 4; changes > 0; --changes) {
      const size_t at = random() % line.size();
      const char c = kCharacters[random() % kCharacters.size()];
      if (random() % 3 == 0) line.insert(at, 1, c);
      if (random() % 3 == 0) line[at] = c;
      if (random() % 3 == 0) line.erase(at, 1);
    }
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", case ", i, ": ", line));
    const std::string unwrapped = Docker(line);
    const absl::StatusOr<Json> json = ParseJson(line);
    // What the parser refuses must only not crash; the scanner forgives more.
    if (!json.ok() || !json->is_object()) continue;
    std::string expected = absl::StrCat("[", line, "]  malformed");
    const auto text_or_absent = [&json](const char* key) {
      return !json->contains(key) || (*json)[key].is_string();
    };
    const bool is_line = json->contains("log") || json->contains("time");
    if (is_line && text_or_absent("log") && text_or_absent("stream") && text_or_absent("time")) {
      ++valid;
      EnvelopedLine line_of_json;
      const std::string log = json->value("log", std::string("\n"));
      const std::string stream = json->value("stream", std::string());
      const absl::StatusOr<TimeNs> time = ParseRfc3339(json->value("time", std::string()));
      line_of_json.partial = !absl::EndsWith(log, "\n");
      line_of_json.text = log;
      if (!line_of_json.partial) line_of_json.text.remove_suffix(1);
      if (stream == "stdout" || stream == "stderr") line_of_json.stream = stream;
      if (time.ok()) line_of_json.time = *time;
      expected = Describe(line_of_json);
    }
    // A key that an escape spells, or that comes twice, is nothing that the driver writes.
    if (absl::StrContains(unwrapped, "malformed") != absl::StrContains(expected, "malformed") &&
        absl::StrContains(line.substr(0, line.find("\"log\"")), "\\")) {
      continue;
    }
    ASSERT_EQ(unwrapped, expected);
  }
  EXPECT_GT(valid, 20'000);
}

TEST(CriEnvelopeTest, GivesTextStreamTimeAndOffset) {
  EXPECT_EQ(Cri("2023-08-18T10:47:25.111490788+08:00 stderr F {\"level\":\"warn\"}"),
            "[{\"level\":\"warn\"}] stderr 2023-08-18T02:47:25.111490788Z 28800");
  EXPECT_EQ(Cri("2023-08-18T10:47:25-07:30 stdout F  two spaces"),
            "[ two spaces] stdout 2023-08-18T18:17:25.000000000Z -27000");
}

TEST(CriEnvelopeTest, KnowsPiecesByTheirFirstTag) {
  EXPECT_EQ(Cri("2026-11-21T07:57:29Z stdout P a pie"),
            "[a pie] stdout partial 2026-11-21T07:57:29.000000000Z");
  EXPECT_EQ(Cri("2026-11-21T07:57:29Z stdout P:x:y a pie"),
            "[a pie] stdout partial 2026-11-21T07:57:29.000000000Z");
  EXPECT_EQ(Cri("2026-11-21T07:57:29Z stdout F:P ce"),
            "[ce] stdout 2026-11-21T07:57:29.000000000Z");
}

TEST(CriEnvelopeTest, TheTextMayBeEmpty) {
  EXPECT_EQ(Cri("2026-11-21T07:57:29Z stdout F "), "[] stdout 2026-11-21T07:57:29.000000000Z");
  EXPECT_EQ(Cri("2026-11-21T07:57:29Z stdout F"), "[] stdout 2026-11-21T07:57:29.000000000Z");
}

TEST(CriEnvelopeTest, WhatDoesNotWearItIsALineAsItCame) {
  for (const std::string line :
       {"", " ", "plain", "2026-11-21T07:57:29Z", "2026-11-21T07:57:29Z stdout",
        "2026-11-21T07:57:29Z stdin F a", "2026-11-21T07:57:29Z stdout X a",
        "2026-13-21T07:57:29Z stdout F a", "2026-11-21 07:57:29Z stdout F a",
        "panic: no stdout F"}) {
    EXPECT_EQ(Cri(line), absl::StrCat("[", line, "]  malformed"));
  }
}

TEST(EnvelopeTest, WithoutOneTheLineIsTheText) {
  EXPECT_EQ(Unwrapped(EnvelopeKind::kNone, "{\"log\":\"a\"}"), "[{\"log\":\"a\"}] ");
}

std::vector<std::string> LinesOf(const std::string& name) {
  std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/", name));
  EXPECT_TRUE(file.is_open()) << name;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST(EnvelopeTest, BothRuntimesWrapTheSameLines) {
  const std::vector<std::string> plain = LinesOf("anka/all_glog_lines.log");
  const std::vector<std::string> docker = LinesOf("wrapped/derived_docker_json_anka_glog.log");
  const std::vector<std::string> cri = LinesOf("wrapped/derived_cri_anka_glog.log");
  ASSERT_EQ(docker.size(), plain.size());
  ASSERT_EQ(cri.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    std::string scratch;
    const EnvelopedLine from_docker = Unwrap(EnvelopeKind::kDocker, docker[i], &scratch);
    EXPECT_EQ(from_docker.text, plain[i]);
    std::string unused;
    const EnvelopedLine from_cri = Unwrap(EnvelopeKind::kCri, cri[i], &unused);
    EXPECT_EQ(from_cri.text, plain[i]);
    EXPECT_EQ(from_cri.time, from_docker.time);
    EXPECT_EQ(from_cri.stream, from_docker.stream);
  }
}

}  // namespace
}  // namespace tallybell
