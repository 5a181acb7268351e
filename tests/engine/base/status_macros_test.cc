// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/status_macros.h"

#include <memory>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

absl::StatusOr<std::unique_ptr<int>> Make(int n) {
  if (n < 0) return absl::OutOfRangeError("negative");
  return std::make_unique<int>(n);
}

absl::StatusOr<int> Sum(int a, int b) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> first, Make(a));
  std::unique_ptr<int> second;
  ASSIGN_OR_RETURN(second, Make(b));
  return *first + *second;
}

absl::Status CheckBoth(int a, int b) {
  RETURN_IF_ERROR(Make(a).status());
  if (b >= 0) RETURN_IF_ERROR(Make(b).status());
  return absl::OkStatus();
}

TEST(StatusMacrosTest, AValueIsMovedOutOrTheErrorReturned) {
  EXPECT_EQ(*Sum(2, 3), 5);
  EXPECT_EQ(Sum(-1, 3).status(), absl::OutOfRangeError("negative"));
  EXPECT_EQ(Sum(2, -1).status(), absl::OutOfRangeError("negative"));
}

TEST(StatusMacrosTest, AnErrorEndsTheFunction) {
  EXPECT_EQ(CheckBoth(1, 1), absl::OkStatus());
  EXPECT_EQ(CheckBoth(-1, 1), absl::OutOfRangeError("negative"));
}

}  // namespace
}  // namespace tallybell
