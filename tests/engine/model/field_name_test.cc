// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/field_name.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(FieldNameTest, EverySpellingOfAPathIsWrittenAsALabel) {
  EXPECT_EQ(FieldName("request.id"), "request_id");
  EXPECT_EQ(FieldName("wal-dir"), "wal_dir");
  EXPECT_EQ(FieldName("@timestamp"), "_timestamp");
  EXPECT_EQ(FieldName("a1_B"), "a1_B");
  EXPECT_EQ(FieldName("\xff y"), "__y");
  EXPECT_EQ(FieldName(""), "");
}

TEST(WantedFieldsTest, KnowsNamesInAnySpellingAndWhatStandsWithinAnObject) {
  WantedFields wanted;
  EXPECT_TRUE(wanted.empty());
  EXPECT_FALSE(wanted.HasWithin("request"));
  wanted.Add("request.id");
  wanted.Add("requestA");
  wanted.Add("request");
  EXPECT_FALSE(wanted.empty());
  EXPECT_TRUE(wanted.Has("request_id"));
  EXPECT_TRUE(wanted.Has("request"));
  EXPECT_FALSE(wanted.Has("request_"));
  EXPECT_FALSE(wanted.Has("id"));
  EXPECT_TRUE(wanted.HasWithin("request"));
  EXPECT_FALSE(wanted.HasWithin("requ"));
  EXPECT_FALSE(wanted.HasWithin("request_id"));
  EXPECT_FALSE(wanted.HasWithin("z"));
}

TEST(WantedFieldsTest, AllIsEveryField) {
  const WantedFields all = WantedFields::All();
  EXPECT_TRUE(all.Has("anything"));
  EXPECT_TRUE(all.HasWithin("anything"));
  EXPECT_FALSE(all.empty());
}

}  // namespace
}  // namespace tallybell
