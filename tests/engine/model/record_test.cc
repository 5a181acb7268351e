// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/record.h"

#include <string>
#include <vector>

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

TEST(FieldsTest, ManyAreNoOtherThanFew) {
  Fields fields;
  for (const int count : {7, 8, 9, 30, 3}) {
    fields.Clear();
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back("f" + std::to_string(i));
    for (const std::string& name : names) fields.Add(name, name);
    const Fields copy = fields;
    ASSERT_EQ(copy.all().size(), names.size());
    for (size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(copy.all()[i].name, names[i]);
      EXPECT_EQ(fields.Get(names[i]), names[i]);
    }
  }
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
