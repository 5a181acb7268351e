// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/record.h"

#include "gtest/gtest.h"

namespace tallybell {
namespace {

TEST(FieldsTest, TheFirstOfTwoEqualNamesIsFound) {
  Fields fields;
  fields.Add("file", "a.go");
  fields.Add("line", "7");
  fields.Add("file", "b.go");
  EXPECT_EQ(fields.Get("file"), "a.go");
  EXPECT_EQ(fields.Get("line"), "7");
  EXPECT_EQ(fields.all().size(), 3u);
}

TEST(FieldsTest, AnAbsentFieldIsTheEmptyString) {
  Fields fields;
  EXPECT_EQ(fields.Get("file"), "");
  fields.Add("file", "a.go");
  EXPECT_EQ(fields.Get(""), "");
  fields.Clear();
  EXPECT_EQ(fields.Get("file"), "");
}

}  // namespace
}  // namespace tallybell
