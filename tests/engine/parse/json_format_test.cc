// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/json_format.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/parse/line_format.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using Kind = ParsedLine::Kind;

std::string TimeOf(absl::string_view text) {
  ParsedLine line;
  ParseJsonLine(text, WantedFields(), &line);
  EXPECT_EQ(line.kind, Kind::kRecord) << text;
  EXPECT_FALSE(line.malformed) << text;
  if (!line.stamp.has_value()) return "none";
  const Stamp& stamp = *line.stamp;
  if (stamp.instant != kNoTime) return FormatRfc3339(stamp.instant);
  return absl::StrFormat("%04d-%02d-%02d %02d:%02d:%02d.%09d %s", stamp.year, stamp.month,
                         stamp.day, stamp.hour, stamp.minute, stamp.second, stamp.nanos,
                         stamp.has_zone ? absl::StrCat(stamp.utc_offset_seconds) : "no zone");
}

absl::string_view SeverityOf(absl::string_view text) {
  ParsedLine line;
  ParseJsonLine(text, WantedFields(), &line);
  EXPECT_FALSE(line.malformed) << text;
  return SeverityName(line.severity);
}

std::string FieldsOf(absl::string_view text, const WantedFields& wanted) {
  ParsedLine line;
  ParseJsonLine(text, wanted, &line);
  EXPECT_FALSE(line.malformed) << text;
  std::vector<std::string> fields;
  for (const Field& field : line.fields.all()) {
    fields.push_back(absl::StrCat(field.name, "=", field.value));
  }
  std::sort(fields.begin(), fields.end());
  return absl::StrJoin(fields, " ");
}

std::string FieldsOf(absl::string_view text, const std::vector<std::string>& names) {
  WantedFields wanted;
  for (const std::string& name : names) wanted.Add(name);
  return FieldsOf(text, wanted);
}

bool IsMalformed(absl::string_view text) {
  ParsedLine line;
  ParseJsonLine(text, WantedFields::All(), &line);
  EXPECT_EQ(line.kind, Kind::kRecord) << text;
  if (line.malformed) {
    EXPECT_FALSE(line.stamp.has_value());
    EXPECT_EQ(line.severity, Severity::kUnknown);
    EXPECT_TRUE(line.fields.all().empty());
  }
  return line.malformed;
}

TEST(JsonFormatTest, IsARowOfTheTable) {
  ASSERT_NE(FindLineFormat("json"), nullptr);
  EXPECT_EQ(FindLineFormat("zap"), FindLineFormat("json"));
  EXPECT_EQ(FindLineFormat("json")->parse, &ParseJsonLine);
}

TEST(JsonFormatTest, ALineThatDoesNotBeginWithABraceIsAContinuation) {
  for (const char* text : {"", " {\"level\":\"info\"}", "[1]", "text {\"a\":1}", "\"a\"", "}"}) {
    ParsedLine line;
    ParseJsonLine(text, WantedFields::All(), &line);
    EXPECT_EQ(line.kind, Kind::kContinuation) << text;
    EXPECT_FALSE(line.malformed) << text;
  }
}

TEST(JsonFormatTest, WhatBeginsAsAnObjectAndIsNoneIsMalformed) {
  for (const char* text : {"{",
                           "{}{}",
                           "{} x",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":01}",
                           "{\"a\":1.}",
                           "{\"a\":.5}",
                           "{\"a\":+1}",
                           "{\"a\":-}",
                           "{\"a\":1e}",
                           "{\"a\":nul}",
                           "{\"a\":True}",
                           "{\"a\":NaN}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\t\"}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":{\"b\":1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"level\":\"info\",\"ts\":\"2024-05-01T00:00:00Z\",\"msg\":... }",
                           "{\"a\":\"b}"}) {
    EXPECT_TRUE(IsMalformed(text)) << text;
  }
  EXPECT_TRUE(IsMalformed(absl::string_view("{\"a\":1}\0", 8)));
  EXPECT_TRUE(IsMalformed(absl::string_view("{\0}", 3)));
}

TEST(JsonFormatTest, WhiteSpaceAndOddTextWithinQuotesAreFine) {
  for (const char* text : {"{}", "{ }  ", "{\t\"a\" :\r\n [ ] , \"b\" : { } }\r", "{\"\":\"\"}",
                           "{\"a\":\"\xff\xfe\",\"b\":\"\\ud800\",\"c\":1e999}",
                           "{\"a\":-0,\"b\":-0.0E-0,\"c\":1e+5}"}) {
    EXPECT_FALSE(IsMalformed(text)) << text;
  }
}

TEST(JsonFormatTest, SixtyFourObjectsInsideEachOtherAreNotTooMany) {
  const auto nested = [](int depth) {
    std::string text = "1";
    for (int i = 0; i < depth; ++i) {
      text = i % 2 == 1 || i == depth - 1 ? absl::StrCat("{\"a\":", text, "}")
                                          : absl::StrCat("[", text, "]");
    }
    return text;
  };
  EXPECT_FALSE(IsMalformed(nested(64)));
  EXPECT_TRUE(IsMalformed(nested(65)));
  std::string objects = "1";
  for (int i = 0; i < 64; ++i) objects = absl::StrCat("{\"a\":", objects, "}");
  EXPECT_FALSE(IsMalformed(objects));
  EXPECT_TRUE(IsMalformed(absl::StrCat("{\"a\":", objects, "}")));
  EXPECT_TRUE(IsMalformed(std::string(200'000, '{')));
  EXPECT_TRUE(IsMalformed(absl::StrCat("{\"a\":", std::string(200'000, '['))));
}

TEST(JsonFormatTest, ReadsTheWaysInWhichTimesAreWritten) {
  EXPECT_EQ(TimeOf(R"({"ts":"2026-11-21T07:57:48.446Z"})"), "2026-11-21 07:57:48.446000000 0");
  EXPECT_EQ(TimeOf(R"({"ts":"2022-03-13T17:21:30.783-0700"})"),
            "2022-03-13 17:21:30.783000000 -25200");
  EXPECT_EQ(TimeOf(R"({"time":"2021-03-22T15:19:17-04:00"})"),
            "2021-03-22 15:19:17.000000000 -14400");
  EXPECT_EQ(TimeOf(R"({"timestamp":"2024-01-15T10:30:00Z"})"), "2024-01-15 10:30:00.000000000 0");
  EXPECT_EQ(TimeOf(R"({"asctime":1,"time":"2024-05-01 12:32:30,426"})"),
            "2024-05-01 12:32:30.426000000 no zone");
  EXPECT_EQ(TimeOf(R"({"date":"2022\/04\/25 16:22:44"})"), "2022-04-25 16:22:44.000000000 no zone");
  EXPECT_EQ(TimeOf(R"({"ts":1646315443.450814})"), "2022-03-03T13:50:43.450814000Z");
  EXPECT_EQ(TimeOf(R"({"ts":1.7952486231177404e+09})"), "2026-11-21T08:10:23.117740400Z");
  EXPECT_EQ(TimeOf(R"({"time":1795248623116413113})"), "2026-11-21T08:10:23.116413113Z");
  EXPECT_EQ(TimeOf(R"({"time":"1795248623116"})"), "2026-11-21T08:10:23.116000000Z");
}

TEST(JsonFormatTest, ReadsWhatGoPrintsForATime) {
  EXPECT_EQ(TimeOf(R"({"time":"2022-05-12 16:22:10.580581 -0400 EDT m=+2417.079147039"})"),
            "2022-05-12 16:22:10.580581000 -14400");
  EXPECT_EQ(TimeOf(R"({"time":"2022-05-12 16:22:10 +0000 UTC"})"),
            "2022-05-12 16:22:10.000000000 0");
  EXPECT_EQ(TimeOf(R"({"time":"2022-05-12 16:22:10 +0330 +0330 m=-0.5"})"),
            "2022-05-12 16:22:10.000000000 12600");
  EXPECT_EQ(TimeOf(R"({"time":"2022-05-12T16:22:10Z m=+2417.07"})"),
            "2022-05-12 16:22:10.000000000 0");
  for (const char* text :
       {R"({"time":"2022-05-12 16:22:10 and more"})", R"({"time":"2022-05-12 16:22:10Z -0400"})",
        R"({"time":"2022-05-12 16:22:10 m=+1 or so"})", R"({"time":"2022-05-12 16:22:10 -04"})",
        R"({"time":"2022-05-12 16:22:10 "})", R"({"time":"2022-05-12 16:22:10 -0400EDT"})",
        R"({"time":"2022-05-12 16:22:10 -0400 E D"})", R"({"time":"at 2022-05-12 16:22:10"})"}) {
    EXPECT_EQ(TimeOf(text), "none") << text;
  }
}

TEST(JsonFormatTest, TheFirstKeyThatHoldsATimeCounts) {
  for (const char* key : {"ts", "time", "timestamp", "@timestamp", "t", "datetime", "date",
                          "eventTime", "Time", "Timestamp", "TS", "eventtime", "\\u0074s"}) {
    EXPECT_EQ(TimeOf(absl::StrCat("{\"", key, "\":1795248623}")), "2026-11-21T08:10:23.000000000Z")
        << key;
  }
  EXPECT_EQ(TimeOf(R"({"time":1795248623,"ts":1795248624})"), "2026-11-21T08:10:23.000000000Z");
  EXPECT_EQ(TimeOf(R"({"time":"now","ts":1795248624})"), "2026-11-21T08:10:24.000000000Z");
  EXPECT_EQ(TimeOf(R"({"a":{"ts":1795248623},"when":1795248623,"ts2":1795248623})"), "none");
  EXPECT_EQ(TimeOf(R"({"ts":null,"time":true,"t":{},"date":[1795248623]})"), "none");
}

TEST(JsonFormatTest, ASmallNumberIsADurationAndNoTime) {
  EXPECT_EQ(TimeOf(R"({"t":12,"time":0.25,"date":20240501,"ts":99999999.9})"), "none");
  EXPECT_EQ(TimeOf(R"({"t":"12"})"), "none");
  EXPECT_EQ(TimeOf(R"({"t":-1795248623})"), "none");
  EXPECT_EQ(TimeOf(R"({"ts":100000000})"), "1973-03-03T09:46:40.000000000Z");
}

TEST(JsonFormatTest, KnowsTheLevelsOfEachLibrary) {
  for (const char* key : {"level", "severity", "lvl", "loglevel", "log_level", "levelname",
                          "log.level", "Level", "LogLevel", "LEVEL"}) {
    EXPECT_EQ(SeverityOf(absl::StrCat("{\"", key, "\":\"warn\"}")), "warning") << key;
  }
  EXPECT_EQ(SeverityOf(R"({"level":"INFO+2"})"), "info");
  EXPECT_EQ(SeverityOf(R"({"level":"DEBUG-4"})"), "debug");
  EXPECT_EQ(SeverityOf(R"({"level":"ERROR+4"})"), "error");
  EXPECT_EQ(SeverityOf(R"({"level":"dpanic"})"), "fatal");
  EXPECT_EQ(SeverityOf(R"({"levelname":"WARNING "})"), "warning");
  EXPECT_EQ(SeverityOf(R"({"severity":"NOTICE"})"), "info");
  EXPECT_EQ(SeverityOf(R"({"severity":"odd","level":"error"})"), "error");
  EXPECT_EQ(SeverityOf(R"({"level":"odd"})"), "unknown");
  EXPECT_EQ(SeverityOf(R"({"a":{"level":"error"}})"), "unknown");
}

TEST(JsonFormatTest, KnowsTheNumbersOfPino) {
  const struct {
    const char* number;
    const char* severity;
  } kTable[] = {{"10", "debug"},     {"20", "debug"},     {"30", "info"},    {"35", "info"},
                {"40", "warning"},   {"50", "error"},     {"60", "fatal"},   {"70", "unknown"},
                {"3", "unknown"},    {"300", "unknown"},  {"-4", "unknown"}, {"3.0", "unknown"},
                {"true", "unknown"}, {"null", "unknown"}, {"[]", "unknown"}, {"{}", "unknown"}};
  for (const auto& row : kTable) {
    EXPECT_EQ(SeverityOf(absl::StrCat("{\"level\":", row.number, "}")), row.severity) << row.number;
  }
}

TEST(JsonFormatTest, KnowsTheLevelWithinLog) {
  EXPECT_EQ(SeverityOf(R"({"log":{"level":"error","logger":"a"}})"), "error");
  EXPECT_EQ(SeverityOf(R"({"log":"text"})"), "unknown");
  EXPECT_EQ(SeverityOf(R"({"log":{"level":"error"},"level":"info"})"), "info");
}

TEST(JsonFormatTest, WantedFieldsAloneAreDecoded) {
  const char* const text =
      R"({"level":"warn","msg":"a \"b\"\nc","n":11249020940439591963,"f":1.50,"ok":true,"no":null})";
  EXPECT_EQ(FieldsOf(text, WantedFields()), "");
  EXPECT_EQ(FieldsOf(text, {"n"}), "n=11249020940439591963");
  EXPECT_EQ(FieldsOf(text, {"f", "ok", "no", "missing"}), "f=1.50 ok=true");
  EXPECT_EQ(FieldsOf(text, {"msg", "message"}), "message=a \"b\"\nc msg=a \"b\"\nc");
  EXPECT_EQ(FieldsOf(text, WantedFields::All()),
            "f=1.50 level=warn message=a \"b\"\nc msg=a \"b\"\nc n=11249020940439591963 ok=true");
}

TEST(JsonFormatTest, WhatStandsWithinObjectsIsFoundByAllNames) {
  const char* const text =
      R"({"request":{"id":"x","user-agent":"curl","a":{"b":[1, 2]},"none":null},"request.size":3})";
  EXPECT_EQ(FieldsOf(text, {"request.id", "request-user_agent"}),
            "request_id=x request_user_agent=curl");
  EXPECT_EQ(FieldsOf(text, {"request.a.b", "request_size"}), "request_a_b=[1, 2] request_size=3");
  EXPECT_EQ(FieldsOf(text, {"request.a"}), "request_a={\"b\":[1, 2]}");
  EXPECT_EQ(FieldsOf(text, {"id", "b", "a", "request_none", "request_"}), "");
  EXPECT_EQ(FieldsOf(text, WantedFields::All()),
            "request_a_b=[1, 2] request_id=x request_size=3 request_user_agent=curl");
  EXPECT_EQ(FieldsOf(R"({"a":[{"b":1}],"e":{}})", WantedFields::All()), "a=[{\"b\":1}] e={}");
}

TEST(JsonFormatTest, TheFirstKeyOfANameCounts) {
  EXPECT_EQ(FieldsOf(R"({"a":null,"a":1,"a":2})", {"a"}), "a=1");
  EXPECT_EQ(FieldsOf(R"({"a":{"b":1},"a_b":2,"a.b":3})", {"a_b"}), "a_b=1");
  EXPECT_EQ(FieldsOf(R"({"a.b":3,"a":{"b":1}})", WantedFields::All()), "a_b=3");
  EXPECT_EQ(FieldsOf(R"({"\u0061":1,"a":2})", WantedFields::All()), "a=1");
}

TEST(JsonFormatTest, TheMessageIsWhateverItsKeyIs) {
  EXPECT_EQ(FieldsOf(R"({"msg":"a"})", {"message"}), "message=a");
  EXPECT_EQ(FieldsOf(R"({"Message":"a"})", {"message"}), "message=a");
  EXPECT_EQ(FieldsOf(R"({"log":"a"})", {"message"}), "message=a");
  EXPECT_EQ(FieldsOf(R"({"log":{"x":1},"msg":7})", {"message"}), "message=7");
  EXPECT_EQ(FieldsOf(R"({"msg":"a","message":"b"})", {"message"}), "message=b");
  EXPECT_EQ(FieldsOf(R"({"msg":null,"log":"c"})", {"message"}), "message=c");
}

TEST(JsonFormatTest, TheCallerIsAFileAndALine) {
  const char* const zap = R"({"caller":"v3@v3.5.18/maintenance.go:212"})";
  EXPECT_EQ(FieldsOf(zap, {"file", "line", "caller"}),
            "caller=v3@v3.5.18/maintenance.go:212 file=maintenance.go line=212");
  EXPECT_EQ(FieldsOf(zap, {"line"}), "line=212");
  EXPECT_EQ(FieldsOf(R"({"caller":"a.go:1","file":"b.go","line":9})", {"file", "line"}),
            "file=b.go line=9");
  EXPECT_EQ(FieldsOf(R"({"caller":"main"})", {"file", "line"}), "");
  EXPECT_EQ(FieldsOf(R"({"caller":"a.go:"})", {"file", "line"}), "");
  EXPECT_EQ(FieldsOf(R"({"caller":12})", {"file", "line"}), "");
}

TEST(JsonFormatTest, ANameThatIsLongerThanAnyoneAsksForIsNoField) {
  const std::string key(256, 'k');
  EXPECT_EQ(FieldsOf(absl::StrCat("{\"", key, "\":1}"), WantedFields::All()),
            absl::StrCat(key, "=1"));
  EXPECT_EQ(FieldsOf(absl::StrCat("{\"", key, "k\":1}"), WantedFields::All()), "");
  EXPECT_EQ(FieldsOf(absl::StrCat("{\"", key, "\":{\"a\":1},\"b\":2}"), WantedFields::All()),
            "b=2");
}

// Each of these takes milliseconds if time is in proportion to the line, and minutes if not.
TEST(JsonFormatTest, LargeLinesTakeTimeInProportion) {
  const std::string megabyte(1 << 20, 'x');
  EXPECT_EQ(FieldsOf(absl::StrCat("{\"a\":\"", megabyte, "\"}"), {"a"}).size(),
            megabyte.size() + 2);
  std::string escapes;
  for (int i = 0; i < 200'000; ++i) escapes += "\\\\";
  EXPECT_EQ(FieldsOf(absl::StrCat("{\"a\":\"", escapes, "\"}"), {"a"}).size(), 200'002u);
  EXPECT_TRUE(IsMalformed(absl::StrCat("{\"a\":\"", escapes, "\\")));

  std::string keys = "{";
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&keys, "\"k", i, "\":{\"ts\":", i, "},");
  keys += "\"ts\":1795248623}";
  EXPECT_EQ(TimeOf(keys), "2026-11-21T08:10:23.000000000Z");
  ParsedLine line;
  ParseJsonLine(keys, WantedFields::All(), &line);
  EXPECT_EQ(line.fields.all().size(), 100'001u);
  EXPECT_EQ(FieldsOf(keys, {"k77777_ts"}), "k77777_ts=77777");

  // The names of all objects around it belong to each of these.
  std::string deep;
  for (int i = 0; i < 63; ++i)
    absl::StrAppend(&deep, "{\"", std::string(i == 0 ? 100'000 : 1, 'd'), "\":");
  deep += "{";
  for (int i = 0; i < 20'000; ++i) absl::StrAppend(&deep, i == 0 ? "" : ",", "\"k", i, "\":", i);
  EXPECT_TRUE(IsMalformed(deep));
  deep += std::string(64, '}');
  EXPECT_EQ(FieldsOf(deep, WantedFields::All()), "");
}

}  // namespace
}  // namespace tallybell
