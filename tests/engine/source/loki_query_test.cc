// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_query.h"

#include <memory>
#include <string>

#include "engine/source/loki_entries.h"
#include "engine/source/loki_split.h"
#include "engine/source/loki_tail_message.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;

TEST(LokiEntriesTest, ReadsAnAnswerByTime) {
  const LokiEntries entries = DecodeLokiAnswer(
                                  R"({"status":"success","data":{"resultType":"streams","result":[
{"stream":{"host":"a"},"values":[["3","c\u003e",{"structuredMetadata":{"x":"y"}}],["1","a"]]},
{"stream":{"host":"b"},"values":[["2","b"]]},{"stream":{"host":"a"},"values":[["3","d",{}]]}]}})")
                                  .value();
  ASSERT_EQ(entries.streams.size(), 2u);
  std::string lines;
  for (const LokiEntry& entry : entries.entries) lines += entry.line;
  EXPECT_EQ(lines, "abc>d");
  ASSERT_EQ(entries.entries[2].fields.size(), 1u);
  EXPECT_EQ(entries.entries[2].fields[0].second, "y");
  EXPECT_EQ(entries.entries[3].stream, entries.entries[0].stream);
}

TEST(LokiEntriesTest, AStreamThatWasCutIntoShardsIsOne) {
  const LokiEntries entries = DecodeLokiAnswer(
                                  R"({"status":"success","data":{"resultType":"streams","result":[
{"stream":{"__stream_shard__":"0","host":"a"},"values":[["1","a"],["3","a"]]},
{"stream":{"__stream_shard__":"1","host":"a"},"values":[["2","b"],["3","a"]]}]}})")
                                  .value();
  ASSERT_EQ(entries.streams.size(), 1u);
  EXPECT_EQ(FormatLabels(entries.streams[0]), R"({host="a"})");
  std::string lines;
  for (const LokiEntry& entry : entries.entries) lines += entry.line;
  EXPECT_EQ(lines, "abaa");
}

TEST(LokiEntriesTest, AnEmptyAnswerIsOne) {
  for (const char* const result : {"[]", "null"}) {
    const std::string body = std::string(R"({"data":{"result":)") + result +
                             R"(,"resultType":"streams"},"status":"success","warnings":["x"]})";
    EXPECT_TRUE(DecodeLokiAnswer(body).value().entries.empty());
  }
}

TEST(LokiEntriesTest, RefusesWhatIsNoAnswer) {
  for (
      const char* const body :
      {"", "{}", "[]", "null", R"({"status":"success"})", R"({"status":"success","data":[]})",
       R"({"status":"error","data":{"resultType":"streams","result":[]}})",
       R"({"status":"success","data":{"resultType":"matrix","result":[]}})",
       R"({"status":"success","data":{"resultType":"streams","result":[{"values":[["1","a"]]}]}})",
       R"({"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1"]]}]}})",
       R"({"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[[1,"a"]]}]}})",
       R"({"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1.5","a"]]}]}})",
       R"({"status":"success","data":{"resultType":"streams","result":[]}} x)"}) {
    EXPECT_FALSE(DecodeLokiAnswer(body).ok()) << body;
  }
}

TEST(LokiEntriesTest, CutsALineThatIsTooLong) {
  const std::string body =
      R"({"status":"success","data":{"result":[{"stream":{},"values":[["1",")" +
      std::string(kMaxLokiLine + 1, 'x') + R"("]]}]}})";
  const LokiEntries entries = DecodeLokiAnswer(body).value();
  EXPECT_EQ(entries.lines_cut, 1);
  EXPECT_EQ(entries.entries.at(0).line.size(), kMaxLokiLine);
}

TEST(LokiEntriesTest, TakesAndAppendsWithoutLoss) {
  LokiEntries all;
  for (int i = 0; i < 10; ++i) {
    LokiEntries one;
    one.streams.push_back(Labels{{"n", i % 3 == 0 ? "x" : "y"}});
    one.entries.resize(1);
    one.entries[0].time = i;
    AppendLokiEntries(std::move(one), &all);
  }
  EXPECT_EQ(all.streams.size(), 2u);
  const LokiEntries taken = TakeLokiEntries(4, &all);
  ASSERT_EQ(taken.entries.size(), 4u);
  ASSERT_EQ(all.entries.size(), 6u);
  for (int i = 0; i < 10; ++i) {
    const LokiEntries& of = i < 4 ? taken : all;
    const LokiEntry& entry = of.entries[i < 4 ? i : i - 4];
    EXPECT_EQ(entry.time, i);
    EXPECT_EQ(of.streams[entry.stream].Get("n"), i % 3 == 0 ? "x" : "y");
  }
}

TEST(LokiTailMessageTest, TellsWhenItsLinesWere) {
  const LokiTailMessage news =
      ReadLokiTailMessage(
          R"({"streams":[{"stream":{"a":"b"},"values":[["7","x\"y"],["5","",{"m":1}]]},)"
          R"({"values":null},{"stream":{},"values":[["6","z"]]}],"dropped_entries":null})")
          .value();
  EXPECT_EQ(news.lines, 3u);
  EXPECT_EQ(news.first, 5);
  EXPECT_EQ(news.last, 7);
  EXPECT_FALSE(news.left_out);
  const LokiTailMessage none =
      ReadLokiTailMessage(
          R"({"dropped_entries":[{"timestamp":"1","labels":{"a":"b"}}],"streams":null,"x":[1]})")
          .value();
  EXPECT_EQ(none.lines, 0u);
  EXPECT_TRUE(none.left_out);
  EXPECT_FALSE(ReadLokiTailMessage(R"({"streams":[],"dropped_entries":[]})")->left_out);
}

TEST(LokiTailMessageTest, RefusesWhatIsNone) {
  for (const char* const message :
       {"", "{", "{}", "[]", "null", "x", R"({"streams":{}})", R"({"streams":[[]]})",
        R"({"streams":[{"values":[["1"]]}]})", R"({"streams":[{"values":[["x","y"]]}]})",
        R"({"streams":[{"values":[[1,"y"]]}]})", R"({"streams":[{"values":[["1",2]]}]})",
        R"({"streams":[{"values":[["99999999999999999999","y"]]}]})",
        R"({"streams":[{"values":["1","y"]}]})", R"({"streams":[]} {})",
        R"({"dropped_entries":[)", R"({"dropped_entries":[1,]})", R"({"dropped_entries":[{]})"}) {
    EXPECT_FALSE(ReadLokiTailMessage(message).ok()) << message;
  }
}

TEST(LokiSplitTest, PartsByHowLinesBeginThenByLabels) {
  LokiEntries entries;
  entries.streams = {Labels{{"host", "ab"}}, Labels{{"host", "ac"}}};
  entries.entries.resize(3);
  entries.entries[0].line = "x \"1\"";
  entries.entries[1].line = "x \"2\"";
  entries.entries[2].line = "x \"2\"";
  LokiSplit split = SplitLokiEntries(entries);
  EXPECT_EQ(split.with, R"(
|~ "^x\\ \\\"2")");
  EXPECT_EQ(split.without, R"(
!~ "^x\\ \\\"2")");
  for (LokiEntry& entry : entries.entries) entry.line = "same";
  entries.entries[2].stream = 1;
  split = SplitLokiEntries(entries);
  EXPECT_EQ(split.with, "\n| host=~\"(?s)ab.*\"");
  EXPECT_EQ(split.without, "\n| host!~\"(?s)ab.*\"");
  entries.entries[2].stream = 0;
  EXPECT_EQ(SplitLokiEntries(entries).with, "");
}

TEST(LokiQueryTest, WhatGivesNumbersIsRefused) {
  for (const char* const query :
       {R"({job="a"})", " # x\n {job=\"a\"} |= \"b\" | json", R"(({job="a"}))"}) {
    EXPECT_TRUE(CheckLogQuery(query).ok()) << query;
  }
  for (const char* const query :
       {"", " # {", R"(count_over_time({job="a"}[5m]))", R"((sum(rate({job="a"}[5m]))))", "1+1"}) {
    EXPECT_FALSE(CheckLogQuery(query).ok()) << query;
  }
}

TEST(LokiQueryTest, APathHoldsAnyQuery) {
  LokiTarget target;
  target.query = "{a=\"b & c\"}\n";
  target.tenant = "t";
  EXPECT_EQ(LokiPath("tail", target, 5, 1),
            "/loki/api/v1/tail?query=%7Ba%3D%22b%20%26%20c%22%7D%0A&start=5&limit=1");
  EXPECT_THAT(LokiHeaders(target), ::testing::Contains(::testing::Pair("X-Scope-OrgID", "t")));
}

}  // namespace
}  // namespace tallybell
