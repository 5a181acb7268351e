// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_source.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rules/rule_loader.h"
#include "tests/support/loki_push_encoder.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr TimeNs kStart = 1'714'566'750 * kSecond;

constexpr char kRules[] = R"(
groups:
  - name: g
    rules:
      - {alert: Boom, match: boom, when: count > 2 in 10m, by: [host, tenant]}
      - {alert: OfB, from: '{job="b"}', match: boom, when: count > 0 in 10m}
)";

class PushSourceTest : public ::testing::Test {
 protected:
  PushSourceTest() {
    config_.listener.listen = "127.0.0.1:3500";
    Start();
  }

  // As after a restart: what was committed is all there is.
  void Start() {
    source_.reset();
    Diagnostics diagnostics;
    rules_ = std::make_unique<LiveRules>(LoadRulesFromText("r", kRules, &diagnostics),
                                         std::vector<Pattern>(), Labels(), &metrics_);
    std::vector<PositionRow> rows;
    for (const auto& [key, state] : stored_) rows.push_back({key, state});
    source_ = std::make_unique<PushSource>(&config_, rows, rules_.get(), &clock_, &metrics_);
  }

  void Push(const std::string& json, const std::string& tenant = "") {
    PushRequest request{"/loki/api/v1/push", "application/json", "", tenant, json};
    const absl::Status offered = source_->intake().Offer(
        std::move(request), [this](const PushError& answer) { answers_.push_back(answer.status); });
    if (!offered.ok()) answers_.push_back(PushErrorOf(offered).status);
  }

  static std::string Lines(int count, const std::string& job = "a", int first = 0) {
    TestPush push{{{{{"job", job}, {"host", "h"}}, {}}}};
    for (int i = 0; i < count; ++i) {
      push.streams[0].entries.push_back({kStart + first + i, "boom", {}});
    }
    return EncodeJson(push);
  }

  void Read() {
    while (source_->Read()) {
    }
    RuleEvaluator::Output output;
    rules_->evaluator.Decide(clock_.Now(), &output);
    for (const Alert& alert : output.certain) certain_.push_back(FormatLabels(alert.labels));
  }

  Delta Save() {
    Delta delta;
    source_->Save(&delta);
    return delta;
  }

  void Commit(const Delta& delta) {
    for (const PositionRow& row : delta.positions) {
      if (row.erased) {
        stored_.erase(row.source);
      } else {
        stored_[row.source] = row.state;
      }
    }
    for (const auto& committed : delta.committed) committed();
  }

  std::vector<int> answers_;  // outlives what answers
  Metrics metrics_;
  ManualClock clock_{kStart};
  PushSourceConfig config_;
  std::map<std::string, std::string> stored_;
  std::unique_ptr<LiveRules> rules_;
  std::unique_ptr<PushSource> source_;
  std::vector<std::string> certain_;
};

TEST_F(PushSourceTest, RingsOnTheLineThatIsTooMany) {
  Push(Lines(2));
  Read();
  EXPECT_THAT(certain_, IsEmpty());
  Push(Lines(1, "a", 2));
  Read();
  EXPECT_THAT(certain_, ElementsAre(R"({alertname="Boom", host="h"})"));
}

TEST_F(PushSourceTest, AnswersWhenWhatItReadIsCommittedAndNotBefore) {
  Push(Lines(1));
  Read();
  EXPECT_TRUE(source_->Urgent());
  const Delta delta = Save();
  EXPECT_TRUE(delta.urgent);
  EXPECT_FALSE(source_->Unsaved());
  EXPECT_THAT(answers_, IsEmpty());
  Commit(delta);
  EXPECT_THAT(answers_, ElementsAre(204));
}

TEST_F(PushSourceTest, CountsAPushThatIsSentAgainOnce) {
  Push(Lines(2));
  Push(Lines(2));
  Read();
  const Delta first = Save();
  Push(Lines(2));
  Read();
  EXPECT_THAT(certain_, IsEmpty());
  EXPECT_EQ(metrics_.Total("push_repeats_total"), 2);
  EXPECT_THAT(answers_, IsEmpty());
  Commit(first);
  EXPECT_THAT(answers_, ElementsAre(204, 204));
  Commit(Save());
  EXPECT_THAT(answers_, ElementsAre(204, 204, 204));
}

TEST_F(PushSourceTest, KnowsARepeatedPushOverARestart) {
  Push(Lines(2));
  Read();
  Commit(Save());
  Start();
  Push(Lines(2));
  Read();
  EXPECT_EQ(metrics_.Total("push_repeats_total"), 1);
  Commit(Save());
  EXPECT_THAT(answers_, ElementsAre(204, 204));
}

TEST_F(PushSourceTest, CountsAgainWhatWasNeverCommitted) {
  Push(Lines(3));
  Read();
  EXPECT_THAT(certain_, SizeIs(1));
  Save();
  // The delta is gone, and whoever pushed is told so.
  EXPECT_THAT(answers_, ElementsAre(503));
  Start();
  certain_.clear();
  Push(Lines(3));
  Read();
  EXPECT_THAT(certain_, SizeIs(1));
}

TEST_F(PushSourceTest, ForgetsAPushAfterTenMinutes) {
  Push(Lines(1));
  Read();
  Commit(Save());
  const size_t rows = stored_.size();
  clock_.Advance(PushRepeats::kRememberFor);
  Delta delta;
  source_->Poll(&delta);
  Commit(Save());
  EXPECT_EQ(stored_.size(), rows - 1);
  Push(Lines(1));
  Read();
  EXPECT_EQ(metrics_.Total("push_repeats_total"), 0);
}

TEST_F(PushSourceTest, TellsTenantsApart) {
  Push(Lines(3), "one");
  Push(Lines(2), "two");
  Read();
  EXPECT_THAT(certain_, ElementsAre(R"({alertname="Boom", host="h", tenant="one"})"));
}

TEST_F(PushSourceTest, SetsTheLabelsThatAreConfigured) {
  config_.labels.emplace_back("host", *Template::Parse("{{ $labels.job }}-{{ $labels.tenant }}"));
  config_.labels.emplace_back("job", *Template::Parse("{{ $labels.none }}"));
  Start();
  Push(Lines(3, "b"), "t");
  Read();
  EXPECT_THAT(certain_,
              ::testing::UnorderedElementsAre(R"({alertname="Boom", host="b-t", tenant="t"})",
                                              R"({alertname="OfB"})"));
}

TEST_F(PushSourceTest, AnswersThatAPartWasNotTakenAfterTheRestIsCommitted) {
  Push(R"({"streams": [{"stream": {"a-b": "c"}, "values": [["1", "boom"]]},
                       {"stream": {"host": "h"}, "values": [["1714566750000000000", "boom"]]}]})");
  Read();
  EXPECT_THAT(answers_, IsEmpty());
  Commit(Save());
  EXPECT_THAT(answers_, ElementsAre(400));
  EXPECT_EQ(metrics_.Total("source_lines_total"), 1);
}

TEST_F(PushSourceTest, PushesBackWhileNothingIsRead) {
  config_.queue_bytes = 4000;
  Start();
  while (answers_.empty()) Push(Lines(1));
  EXPECT_THAT(answers_, ElementsAre(429));
  Read();
  Commit(Save());
  answers_.clear();
  Push(Lines(1, "a", 5));
  Read();
  Commit(Save());
  EXPECT_THAT(answers_, ElementsAre(204));
}

TEST_F(PushSourceTest, ItsRulesClocksGoOnWithoutPushesAlsoAfterARestart) {
  const auto t = [this](uint32_t rule) {
    const RuleClocks& clocks = rules_->evaluator.clocks();
    return clocks.clocks()[clocks.clock_of(rule)].t;
  };
  Push(Lines(1, "a"));
  Read();
  Commit(Save());
  EXPECT_EQ(t(0), kStart - config_.lateness);
  clock_.Advance(kHour);
  Start();
  Read();
  EXPECT_EQ(t(0), kStart + kHour - config_.lateness);
  // No stream that the second rule selects has ever been there.
  EXPECT_EQ(t(1), kNoTime);
}

TEST_F(PushSourceTest, InheritsFromBeforeARestart) {
  const auto push_line = [this](const std::string& line, TimeNs time) {
    Push(EncodeJson({{{{{"job", "b"}, {"host", "h"}}, {{time, line, {}}}}}}));
    Read();
    Commit(Save());
  };
  push_line("E0501 12:32:30.000000 1 a.go:1] first", kStart);
  Start();
  PushStreams streams(config_.Key(), &config_.labels, &rules_->matcher, [this] {
    std::vector<PositionRow> rows;
    for (const auto& [key, state] : stored_) rows.push_back({key, state});
    return rows;
  }());
  ASSERT_THAT(streams.all(), SizeIs(1));
  EXPECT_EQ(streams.all().front().header, "E0501 12:32:30.000000 1 a.go:1] first");
  EXPECT_EQ(streams.all().front().severity, Severity::kError);
  EXPECT_EQ(streams.all().front().format.Describe(), "glog");
}

TEST_F(PushSourceTest, GoesOnUnderOtherRules) {
  Push(Lines(2));
  Read();
  Diagnostics diagnostics;
  auto replacement = std::make_unique<LiveRules>(LoadRulesFromText("r", kRules, &diagnostics),
                                                 std::vector<Pattern>(), Labels(), &metrics_);
  source_->UseRules(replacement.get());
  rules_ = std::move(replacement);
  Push(Lines(3, "a", 10));
  Read();
  EXPECT_THAT(certain_, SizeIs(1));
}

TEST_F(PushSourceTest, ForgetsTheStreamsThatWerePushedLongestAgo) {
  for (int i = 0; i <= static_cast<int>(PushStreams::kMost); i += 5000) {
    TestPush push;
    for (int j = i; j < i + 5000 && j <= static_cast<int>(PushStreams::kMost); ++j) {
      push.streams.push_back({{{"host", absl::StrCat("h", j)}}, {{kStart, "quiet", {}}}});
    }
    Push(EncodeJson(push));
  }
  Read();
  Commit(Save());
  EXPECT_EQ(stored_.size(), PushStreams::kMost + 4);  // three pushes, and when that was
}

}  // namespace
}  // namespace tallybell
