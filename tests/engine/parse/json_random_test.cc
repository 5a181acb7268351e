// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Real lines of JSON with faults put into them, against a slow reader and a library.

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/base/utf8.h"
#include "engine/parse/json_format.h"
#include "gtest/gtest.h"
#include "tests/engine/parse/json_oracle.h"

namespace tallybell {
namespace {

std::vector<std::string> SampleLines() {
  std::vector<std::string> lines;
  for (const char* name : {"zap/zap_json_epoch.log", "zap/zap_json_rfc3339nano.log",
                           "logrus/logrus_json.log", "etcd/etcd34_zap_warn.stderr.log"}) {
    std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/", name));
    EXPECT_TRUE(file.is_open()) << name;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  lines.insert(
      lines.end(),
      {R"({"a":{"b":{"c":[1,{"d":2}],"e":null},"e":-0.5e-3},"a_e":7,"a.b":{}, "x" : [ ] })",
       R"({"\u006dsg":"\ud83d\ude00 \/ \ud83d","log":{"level":"warn","file":{"line":1}},"time":""})",
       R"({"message":{"x":true},"msg":false,"caller":"a/b/c.go:12","caller":"d.go:3","line":null})",
       R"({"log":"text","level":30,"t":5,"date":"2024-05-01","timestamp":"2024-05-01T12:32:30Z"})",
       "{\"\":1,\"é\":\"\xff\xfe\",\"k "
       "k\":{\"\":{\"\":2}},\"k_k\":3,\"n\":12345678901234567890123}",
       absl::StrCat("{\"", std::string(250, 'k'), "\":{\"sixsix\":1,\"fives\":{\"a\":1}}}")});
  return lines;
}

// A line with up to four faults.
std::string Mutated(const std::vector<std::string>& lines, std::mt19937& random) {
  static constexpr absl::string_view kPieces[] = {
      "{",     "}",    "[",    "]",    ":",  ",",  "\"",       "\\",
      "\\u12", "0",    "-",    ".",    "e",  "E+", "1",        " ",
      "\t",    "null", "true", "fals", "{}", "[]", "\"a\":1,", ",\"level\":\"info\"",
      "\xc3",  "\x01", "9e9"};
  std::string line = lines[random() % lines.size()];
  for (size_t faults = random() % 5; faults > 0 && !line.empty(); --faults) {
    const size_t at = random() % line.size();
    const absl::string_view piece = kPieces[random() % std::size(kPieces)];
    switch (random() % 6) {
      case 0:
        line[at] = static_cast<char>(random());
        break;
      case 1:
        line.insert(at, piece.data(), piece.size());
        break;
      case 2:
        line.erase(at, 1 + random() % 4);
        break;
      case 3:
        line.resize(at);
        break;
      case 4:
        line.replace(at, 1, piece.data(), piece.size());
        break;
      default:
        line.insert(at, line.substr(random() % line.size(), random() % 40));
    }
  }
  return line;
}

void ParseExactly(const std::string& text, const WantedFields& wanted, ParsedLine* parsed,
                  std::unique_ptr<char[]>* memory) {
  // Memory of exactly that size, so that a sanitizer sees a read beyond its end.
  memory->reset(new char[text.size()]);
  std::memcpy(memory->get(), text.data(), text.size());
  ParseJsonLine(absl::string_view(memory->get(), text.size()), wanted, parsed);
}

// The fields that the line should have where all are wanted, as one text.
std::string AllOf(const JsonOracle& oracle) {
  std::vector<std::pair<std::string, std::string>> fields;
  const auto add = [&fields](const std::string& name, const std::string& value) {
    for (const auto& field : fields) {
      if (field.first == name) return false;
    }
    fields.emplace_back(name, value);
    return true;
  };
  for (const JsonOracle::Entry& entry : oracle.entries()) {
    if (!entry.full_object) add(entry.name, entry.value);
  }
  std::string out;
  for (const auto& field : fields) absl::StrAppend(&out, field.first, "=", field.second, "\n");
  return out;
}

bool IsDerived(const Field& field, const JsonOracle& oracle) {
  const JsonOracle::Entry* own = oracle.Find(std::string(field.name));
  return (field.name == "message" || field.name == "file" || field.name == "line") &&
         (own == nullptr || own->full_object);
}

void ExpectSameFields(const std::string& text, const JsonOracle& oracle, std::mt19937& random) {
  std::unique_ptr<char[]> memory;
  ParsedLine parsed;
  ParseExactly(text, WantedFields::All(), &parsed, &memory);
  std::string all;
  for (const Field& field : parsed.fields.all()) {
    if (!IsDerived(field, oracle)) absl::StrAppend(&all, field.name, "=", field.value, "\n");
  }
  ASSERT_EQ(all, AllOf(oracle)) << text;
  if (oracle.entries().empty()) return;
  const std::string name = oracle.entries()[random() % oracle.entries().size()].name;
  WantedFields one;
  one.Add(name);
  ParsedLine parsed_one;
  ParseExactly(text, one, &parsed_one, &memory);
  ASSERT_EQ(parsed_one.fields.all().size(), 1u) << text;
  ASSERT_EQ(parsed_one.fields.Get(name), oracle.Find(name)->value) << name << " in " << text;
}

TEST(JsonRandomTest, BrokenLinesAreFoundOutAndTheOthersHaveTheirFields) {
  constexpr uint32_t kSeed = 20240504;
  SCOPED_TRACE(absl::StrCat("seed ", kSeed));
  std::mt19937 random(kSeed);
  const std::vector<std::string> lines = SampleLines();
  int valid = 0;
  int broken = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = Mutated(lines, random);
    if (text.empty() || text[0] != '{') continue;
    const JsonOracle oracle(text);
    std::unique_ptr<char[]> memory;
    ParsedLine parsed;
    ParseExactly(text, WantedFields(), &parsed, &memory);
    ASSERT_EQ(parsed.kind, ParsedLine::Kind::kRecord);
    ASSERT_EQ(parsed.malformed, !oracle.valid()) << text;
    ASSERT_TRUE(parsed.fields.all().empty());
    // The library knows no limit of depth; it refuses bytes that are not UTF-8, surrogates that are
    // alone, and numbers that no double can hold.
    const bool theirs = Json::accept(text);
    const bool excused = ValidUtf8Prefix(text) != text.size() || oracle.has_huge_number() ||
                         absl::StrContains(text, "\\ud") || absl::StrContains(text, "\\uD");
    ASSERT_TRUE(theirs == oracle.valid() || (oracle.valid() && excused)) << text;
    if (!oracle.valid()) {
      ++broken;
      ASSERT_FALSE(parsed.stamp.has_value());
      ASSERT_EQ(parsed.severity, Severity::kUnknown);
      continue;
    }
    ++valid;
    ExpectSameFields(text, oracle, random);
  }
  EXPECT_GT(valid, 3000);
  EXPECT_GT(broken, 3000);
}

TEST(JsonRandomTest, ALineCutAnywhereIsMalformedAndStatesNothing) {
  for (const std::string& line : SampleLines()) {
    for (size_t size = 1; size < line.size(); ++size) {
      std::unique_ptr<char[]> memory;
      ParsedLine parsed;
      const std::string cut = line.substr(0, size);
      if (JsonOracle(cut).valid()) continue;  // white space was cut off
      ParseExactly(cut, WantedFields::All(), &parsed, &memory);
      ASSERT_TRUE(parsed.malformed) << cut;
      ASSERT_FALSE(parsed.stamp.has_value());
      ASSERT_EQ(parsed.severity, Severity::kUnknown);
      ASSERT_TRUE(parsed.fields.all().empty());
    }
  }
}

}  // namespace
}  // namespace tallybell
