// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_push_body.h"

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const PushLimits kLimits;

std::string ReadData(const std::string& name) {
  std::ifstream file(std::string(TALLYBELL_SOURCE_DIR "/tests/data/loki/") + name,
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

absl::StatusOr<PushedBody> DecodeProtobuf(absl::string_view message) {
  return DecodeLokiPush(PushFormat::kProtobuf, Snappy(message), kLimits);
}

absl::StatusOr<PushedBody> DecodeJson(std::string text) {
  return DecodeLokiPush(PushFormat::kJson, std::move(text), kLimits);
}

// All that a body says.
std::string Describe(const PushedBody& body) {
  std::string text;
  for (const PushedStream& stream : body.streams()) {
    absl::StrAppend(&text, FormatLabels(stream.labels), "\n");
    for (const PushedEntry& entry : stream.entries) {
      absl::StrAppend(&text, entry.time, " ", entry.line);
      for (const Field& field : body.FieldsOf(entry)) {
        absl::StrAppend(&text, " ", field.name, "=", field.value);
      }
      absl::StrAppend(&text, "\n");
    }
  }
  return text;
}

TestPush OneLine() { return {{{{{"job", "anka"}}, {{kSecond + 5, "can't start vm", {}}}}}}; }

TEST(LokiPushBodyTest, ReadsWhatPromtailPushed) {
  absl::StatusOr<PushedBody> body =
      DecodeLokiPush(PushFormat::kProtobuf, ReadData("promtail-3.6-push-1.snappy.pb"), kLimits);
  ASSERT_TRUE(body.ok()) << body.status();
  ASSERT_THAT(body->streams(), SizeIs(1));
  const PushedStream& stream = body->streams()[0];
  EXPECT_EQ(FormatLabels(stream.labels),
            R"({filename="/var/log/veertu/anka_agent.INFO", job="myHostname"})");
  ASSERT_THAT(stream.entries, SizeIs(17));
  EXPECT_EQ(stream.entries[0].line, "Log file created at: 2021/03/04 01:42:32");
  EXPECT_EQ(FormatRfc3339(stream.entries[0].time), "2026-11-21T09:17:31.858068199Z");
  EXPECT_EQ(stream.entries[16].line, "Joining cluster failed");
  EXPECT_EQ(body->refusal(), "");

  body = DecodeLokiPush(PushFormat::kProtobuf, ReadData("promtail-3.6-push-2.snappy.pb"), kLimits);
  ASSERT_TRUE(body.ok()) << body.status();
  ASSERT_THAT(body->streams(), SizeIs(2));
  EXPECT_THAT(body->streams()[0].entries, SizeIs(70));
  EXPECT_THAT(body->streams()[1].entries, SizeIs(5));
}

TEST(LokiPushBodyTest, ReadsTheJsonOfLokisDocumentation) {
  const auto body = DecodeJson(
      R"({"streams": [{"stream": {"job": "anka", "n": 1, "b": true},
          "values": [["1000000005", "can't \"start\" vm\u00e9", {"trace": "x\ty"}, 7],
                     ["1000000006", "two"]]}], "more": {"a": [1, {"b": null}]}})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(Describe(*body),
            "{b=\"true\", job=\"anka\", n=\"1\"}\n"
            "1000000005 can't \"start\" vm\xC3\xA9 trace=x\ty\n"
            "1000000006 two\n");
}

TEST(LokiPushBodyTest, ReadsTheOlderShapeOfJson) {
  const auto body = DecodeJson(
      R"({"streams": [{"labels": "{job=\"anka\", host=`m`}",
          "entries": [{"ts": "1970-01-01T00:00:01.000000005Z", "line": "one"},
                      {"line": "two", "timestamp": "1970-01-01T01:00:02+01:00"}]}]})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(Describe(*body), "{host=\"m\", job=\"anka\"}\n1000000005 one\n2000000000 two\n");
}

TEST(LokiPushBodyTest, TakesFieldsInAnyOrderAndPassesOverUnknownOnes) {
  const std::string time =
      ProtobufBytes(1, ProtobufNumber(2, 7) + ProtobufNumber(9, 1) + ProtobufNumber(1, 3));
  const std::string parsed = ProtobufBytes(4, ProtobufBytes(1, "p") + ProtobufBytes(2, "q"));
  const std::string entry = ProtobufBytes(2, "line") + parsed + ProtobufNumber(77, 1) + time;
  const std::string stream =
      ProtobufNumber(3, 12345) + ProtobufBytes(2, entry) + ProtobufBytes(1, "{a=\"b\"}");
  const auto body = DecodeProtobuf(ProtobufBytes(2, "json") + ProtobufBytes(1, stream));
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(Describe(*body), "{a=\"b\"}\n3000000007 line\n");
}

TEST(LokiPushBodyTest, KnowsNoTimeWhereNobodySetOne) {
  TestPush push = OneLine();
  push.streams[0].entries[0].time = 0;
  EXPECT_EQ(DecodeProtobuf(EncodeProtobuf(push))->streams()[0].entries[0].time, kNoTime);
  EXPECT_EQ(DecodeJson(EncodeJson(push))->streams()[0].entries[0].time, kNoTime);
}

TEST(LokiPushBodyTest, HoldsTimesBeyondTheRangeAtItsEnds) {
  const auto time_of = [](int64_t seconds) {
    const std::string time = ProtobufBytes(1, ProtobufNumber(1, static_cast<uint64_t>(seconds)));
    const auto body = DecodeProtobuf(ProtobufBytes(1, ProtobufBytes(2, time)));
    return body.ok() ? body->streams()[0].entries[0].time : kNoTime;
  };
  EXPECT_GT(time_of(253'402'300'799), 9'000'000'000 * kSecond);
  EXPECT_LT(time_of(-62'135'596'799), -9'000'000'000 * kSecond);
  EXPECT_EQ(time_of(253'402'300'800), kNoTime);
}

TEST(LokiPushBodyTest, AnswersWhatLokiAnswers) {
  const auto code_of = [](const std::string& json) { return DecodeJson(json).status().code(); };
  EXPECT_EQ(code_of("{}"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code_of(R"({"streams": []})"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code_of(R"({"streams": null})"), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code_of(R"({"streams": [{"stream": {}, "values": []}]})"), absl::StatusCode::kOk);
  EXPECT_EQ(code_of(R"({"streams": [{"stream": {"a-b": "c"}, "values": []}]})"),
            absl::StatusCode::kInvalidArgument);
  for (const char* const value :
       {"[1, \"line\"]", "[\"2024-05-01T12:00:00Z\", \"line\"]", "[\"\", \"line\"]", "[\"1\"]",
        "[\"99999999999999999999\", \"line\"]", "[\"1\", 2]", "[\"1\", \"line\", {\"a\": 1}]",
        "7"}) {
    EXPECT_EQ(
        code_of(absl::StrCat(R"({"streams": [{"stream": {"a": "b"}, "values": [)", value, "]}]}")),
        absl::StatusCode::kInvalidArgument)
        << value;
  }
  EXPECT_EQ(
      DecodeLokiPush(PushFormat::kProtobuf, EncodeProtobuf(OneLine()), kLimits).status().message(),
      "snappy: corrupt input");
}

TEST(LokiPushBodyTest, TakesTheGoodStreamsWhereOthersAreBad) {
  TestPush push = OneLine();
  push.streams.push_back({{{"a-b", "c"}}, {{1, "lost", {}}}});
  for (int i = 0; i < 16; ++i) {
    if (i == 0) push.streams.push_back({{}, {{1, "lost", {}}, {2, "lost", {}}}});
    push.streams.back().labels.emplace_back(absl::StrCat("l", i), "v");
  }
  push.streams.push_back({{{"b", "c"}}, {{2, "kept", {}}}});
  for (const auto& body : {DecodeProtobuf(EncodeProtobuf(push)), DecodeJson(EncodeJson(push))}) {
    ASSERT_TRUE(body.ok()) << body.status();
    EXPECT_EQ(Describe(*body), "{job=\"anka\"}\n1000000005 can't start vm\n{b=\"c\"}\n2 kept\n");
    EXPECT_THAT(body->refusal(), HasSubstr("unexpected character inside braces"));
    EXPECT_THAT(body->refusal(), HasSubstr("2 streams were not taken"));
    EXPECT_EQ(body->refused_entries(), 3);
  }
  push.streams.erase(push.streams.begin(), push.streams.begin() + 2);
  push.streams.pop_back();
  EXPECT_THAT(std::string(DecodeJson(EncodeJson(push)).status().message()),
              HasSubstr("has 16 label names; limit 15"));
}

TEST(LokiPushBodyTest, CutsLinesThatAreTooLongAndCountsThem) {
  TestPush push = OneLine();
  push.streams[0].entries[0].line.assign(kLimits.line_bytes + 1, 'x');
  const auto body = DecodeProtobuf(EncodeProtobuf(push));
  ASSERT_TRUE(body.ok());
  EXPECT_THAT(body->streams()[0].entries[0].line, SizeIs(kLimits.line_bytes));
  EXPECT_EQ(body->lines_cut(), 1);
}

TEST(LokiPushBodyTest, RefusesWhatWouldGrowTooLarge) {
  const std::string zeros(kLimits.body_bytes + 1, '\0');
  EXPECT_EQ(DecodeProtobuf(zeros).status().code(), absl::StatusCode::kOutOfRange);
  std::string streams, entries, json = R"({"streams": [)";
  for (size_t i = 0; i <= kLimits.streams; ++i) streams += ProtobufBytes(1, "");
  EXPECT_EQ(DecodeProtobuf(streams).status().code(), absl::StatusCode::kOutOfRange);
  for (size_t i = 0; i <= kLimits.entries; ++i) entries.append("\x12\0", 2);
  EXPECT_EQ(DecodeProtobuf(ProtobufBytes(1, entries)).status().code(),
            absl::StatusCode::kOutOfRange);
  // A head that claims more than there is.
  EXPECT_EQ(DecodeLokiPush(PushFormat::kProtobuf, "\xFF\xFF\xFF\xFF\x0F", kLimits).status().code(),
            absl::StatusCode::kOutOfRange);
}

TEST(LokiPushBodyTest, ReadsTenThousandStreams) {
  TestPush push;
  for (int i = 0; i < 10'000; ++i) {
    push.streams.push_back({{{"host", absl::StrCat("mac", i)}}, {{i + 1, "line", {}}}});
  }
  EXPECT_THAT(DecodeProtobuf(EncodeProtobuf(push))->streams(), SizeIs(10'000));
  EXPECT_THAT(DecodeJson(EncodeJson(push))->streams(), SizeIs(10'000));
}

TEST(LokiPushBodyTest, IsNotLedIntoTheDepth) {
  for (const char* const bracket : {"[", "{\"a\":", "{\"streams\":["}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += bracket;
    EXPECT_EQ(DecodeJson(deep).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(DecodeJson("{\"x\":" + deep).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(LokiPushBodyTest, SurvivesBeingCutAnywhere) {
  TestPush push = OneLine();
  push.streams[0].entries[0].metadata = {{"trace", "a\"b"}};
  const std::string message = EncodeProtobuf(push), block = Snappy(message);
  const std::string json = EncodeJson(push), legacy = EncodeLegacyJson(push);
  for (size_t i = 0; i < message.size(); ++i) (void)DecodeProtobuf(message.substr(0, i)).ok();
  for (size_t i = 0; i < block.size(); ++i) {
    EXPECT_FALSE(DecodeLokiPush(PushFormat::kProtobuf, block.substr(0, i), kLimits).ok());
  }
  for (size_t i = 0; i < json.size(); ++i) EXPECT_FALSE(DecodeJson(json.substr(0, i)).ok());
  for (size_t i = 0; i < legacy.size(); ++i) EXPECT_FALSE(DecodeJson(legacy.substr(0, i)).ok());
}

TEST(LokiPushBodyTest, KeepsItsTextWhenItIsMoved) {
  PushedBody body = *DecodeJson(R"({"streams":[{"stream":{},"values":[["1","\t"],["2","x"]]}]})");
  const PushedBody moved = std::move(body);
  EXPECT_EQ(Describe(moved), "{}\n1 \t\n2 x\n");
}

// Names and values of every kind that both formats can say.
class RandomPush {
 public:
  explicit RandomPush(uint32_t seed) : engine_(seed) {}

  TestPush Make() {
    TestPush push;
    for (int streams = Pick(1, 4); streams > 0; --streams) {
      TestPush::Stream stream;
      for (int i = Pick(0, 4); i > 0; --i) stream.labels.emplace_back(absl::StrCat("l", i), Text());
      for (int i = Pick(0, 5); i > 0; --i) {
        TestPush::Entry entry{Pick(-5, 5) * kDay * 1000 + Pick(1, 999'999), Text(), {}};
        for (int m = Pick(0, 2); m > 0; --m)
          entry.metadata.emplace_back(absl::StrCat("m", m), Text());
        stream.entries.push_back(std::move(entry));
      }
      push.streams.push_back(std::move(stream));
    }
    return push;
  }

 private:
  int Pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }

  std::string Text() {
    static const char* const kPieces[] = {"a",    "\"",       "\\",   "\n", "\t",
                                          "\x01", "\xC3\xA9", "{",    "}",  "\xF0\x9F\x98\x80",
                                          " ",    "=",        "\x7F", "/",  "`"};
    std::string text;
    for (int i = Pick(0, 12); i > 0; --i) text += kPieces[Pick(0, std::size(kPieces) - 1)];
    return text;
  }

  std::mt19937 engine_;
};

TEST(LokiPushBodyTest, ProtobufAndJsonOfOnePushAreEqual) {
  for (uint32_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    TestPush push = RandomPush(seed).Make();
    const auto protobuf = DecodeProtobuf(EncodeProtobuf(push));
    const auto json = DecodeJson(EncodeJson(push));
    ASSERT_TRUE(protobuf.ok()) << protobuf.status();
    ASSERT_TRUE(json.ok()) << json.status() << EncodeJson(push);
    EXPECT_EQ(Describe(*protobuf), Describe(*json));
    for (TestPush::Stream& stream : push.streams) {
      for (TestPush::Entry& entry : stream.entries) entry.metadata.clear();
    }
    const auto legacy = DecodeJson(EncodeLegacyJson(push));
    ASSERT_TRUE(legacy.ok()) << legacy.status();
    EXPECT_EQ(Describe(*legacy), Describe(*DecodeProtobuf(EncodeProtobuf(push))));
  }
}

}  // namespace
}  // namespace tallybell
