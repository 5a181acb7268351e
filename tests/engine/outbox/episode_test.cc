// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/outbox/episode.h"

#include <random>

#include "gtest/gtest.h"
#include "tests/engine/outbox/queue_fixture.h"

namespace tallybell {
namespace {

Episode Sample() {
  Episode episode;
  episode.id = 7;
  auto alert = std::make_shared<Alert>(TestAlert("mac1/\"x\"", 1'714'566'750'426'698'001));
  alert->ends_at = alert->starts_at + 5;
  alert->exact = false;
  alert->show_evidence = false;
  alert->by_values = {"a", "", "b"};
  episode.alert = alert;
  episode.first_value = 3;
  episode.first_exact = false;
  return episode;
}

TEST(EpisodeTest, ReadsBackWhatItWrites) {
  const Episode before = Sample();
  const Episode after = EpisodeFromSaid(SaidText(before)).value();
  EXPECT_EQ(SaidText(after), SaidText(before));
  EXPECT_EQ(after.alert->labels, before.alert->labels);
  EXPECT_EQ(after.alert->Fingerprint(), before.alert->Fingerprint());
  EXPECT_EQ(after.alert->annotations, before.alert->annotations);
  EXPECT_EQ(after.alert->evidence, before.alert->evidence);
  EXPECT_EQ(after.alert->by_values, before.alert->by_values);
  EXPECT_EQ(after.alert->starts_at, before.alert->starts_at);
  EXPECT_EQ(after.alert->ends_at, before.alert->ends_at);
  EXPECT_EQ(after.alert->rule, "Down");
  EXPECT_EQ(after.alert->rule_group, "group");
  EXPECT_EQ(after.first_value, 3);
  EXPECT_FALSE(after.first_exact);
}

TEST(EpisodeTest, ReadsBackWhatTheReceiverAnswered) {
  Episode before = Sample();
  before.accepted_at = 12345;
  before.parked = "400 \"bad\"";
  before.tries = 3;
  Episode after = Sample();
  ASSERT_TRUE(ReadAnswered(AnsweredText(before), &after).ok());
  EXPECT_EQ(after.accepted_at, 12345);
  EXPECT_EQ(after.parked, before.parked);
  EXPECT_EQ(after.tries, 3);
  before = Sample();
  after = Sample();
  ASSERT_TRUE(ReadAnswered(AnsweredText(before), &after).ok());
  EXPECT_FALSE(after.accepted());
  EXPECT_EQ(after.parked, "");
}

TEST(EpisodeTest, SurvivesAnyDamage) {
  constexpr uint32_t kSeed = 11;
  std::mt19937 random(kSeed);
  const std::string good = SaidText(Sample());
  const std::string answered = AnsweredText(Sample());
  for (int i = 0; i < 20000; ++i) {
    std::string said = good;
    std::string answer = answered;
    for (std::string* text : {&said, &answer}) {
      const size_t at = random() % text->size();
      switch (random() % 3) {
        case 0:
          text->resize(at);
          break;
        case 1:
          (*text)[at] = static_cast<char>(random());
          break;
        default:
          text->erase(at, 1 + random() % 20);
      }
    }
    EpisodeFromSaid(said).IgnoreError();
    Episode episode;
    ReadAnswered(answer, &episode).IgnoreError();
  }
}

TEST(EpisodeTest, KnowsWhatIsGrave) {
  const auto gravity = [](absl::string_view word) { return Gravity(TestAlert("a", 0, word)); };
  EXPECT_GT(gravity("page"), gravity("error"));
  EXPECT_GT(gravity("error"), gravity("warning"));
  EXPECT_GT(gravity("warning"), gravity("nobody knows"));
  EXPECT_GT(gravity("nobody knows"), gravity("info"));
  EXPECT_GT(gravity("info"), gravity("debug"));
  EXPECT_EQ(gravity("CRITICAL"), gravity("critical"));
}

}  // namespace
}  // namespace tallybell
