// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/alert.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(AlertTest, StatesAreNamedAsThePrintedOnes) {
  EXPECT_EQ(AlertStateName(AlertState::kInactive), "inactive");
  EXPECT_EQ(AlertStateName(AlertState::kPending), "pending");
  EXPECT_EQ(AlertStateName(AlertState::kFiring), "firing");
  EXPECT_EQ(AlertStateName(AlertState::kResolved), "resolved");
}

TEST(AlertTest, ItsIdentityIsItsLabelsAlone) {
  Alert alert;
  alert.labels = {{"alertname", "A"}, {"host", "mac1"}};
  Alert later = alert;
  later.value = 9;
  later.starts_at = kDay;
  later.annotations = {{"summary", "other"}};
  EXPECT_EQ(alert.Fingerprint(), later.Fingerprint());
  later.labels.Set("host", "mac2");
  EXPECT_NE(alert.Fingerprint(), later.Fingerprint());
}

TEST(EvidenceLineTest, TwoAreEqualIfTheyStandAtOnePlace) {
  const EvidenceLine line = {"a.log", 10, "text"};
  EXPECT_EQ(line, (EvidenceLine{"a.log", 10, "text"}));
  EXPECT_FALSE(line == (EvidenceLine{"b.log", 10, "text"}));
  EXPECT_FALSE(line == (EvidenceLine{"a.log", 11, "text"}));
  EXPECT_FALSE(line == (EvidenceLine{"a.log", 10, "texts"}));
}

}  // namespace
}  // namespace tallybell
