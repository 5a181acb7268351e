// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/zap_console_format.h"

#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("zap-console", text); }

TEST(ZapConsoleFormatTest, ReadsTheColumns) {
  EXPECT_EQ(Read("2022-03-03T16:04:16+02:00\tinfo\tmembership/store.go:141\tTrimming it"),
            "zap-console info 2022-03-03 16:04:16.000000000 120 | file=store.go "
            "line=141 caller=membership/store.go:141 message=Trimming it");
  EXPECT_EQ(Read("2026-11-21T03:10:23.117077-0500\tdpanic\traft\tzp/main.go:28\tx"),
            "zap-console fatal 2026-11-21 03:10:23.117077000 -300 | logger=raft file=main.go "
            "line=28 caller=zp/main.go:28 message=x");
}

TEST(ZapConsoleFormatTest, ReadsEveryFormOfTime) {
  EXPECT_EQ(Read("1.7952486231177404e+09\twarn\tm"),
            "zap-console warning 1795248623117740 | message=m");
  EXPECT_EQ(Read("1795248623.1149457\twarn\tm"),
            "zap-console warning 1795248623114945 | message=m");
  EXPECT_EQ(Read("1795248623115.7893\twarn\tm"),
            "zap-console warning 1795248623115789 | message=m");
  EXPECT_EQ(Read("1795248623115789300\twarn\tm"),
            "zap-console warning 1795248623115789 | message=m");
  EXPECT_EQ(Read("2026-11-21T07:57:48.446Z\tWARN\tm"),
            "zap-console warning 2026-11-21 07:57:48.446000000 0 | message=m");
}

TEST(ZapConsoleFormatTest, AMessageMayHoldTabs) {
  EXPECT_EQ(Read("2026-11-21T07:57:48Z\tinfo\ta.go:1\tone\ttwo\tthree"),
            "zap-console info 2026-11-21 07:57:48.000000000 0 | file=a.go line=1 caller=a.go:1 "
            "message=one\ttwo\tthree");
}

TEST(ZapConsoleFormatTest, WithoutACallerAllTheRestIsTheMessage) {
  EXPECT_EQ(Read("2026-11-21T07:57:48Z\tinfo\tjust this"),
            "zap-console info 2026-11-21 07:57:48.000000000 0 | message=just this");
  EXPECT_EQ(Read("2026-11-21T07:57:48Z\tinfo\t"),
            "zap-console info 2026-11-21 07:57:48.000000000 0 | message=");
}

TEST(ZapConsoleFormatTest, TheFieldsAreTheJsonAtTheEnd) {
  EXPECT_EQ(
      Read("2026-11-21T07:57:48Z\tinfo\ta.go:1\tx\t{y\t{\"alarm\": \"NO\\\"SPACE\", \"n\": 7}"),
      "zap-console info 2026-11-21 07:57:48.000000000 0 | file=a.go line=1 caller=a.go:1 "
      "message=x\t{y alarm=NO\"SPACE n=7");
  EXPECT_EQ(Read("2026-11-21T07:57:48Z\tinfo\ta.go:1\tx\t{\"cut\": \"of"),
            "zap-console info 2026-11-21 07:57:48.000000000 0 | file=a.go line=1 caller=a.go:1 "
            "message=x\t{\"cut\": \"of");
  EXPECT_EQ(Read("2026-11-21T07:57:48Z\tinfo\ta.go:1\tx\t{not json}"),
            "zap-console info 2026-11-21 07:57:48.000000000 0 | file=a.go line=1 caller=a.go:1 "
            "message=x\t{not json}");
}

TEST(ZapConsoleFormatTest, RefusesWhatOnlyLooksLikeAHeader) {
  for (const absl::string_view text :
       {"", "2026-11-21T07:57:48Z", "2026-11-21T07:57:48Z\t", "2026-11-21T07:57:48Z\tinfo",
        "2026-11-21T07:57:48Z\tnice\tm", "2026-11-21T07:57:48Z\tI\tm", "\tinfo\tm", "yes\tinfo\tm",
        "2026-11-21T07:57:48Z info\tm\tx", "2026-11-21T07:57:48Z \tinfo\tm"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

}  // namespace
}  // namespace tallybell
