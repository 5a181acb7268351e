// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_records.h"

#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/frame/line_text.h"
#include "engine/match/group_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimeNs kArrival = 1'714'566'750 * kSecond;  // 2024-05-01T12:32:30Z

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Boom, match: boom, clear: calm, when: count > 0 in 1m, by: [file, host]}
      - {alert: Lines, match: '/a\nb/', when: count > 0 in 1m}
      - {alert: Grave, from: '{job="a"}', where: severity >= error, when: count > 0 in 1m, by: trace_id}
      - {alert: OfB, from: '{job="b"}', match: [boom, '/x+y/i'], exclude: not, when: count > 0 in 1m}
)";

std::string Describe(const MatchedRecord& record) {
  std::string text = absl::StrCat(record.time, " @", record.offset);
  for (const RuleMatch& match : record.matches) {
    absl::StrAppend(&text, match.clear ? " clears " : " counts for ", match.rule, " by ",
                    absl::StrJoin(GroupKeyValues(match.group), ","), ": ", match.evidence.view());
  }
  return text;
}

class PushRecordsTest : public ::testing::Test {
 protected:
  PushRecordsTest() {
    Diagnostics diagnostics;
    rules_ = LoadRulesFromText("r", kRules, &diagnostics);
    EXPECT_EQ(rules_.rules.size(), 4u);
    matcher_ = std::make_unique<RuleMatcher>(&rules_, &redactor_, &metrics_);
    candidates_ = std::make_unique<CandidateRulesCache>(&rules_);
    streams_ = std::make_unique<PushStreams>("push", &templates_, matcher_.get(),
                                             std::vector<PositionRow>());
    records_ = std::make_unique<PushRecords>(PushRecords::Options(), candidates_.get(),
                                             matcher_.get(), rules_.rules.size());
  }

  static PushedBody Decode(const TestPush& push) {
    return *DecodeLokiPush(PushFormat::kProtobuf, Snappy(EncodeProtobuf(push)), PushLimits());
  }

  std::vector<std::string> Read(const PushedBody& body) {
    std::vector<std::string> described;
    for (const PushedStream& pushed : body.streams()) {
      std::vector<MatchedRecord> records;
      records_->Read(body, pushed, kArrival, streams_->Get(pushed.labels, ""), &records);
      for (const MatchedRecord& record : records) described.push_back(Describe(record));
    }
    return described;
  }

  std::vector<std::string> ReadLine(std::string line, TimeNs time,
                                    const TestPush::Pairs& metadata = {}) {
    return Read(Decode({{{{{"job", "a"}}, {{time, std::move(line), metadata}}}}}));
  }

  RuleSet rules_;
  Redactor redactor_;
  Metrics metrics_;
  PushStreams::LabelTemplates templates_;
  std::unique_ptr<RuleMatcher> matcher_;
  std::unique_ptr<CandidateRulesCache> candidates_;
  std::unique_ptr<PushStreams> streams_;
  std::unique_ptr<PushRecords> records_;
};

TEST_F(PushRecordsTest, TakesTheTimeThatTheLineStatesInTheZoneThatFits) {
  // 14:32:29 of a glog line that came at 12:32:30: the writer is two hours ahead.
  EXPECT_THAT(ReadLine("I0501 14:32:29.500000 1 a.go:1] boom", kArrival),
              ElementsAre(absl::StrCat(kArrival - kSecond / 2,
                                       " @0 counts for 0 by a.go,: I0501 14:32:29.500000 1 "
                                       "a.go:1] boom")));
}

TEST_F(PushRecordsTest, TakesTheTimeOfThePushWhereTheLineStatesNone) {
  EXPECT_THAT(ReadLine("boom", kArrival - 7),
              ElementsAre(absl::StrCat(kArrival - 7, " @0 counts for 0 by ,: boom")));
  EXPECT_THAT(ReadLine("boom", 0),
              ElementsAre(absl::StrCat(kArrival, " @1 counts for 0 by ,: boom")));
}

TEST_F(PushRecordsTest, BoundsTimesInTheFutureAndCountsThem) {
  EXPECT_THAT(ReadLine("boom", kArrival + kDay),
              ElementsAre(absl::StrCat(kArrival + kMinute, " @0 counts for 0 by ,: boom")));
  EXPECT_EQ(records_->clamped(), 1);
}

TEST_F(PushRecordsTest, MetadataAreFieldsAndTellHowGraveALineIs) {
  EXPECT_THAT(ReadLine("plain", kArrival, {{"trace.id", "t1"}, {"detected_level", "error"}}),
              ElementsAre(absl::StrCat(kArrival, " @0 counts for 2 by t1: plain")));
  EXPECT_THAT(ReadLine("plain", kArrival, {{"detected_level", "info"}}), IsEmpty());
}

TEST_F(PushRecordsTest, ALineWithNewlinesIsOneRecord) {
  EXPECT_THAT(ReadLine("one a\nb two", kArrival),
              ElementsAre(absl::StrCat(kArrival, " @0 counts for 1 by : one a\nb two")));
}

TEST_F(PushRecordsTest, AContinuationInheritsOverPushes) {
  ReadLine("E0501 12:32:30.000000 1 a.go:1] first", kArrival);
  EXPECT_THAT(ReadLine("goroutine boom", kArrival),
              ElementsAre(absl::StrCat(kArrival, " @1 counts for 0 by a.go,: goroutine boom",
                                       " counts for 2 by : goroutine boom")));
}

TEST_F(PushRecordsTest, TakesOffTheEnvelopesThatPromtailLeftOn) {
  std::ifstream file(TALLYBELL_SOURCE_DIR "/tests/data/loki/promtail-3.6-push-2.snappy.pb",
                     std::ios::binary);
  const PushedBody body = *DecodeLokiPush(PushFormat::kProtobuf,
                                          {std::istreambuf_iterator<char>(file), {}}, PushLimits());
  Read(body);
  const SourceFormat& docker = streams_->Get(body.streams()[0].labels, "")->format;
  EXPECT_EQ(docker.Describe(), "glog in docker");
  EXPECT_EQ(streams_->Get(body.streams()[1].labels, "")->format.envelope, EnvelopeKind::kNone);
}

// Each line by itself, through every rule.
class SlowReader {
 public:
  explicit SlowReader(const RuleMatcher* matcher) : matcher_(matcher) {}

  std::vector<std::string> Read(const TestPush::Stream& stream) {
    Labels labels;
    for (const auto& [name, value] : stream.labels) labels.Set(name, value);
    const LineParser parser =
        LineParser::Mostly(*FindLineFormat("glog"), &matcher_->wanted_fields());
    std::vector<std::string> described;
    for (const TestPush::Entry& entry : stream.entries) {
      std::string scratch;
      const absl::string_view text = LineText(entry.line, false, &scratch);
      ParsedLine parsed, inherited;
      parser.Parse(text, &parsed);
      Record record;
      record.text = text;
      record.time = entry.time;
      record.stream = &labels;
      const bool has_header = parsed.kind == ParsedLine::Kind::kRecord;
      if (has_header) header_ = std::string(text);
      parser.Parse(header_, &inherited);
      record.severity = has_header ? parsed.severity : inherited.severity;
      record.fields = has_header ? &parsed.fields : &inherited.fields;
      MatchedRecord matched;
      matched.time = record.time;
      matched.offset = number_++;
      matcher_->Match(record, matcher_->RulesOf(labels), &matched.matches);
      if (!matched.matches.empty()) described.push_back(Describe(matched));
    }
    return described;
  }

 private:
  const RuleMatcher* const matcher_;
  std::string header_;
  uint64_t number_ = 0;
};

TEST_F(PushRecordsTest, FindsWhatEachLineAloneWouldTell) {
  static const char* const kPieces[] = {"boom", "calm",    "a\nb", "\n",  "xxY", "not", " ",
                                        "b",    "\x1B[1m", "\xFF", "boo", "m",   "",    "\r"};
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 engine(seed);
    const auto pick = [&engine](int n) { return static_cast<int>(engine() % n); };
    SlowReader slow(matcher_.get());
    streams_ = std::make_unique<PushStreams>("push", &templates_, matcher_.get(),
                                             std::vector<PositionRow>());
    for (int pushes = 0; pushes < 4; ++pushes) {
      TestPush::Stream stream{{{"job", seed % 2 == 0 ? "a" : "b"}, {"host", "h"}}, {}};
      for (int lines = 0; lines < 12; ++lines) {
        std::string text;
        // The first says what the rest is; its time is that of the push.
        if (lines == 0 || pick(3) == 0) {
          text =
              absl::StrCat(pick(2) == 0 ? "E" : "I", "0501 12:32:30.000000 1 ", pick(3), ".go:1] ");
        }
        for (int i = pick(5); i > 0; --i) text += kPieces[pick(std::size(kPieces))];
        stream.entries.push_back({kArrival, std::move(text), {}});
      }
      EXPECT_EQ(Read(Decode({{stream}})), slow.Read(stream));
    }
  }
}

}  // namespace
}  // namespace tallybell
