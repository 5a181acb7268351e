// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/field_name.h"

#include <string>

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

TEST(WantedFieldsTest, NamesOfASizeThatNoneHasAreNotWanted) {
  WantedFields wanted;
  EXPECT_FALSE(wanted.MayHave(0));
  wanted.Add("request.header.id");
  wanted.Add("host");
  for (const size_t size : {4u, 7u, 14u, 17u}) EXPECT_TRUE(wanted.MayHave(size)) << size;
  for (const size_t size : {0u, 3u, 5u, 8u, 16u, 18u, 63u, 500u}) {
    EXPECT_FALSE(wanted.MayHave(size)) << size;
  }
  const std::string longest(100, 'x');
  wanted.Add(longest);
  EXPECT_TRUE(wanted.MayHave(100));
  EXPECT_TRUE(wanted.Has(longest));
  EXPECT_FALSE(wanted.Has(std::string(99, 'x')));
}

TEST(WantedFieldsTest, AllIsEveryField) {
  const WantedFields all = WantedFields::All();
  EXPECT_TRUE(all.Has("anything"));
  EXPECT_TRUE(all.HasWithin("anything"));
  EXPECT_FALSE(all.empty());
  EXPECT_TRUE(all.MayHave(5));
}

}  // namespace
}  // namespace tallybell
