// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/where.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/model/field_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "re2/re2.h"
#include "rules/text_fault.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Record = std::map<std::string, std::string>;

bool HoldsFor(const Where& where, const Record& record) {
  return where.Holds([&record](absl::string_view name) -> absl::string_view {
    // A record's fields are found by the one spelling of their names.
    const auto it = std::find_if(record.begin(), record.end(), [name](const auto& field) {
      return FieldName(field.first) == name;
    });
    return it == record.end() ? absl::string_view() : absl::string_view(it->second);
  });
}

bool Holds(absl::string_view text, const Record& record) {
  const absl::StatusOr<Where> where = Where::Parse(text);
  EXPECT_TRUE(where.ok()) << text << ": " << where.status();
  return where.ok() && HoldsFor(*where, record);
}

TEST(WhereTest, ComparesTextsForEquality) {
  const Record record = {{"file", "noise.go"}, {"code", "404"}};
  EXPECT_TRUE(Holds("file == noise.go", record));
  EXPECT_TRUE(Holds("file=='noise.go'", record));
  EXPECT_TRUE(Holds("file != \"other.go\"", record));
  EXPECT_TRUE(Holds("code == 404", record));
  EXPECT_FALSE(Holds("code == 404.0", record));
}

TEST(WhereTest, TakesAnAbsentFieldAsTheEmptyText) {
  EXPECT_TRUE(Holds("user == ''", {}));
  EXPECT_TRUE(Holds("user != root", {}));
  EXPECT_TRUE(Holds("user =~ \".*\"", {}));
  EXPECT_FALSE(Holds("count > 0", {}));
  EXPECT_FALSE(Holds("count <= 0", {}));
}

TEST(WhereTest, AnchorsRegexes) {
  const Record record = {{"file", "vm_start.go"}};
  EXPECT_FALSE(Holds("file =~ vm", record));
  EXPECT_TRUE(Holds("file =~ vm.*", record));
  EXPECT_TRUE(Holds("file !~ vm", record));
  EXPECT_TRUE(Holds("file =~ `vm_\\w+\\.go`", record));
}

TEST(WhereTest, OrdersNumbersDurationsAndSizesIfBothSidesAreThat) {
  EXPECT_TRUE(Holds("n > 9", {{"n", "10"}}));
  EXPECT_TRUE(Holds("n < 9.5", {{"n", "-1e3"}}));
  EXPECT_TRUE(Holds("n >= 9223372036854775807", {{"n", "9223372036854775807"}}));
  EXPECT_FALSE(Holds("n > 9223372036854775806", {{"n", "9223372036854775806"}}));
  EXPECT_TRUE(Holds("took > 1s", {{"took", "1.5s"}}));
  EXPECT_TRUE(Holds("took > 1m30s", {{"took", "100s"}}));
  EXPECT_TRUE(Holds("took > 0", {{"took", "12.5ms"}}));
  EXPECT_TRUE(Holds("took <= 250us", {{"took", "250µs"}}));
  EXPECT_TRUE(Holds("size >= 1KiB", {{"size", "1024"}}));
  EXPECT_TRUE(Holds("size > 1MB", {{"size", "1MiB"}}));
  EXPECT_TRUE(Holds("size > '1 GB'", {{"size", "2 GB"}}));
}

TEST(WhereTest, IsFalseWhereTheSidesHaveNoOrder) {
  for (const absl::string_view op : {"<", "<=", ">", ">="}) {
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5"), {{"n", "five"}})) << op;
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5s"), {{"n", "5kB"}})) << op;
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5"), {{"n", "nan"}})) << op;
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5"), {{"n", "inf"}})) << op;
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5"), {{"n", " 5"}})) << op;
    EXPECT_FALSE(Holds(absl::StrCat("n ", op, " 5"), {{"n", "0x10"}})) << op;
  }
}

TEST(WhereTest, OrdersSeveritiesByGravity) {
  EXPECT_TRUE(Holds("severity >= warning", {{"severity", "error"}}));
  EXPECT_TRUE(Holds("severity >= warn", {{"severity", "warning"}}));
  EXPECT_FALSE(Holds("severity > W", {{"severity", "warning"}}));
  EXPECT_TRUE(Holds("severity < info", {{"severity", "debug"}}));
  EXPECT_TRUE(Holds("severity == err", {{"severity", "error"}}));
  EXPECT_TRUE(Holds("severity != fatal", {{"severity", "unknown"}}));
  EXPECT_TRUE(Holds("severity == unknown", {{"severity", "unknown"}}));
  EXPECT_TRUE(Holds("severity =~ \"warn.*|error\"", {{"severity", "warning"}}));
  for (const absl::string_view op : {"<", "<=", ">", ">="}) {
    EXPECT_FALSE(Holds(absl::StrCat("severity ", op, " info"), {{"severity", "unknown"}})) << op;
  }
}

TEST(WhereTest, BindsNotBeforeAndBeforeOr) {
  const Record record = {{"a", "1"}};
  EXPECT_TRUE(Holds("a == 1 or a == 2 and a == 3", record));
  EXPECT_FALSE(Holds("(a == 1 or a == 2) and a == 3", record));
  EXPECT_FALSE(Holds("not a == 1 and a == 1", record));
  EXPECT_TRUE(Holds("not (a == 1 and a == 2)", record));
  EXPECT_TRUE(Holds("not not a==1", record));
}

TEST(WhereTest, NamesTheFieldsThatItReads) {
  const absl::StatusOr<Where> where = Where::Parse("b.c > 1 and (a-x == y or not b.c < 0)");
  ASSERT_TRUE(where.ok());
  EXPECT_THAT(where->fields(), ElementsAre("a_x", "b_c"));
}

TEST(WhereTest, WritesAllSpellingsOfOneConditionAlike) {
  const auto text = [](absl::string_view written) { return Where::Parse(written)->ToString(); };
  EXPECT_EQ(text("a==b and severity>=WARN"), text(" ( a == 'b' ) and (severity >= \"warning\")"));
  EXPECT_NE(text("a == b"), text("a == c"));
  EXPECT_NE(text("a == b"), text("a =~ b"));
  EXPECT_NE(text("a==b and (c==d or e==f)"), text("a==b and c==d or e==f"));
}

struct BadWhere {
  std::string text;
  size_t offset;
  absl::string_view message;
};

TEST(WhereTest, SaysWhatIsWrongAndWhere) {
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += '(';
  std::string nots;
  for (int i = 0; i < 100'000; ++i) nots += "not ";
  const BadWhere kCases[] = {
      {"", 0, "name of a field"},
      {"a", 1, "expected an operator"},
      {"a = 1", 2, "= is not an operator"},
      {"a ==", 4, "expected a value"},
      {"a == and", 5, "expected a value"},
      {"and == 1", 0, "name of a field"},
      {"a == 1 b == 2", 7, "expected and, or, or the end"},
      {"a == 1 && b == 2", 7, "expected and, or, or the end"},
      {"a == 1 AND b == 2", 7, "expected and, or, or the end"},
      {"a == 1)", 6, "no ( for this )"},
      {"(a == 1", 7, "expected )"},
      {"a == \"x", 5, "no closing"},
      {"a =~ \"x(y\"", 6, "missing )"},
      {"a =~ x\\9", 6, "escape"},
      {"a > many", 4, "needs a number"},
      {"level >= warning", 9, "needs a number"},
      {"severity >= loud", 12, "is not a severity"},
      {"severity == loud", 12, "is not a severity"},
      {"severity >= unknown", 12, "no place in the order"},
      {deep, 50, "more than 50 levels"},
      {nots, 200, "more than 50 levels"},
  };
  for (const BadWhere& c : kCases) {
    const absl::StatusOr<Where> where = Where::Parse(c.text);
    ASSERT_FALSE(where.ok()) << c.text.substr(0, 60);
    EXPECT_THAT(std::string(where.status().message()), HasSubstr(std::string(c.message)));
    EXPECT_EQ(TextFaultOffset(where.status()), c.offset) << c.text.substr(0, 60);
  }
}

TEST(WhereTest, AdvisesTheFieldThatHasAnOrder) {
  EXPECT_THAT(TextFaultAdvice(Where::Parse("level >= warning").status()), HasSubstr("severity"));
  EXPECT_EQ(TextFaultAdvice(Where::Parse("a == 1 && b == 2").status()), "write and");
}

// The second implementation: a tree of closures, built beside the text that is parsed.
using Meaning = std::function<bool(const Record&)>;

struct Generated {
  std::string text;
  Meaning meaning;
};

constexpr const char* kFieldNames[] = {"a", "b.c", "d-e", "severity"};
constexpr const char* kValues[] = {"",    "1",   "2",     "10",   "-1.5", "1s",
                                   "90s", "2m",  "1KiB",  "2kB",  "x",    "y z",
                                   "1.0", "1e1", "error", "info", "0",    "unknown"};
constexpr const char* kSeverities[] = {"debug", "info", "warning", "error", "fatal"};

std::string Get(const Record& record, const std::string& field) {
  const auto it = record.find(field);
  return it == record.end() ? "" : it->second;
}

int Rank(const std::string& severity) {
  for (int i = 0; i < 5; ++i) {
    if (severity == kSeverities[i]) return i;
  }
  return -1;
}

// What the value tables' texts are as numbers, in nanoseconds, in bytes.
struct Meant {
  bool number, duration, size;
  double n, d, s;
};

Meant MeaningOfValue(const std::string& value) {
  static const std::map<std::string, Meant> kMeant = {
      {"1", {true, false, true, 1, 0, 1}},       {"2", {true, false, true, 2, 0, 2}},
      {"10", {true, false, true, 10, 0, 10}},    {"-1.5", {true, false, false, -1.5, 0, 0}},
      {"1s", {false, true, false, 0, 1e9, 0}},   {"90s", {false, true, false, 0, 90e9, 0}},
      {"2m", {false, true, false, 0, 120e9, 0}}, {"1KiB", {false, false, true, 0, 0, 1024}},
      {"2kB", {false, false, true, 0, 0, 2000}}, {"1.0", {true, false, true, 1, 0, 1}},
      {"1e1", {true, false, false, 10, 0, 0}},   {"0", {true, true, true, 0, 0, 0}},
  };
  const auto it = kMeant.find(value);
  return it == kMeant.end() ? Meant{} : it->second;
}

bool Ordered(double a, const std::string& op, double b) {
  if (op == "<") return a < b;
  if (op == "<=") return a <= b;
  if (op == ">") return a > b;
  return a >= b;
}

bool NaiveCompare(const std::string& field, const std::string& op, const std::string& value,
                  const Record& record) {
  const std::string have = Get(record, field);
  if (op == "==") return have == value;
  if (op == "!=") return have != value;
  if (op == "=~") return re2::RE2::FullMatch(have, value);
  if (op == "!~") return !re2::RE2::FullMatch(have, value);
  if (field == "severity") {
    return Rank(have) >= 0 && Ordered(Rank(have), op, Rank(value));
  }
  const Meant a = MeaningOfValue(have), b = MeaningOfValue(value);
  if (a.number && b.number) return Ordered(a.n, op, b.n);
  if (a.duration && b.duration) return Ordered(a.d, op, b.d);
  if (a.size && b.size) return Ordered(a.s, op, b.s);
  return false;
}

class WhereGenerator {
 public:
  explicit WhereGenerator(uint32_t seed) : random_(seed) {}

  size_t Pick(size_t n) { return random_() % n; }

  Generated Expression(int depth) {
    switch (depth == 0 ? 0 : Pick(5)) {
      case 1: {
        Generated inner = Expression(depth - 1);
        return {absl::StrCat("not (", inner.text, ")"),
                [m = inner.meaning](const Record& r) { return !m(r); }};
      }
      case 2:
        return Join(depth, " and ", true);
      case 3:
        return Join(depth, " or ", false);
      default:
        return Comparison();
    }
  }

  Record MakeRecord() {
    Record record;
    for (const char* name : {"a", "b.c", "d-e"}) {
      if (Pick(4) > 0) record[name] = kValues[Pick(std::size(kValues))];
    }
    record["severity"] = Pick(4) == 0 ? "unknown" : kSeverities[Pick(5)];
    return record;
  }

 private:
  Generated Join(int depth, absl::string_view word, bool all) {
    std::vector<Meaning> meanings;
    std::string text;
    for (size_t n = 2 + Pick(3); n > 0; --n) {
      Generated part = Expression(depth - 1);
      absl::StrAppend(&text, text.empty() ? "" : word, "(", part.text, ")");
      meanings.push_back(part.meaning);
    }
    return {text, [meanings, all](const Record& r) {
              for (const Meaning& m : meanings) {
                if (m(r) != all) return !all;
              }
              return all;
            }};
  }

  Generated Comparison() {
    static constexpr const char* kOps[] = {"==", "!=", "=~", "!~", "<", "<=", ">", ">="};
    const std::string field = kFieldNames[Pick(4)];
    const std::string op = kOps[Pick(8)];
    std::string value = field == "severity" ? kSeverities[Pick(5)] : kValues[Pick(18)];
    if (field != "severity" && (op[0] == '<' || op[0] == '>')) {
      static constexpr const char* kQuantities[] = {"0", "1", "10", "-1.5", "90s", "2m", "1KiB"};
      value = kQuantities[Pick(7)];
    }
    const char* const space = Pick(2) == 0 ? " " : "";
    const std::string quoted = value.empty() || value.find(' ') != std::string::npos || Pick(2) == 0
                                   ? absl::StrCat("\"", value, "\"")
                                   : value;
    return {absl::StrCat(field, space[0] == 0 ? " " : space, op, space, quoted),
            [=](const Record& r) { return NaiveCompare(field, op, value, r); }};
  }

  std::mt19937 random_;
};

TEST(WhereTest, AgreesWithANaiveEvaluationOfRandomConditions) {
  constexpr uint32_t kSeed = 20240501;
  WhereGenerator generator(kSeed);
  for (int i = 0; i < 2000; ++i) {
    const Generated generated = generator.Expression(4);
    const absl::StatusOr<Where> where = Where::Parse(generated.text);
    ASSERT_TRUE(where.ok()) << "seed " << kSeed << ": " << generated.text << where.status();
    const absl::StatusOr<Where> again = Where::Parse(where->ToString());
    ASSERT_TRUE(again.ok()) << "seed " << kSeed << ": " << where->ToString();
    EXPECT_EQ(again->ToString(), where->ToString());
    for (int j = 0; j < 10; ++j) {
      const Record record = generator.MakeRecord();
      const bool expected = generated.meaning(record);
      ASSERT_EQ(HoldsFor(*where, record), expected) << "seed " << kSeed << ": " << generated.text
                                                    << " for " << testing::PrintToString(record);
      ASSERT_EQ(HoldsFor(*again, record), expected) << "seed " << kSeed << ": " << generated.text;
    }
  }
}

TEST(WhereTest, SurvivesRandomTexts) {
  constexpr uint32_t kSeed = 7;
  constexpr absl::string_view kParts[] = {
      "a",    "severity", "==",  "!=", "=~", "<",  ">=", "and",     "or", "not",
      "(",    ")",        "\"",  "'",  "`",  "\\", "1s", "warning", " ",  "5KB",
      "\xff", "[",        "{2}", "=",  "\n", "*",  ".",  "-"};
  std::mt19937 random(kSeed);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) {
      absl::StrAppend(&text, kParts[random() % std::size(kParts)], random() % 2 == 0 ? " " : "");
    }
    const absl::StatusOr<Where> where = Where::Parse(text);
    if (!where.ok()) {
      ASSERT_LE(TextFaultOffset(where.status()), text.size()) << "seed " << kSeed << ": " << text;
      continue;
    }
    HoldsFor(*where, {{"a", "1s"}, {"severity", "warning"}});
  }
}

}  // namespace
}  // namespace tallybell
