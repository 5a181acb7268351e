// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/meta_alerts.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Labels kDisk = {{"source", "disk"}};
const Labels kProd = {{"cluster", "prod"}};

MetaAlert Down(const std::string& why) {
  MetaAlert alert;
  alert.name = "TallybellSourceDown";
  alert.own = kDisk;
  alert.summary = why;
  return alert;
}

// What a Tell says, a line each; the rows that it writes are kept as a state file would.
class MetaAlertsTest : public ::testing::Test {
 protected:
  std::vector<std::string> Tell(MetaAlerts* alerts, const Labels& external_labels = kProd) {
    std::vector<AlertUpdate> updates;
    Delta delta;
    alerts->Tell(external_labels, 100, &updates, &delta);
    for (const PositionRow& row : delta.positions) {
      rows_.clear();
      if (!row.erased) rows_.push_back(row);
    }
    std::vector<std::string> lines;
    for (const AlertUpdate& update : updates) {
      const Alert& alert = update.alert;
      const char* const kinds[] = {"firing", "resolved", "value"};
      lines.push_back(absl::StrCat(kinds[static_cast<int>(update.kind)], " ",
                                   FormatLabels(alert.labels), " ", alert.starts_at, " ",
                                   alert.ends_at == kNoTime ? 0 : alert.ends_at));
    }
    return lines;
  }

  std::vector<PositionRow> rows_;
};

constexpr char kLabels[] =
    R"({alertname="TallybellSourceDown", cluster="prod", severity="warning", source="disk"})";

TEST_F(MetaAlertsTest, TellsAFiringAndItsEndOnce) {
  MetaAlerts alerts({});
  EXPECT_THAT(Tell(&alerts), IsEmpty());
  alerts.Fire(Down("gone"), 5);
  EXPECT_THAT(Tell(&alerts), ElementsAre(absl::StrCat("firing ", kLabels, " 5 0")));
  alerts.Fire(Down("gone"), 6);
  EXPECT_THAT(Tell(&alerts), IsEmpty());
  alerts.End("TallybellSourceDown", kDisk, 9);
  alerts.End("TallybellSourceDown", kDisk, 10);
  EXPECT_THAT(Tell(&alerts), ElementsAre(absl::StrCat("resolved ", kLabels, " 5 9")));
  EXPECT_THAT(Tell(&alerts), IsEmpty());
  EXPECT_THAT(rows_, IsEmpty());
}

TEST_F(MetaAlertsTest, ANewSummaryMakesNoNewAlert) {
  MetaAlerts alerts({});
  alerts.Fire(Down("gone"), 5);
  Tell(&alerts);
  alerts.Fire(Down("out of reach"), 7);
  EXPECT_THAT(Tell(&alerts), ElementsAre(absl::StrCat("value ", kLabels, " 5 0")));
}

TEST_F(MetaAlertsTest, WhatEndedBeforeAnybodyWasToldIsNotTold) {
  MetaAlerts alerts({});
  alerts.Fire(Down("gone"), 5);
  alerts.End("TallybellSourceDown", kDisk, 6);
  EXPECT_THAT(Tell(&alerts), IsEmpty());
}

TEST_F(MetaAlertsTest, FiresOnOverARestartUntilItsOwnerEndsIt) {
  MetaAlerts first({});
  first.Fire(Down("gone"), 5);
  Tell(&first);
  MetaAlerts second(rows_);
  EXPECT_TRUE(second.Fires("TallybellSourceDown", kDisk));
  EXPECT_FALSE(second.Fires("TallybellSourceDown", {{"source", "other"}}));
  // Receivers that are new are told too.
  EXPECT_THAT(Tell(&second), ElementsAre(absl::StrCat("firing ", kLabels, " 5 0")));
  EXPECT_THAT(Tell(&second), IsEmpty());
  second.EndOthers("TallybellSourceDown", {kDisk}, 8);
  EXPECT_THAT(Tell(&second), IsEmpty());
  second.EndOthers("TallybellSourceDown", {}, 8);
  EXPECT_THAT(Tell(&second), ElementsAre(absl::StrCat("resolved ", kLabels, " 5 8")));
  EXPECT_FALSE(MetaAlerts(rows_).Fires("TallybellSourceDown", kDisk));
}

TEST_F(MetaAlertsTest, OtherExternalLabelsEndTheOldIdentity) {
  MetaAlerts alerts({});
  alerts.Fire(Down("gone"), 5);
  Tell(&alerts);
  EXPECT_THAT(
      Tell(&alerts, {}),
      ElementsAre(
          absl::StrCat("resolved ", kLabels, " 5 100"),
          R"(firing {alertname="TallybellSourceDown", severity="warning", source="disk"} 5 0)"));
}

TEST_F(MetaAlertsTest, PassesOverRowsThatAreNotItsOwn) {
  const MetaAlerts alerts({{"file:/var/log/x\n1:2:0", "{}"},
                           {"meta alert\nx\n{}", "no JSON"},
                           {"meta alert\nx\n{}", R"({"name":1})"},
                           {"meta alert\nx\n{}", R"({"name":"y","own":{},"severity":"warning",
                            "summary":"","since":1,"told":{"a":"b"}})"}});
  EXPECT_FALSE(alerts.Fires("x", {}));
  EXPECT_FALSE(alerts.Fires("y", {}));
}

TEST_F(MetaAlertsTest, ListsThoseThatFireAsTheyAreTold) {
  MetaAlerts alerts({});
  EXPECT_THAT(alerts.Firing(), IsEmpty());
  alerts.Fire(Down("gone"), 50);
  Tell(&alerts);
  ASSERT_EQ(alerts.Firing().size(), 1u);
  EXPECT_EQ(FormatLabels(alerts.Firing()[0].labels), kLabels);
  EXPECT_EQ(alerts.Firing()[0].annotations[0].second, "gone");
  EXPECT_EQ(alerts.Firing()[0].starts_at, 50);
  alerts.End("TallybellSourceDown", kDisk, 60);
  EXPECT_THAT(alerts.Firing(), IsEmpty());
}

}  // namespace
}  // namespace tallybell
