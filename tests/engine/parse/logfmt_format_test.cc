// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/logfmt_format.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("logfmt", text); }

std::string Read(absl::string_view text, absl::string_view wanted_name) {
  WantedFields wanted;
  wanted.Add(wanted_name);
  return DescribedLine("logfmt", text, wanted);
}

TEST(LogfmtFormatTest, ReadsAnAgentsCommandLog) {
  EXPECT_EQ(Read(R"(time="2024-10-22T08:21:01-05:00" level=info msg="1729603261391772000 anka )"
                 R"(stop 0a7e" logger=CMD)",
                 "logger"),
            "logfmt info 2024-10-22 08:21:01.000000000 -300 | logger=CMD");
  EXPECT_EQ(Read(R"(time="2024-10-22T08:21:01-05:00" level=info msg="17 anka stop" logger=CMD)"),
            "logfmt info 2024-10-22 08:21:01.000000000 -300 | time=2024-10-22T08:21:01-05:00 "
            "level=info message=17 anka stop msg=17 anka stop logger=CMD");
}

TEST(LogfmtFormatTest, TakesNoFieldThatNobodyWants) {
  EXPECT_EQ(DescribedLine("logfmt", "level=warn msg=x a=1", WantedFields()), "logfmt warning");
  EXPECT_EQ(Read("level=warn msg=x a=1 a=2", "a"), "logfmt warning | a=1 a=2");
  EXPECT_EQ(Read("level=warn msg=x", "message"), "logfmt warning | message=x");
  EXPECT_EQ(Read("level=warn http.status-code=500", "http_status_code"),
            "logfmt warning | http_status_code=500");
}

TEST(LogfmtFormatTest, TimeAndLevelMayStandInAnyOrderBehindOthers) {
  EXPECT_EQ(Read("ts=2024-10-22T08:21:01.5Z caller=x.go:1 level=error msg=m", "caller"),
            "logfmt error 2024-10-22 08:21:01.500000000 0 | file=x.go line=1 caller=x.go:1 "
            "caller=x.go:1");
  EXPECT_EQ(Read("a=1 b=2 c=3 d=4 e=5 f=6 lvl=dbug t=2024-10-22T08:21:01-0500", "none"),
            "logfmt unknown 2024-10-22 08:21:01.000000000 -300");
  EXPECT_EQ(Read("a=1 b=2 c=3 d=4 e=5 f=6 g=7 severity=ERROR", "none"), "logfmt error");
  EXPECT_EQ(Read("a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 severity=ERROR", "none"), "no header");
}

TEST(LogfmtFormatTest, ReadsSlogsLevels) {
  EXPECT_EQ(Read("time=2024-10-22T08:21:01.000Z level=INFO+2 source=main.go:10 msg=m", "line"),
            "logfmt info 2024-10-22 08:21:01.000000000 0 | file=main.go line=10 caller=main.go:10");
}

TEST(LogfmtFormatTest, ANumberIsATimeOnlyIfItIsADate) {
  EXPECT_EQ(Read("ts=1646315443.450814 x=1", "none"), "logfmt unknown 1646315443450814");
  EXPECT_EQ(Read("ts=1646315443450 x=1", "none"), "logfmt unknown 1646315443450000");
  EXPECT_EQ(Read("t=5 x=1"), "no header");
  EXPECT_EQ(Read("time=0.003 x=1"), "no header");
}

TEST(LogfmtFormatTest, DecodesGoQuotedValues) {
  EXPECT_EQ(Read(R"(level=info q="a \"b\" \\ c" u="日本" empty= e="" nl="l1\nl2")", "q"),
            R"(logfmt info | q=a "b" \ c)");
  EXPECT_EQ(Read(R"(level=info u="日本")", "u"), "logfmt info | u=日本");
  EXPECT_EQ(Read("level=info empty= x=1", "empty"), "logfmt info | empty=");
}

TEST(LogfmtFormatTest, WhatIsNoPairIsPassedOver) {
  EXPECT_EQ(Read(R"(level=info msg=not quoted at all "loose" =3 x=1)", "x"), "logfmt info | x=1");
  EXPECT_EQ(Read(R"(level=info msg="never ends x=1)", "message"),
            R"(logfmt info | message="never ends x=1)");
  EXPECT_EQ(Read(R"(level=info a="x"b=2)", "b"), "logfmt info | b=2");
}

TEST(LogfmtFormatTest, ProseIsNoRecord) {
  for (const absl::string_view text : {"",
                                       "x",
                                       "level",
                                       "level=",
                                       "level=nice",
                                       "level=5",
                                       "level=e",
                                       "the level=info is fine",
                                       "Setting level=info",
                                       "time=now level",
                                       "key=value",
                                       "a=b c=d",
                                       "time flies level=info",
                                       "1level=info",
                                       "=level=info",
                                       "goroutine 1 [running]:",
                                       "x y=1 level=info",
                                       "main.main() level=info",
                                       "time=soon",
                                       R"("quoted" level=info)"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

TEST(LogfmtFormatTest, ReadsWhatLogrusPrintsOnATerminal) {
  EXPECT_EQ(Read("WARN[0000] Serving metrics at :2112                     empty= eq=\"a=b\" n=1"),
            "logfmt warning | message=Serving metrics at :2112 empty= eq=a=b n=1");
  EXPECT_EQ(Read("ERRO[123456] start failed, x=1 here"),
            "logfmt error | message=start failed, x=1 here");
  EXPECT_EQ(Read("INFO[0000]                                              "),
            "logfmt info | message=");
  EXPECT_EQ(Read("FATA[2024-10-22T08:21:01-05:00] a  b c  k=v"),
            "logfmt fatal 2024-10-22 08:21:01.000000000 -300 | message=a  b c k=v");
  EXPECT_EQ(Read("PANI[0001] a  x=1  y  z=2"), "logfmt fatal | message=a  x=1  y z=2");
  EXPECT_EQ(Read("DEBU[0001]"), "logfmt debug | message=");
}

TEST(LogfmtFormatTest, RefusesWhatOnlyLooksLikeATerminalsLine) {
  for (const absl::string_view text :
       {"INFO[1] x", "INFO[0000]x", "INFO[abcd] x", "INFO[] x", "INFO[0000", "NOTE[0000] x",
        "INFO(0000) x", "INFO [0000] x", "info[0000] x"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

// A walk over the line that began anew at each of them would never end.
TEST(LogfmtFormatTest, ALongLineOfNearlyPairsTakesNoLongTime) {
  std::string text = "INFO[0000] m";
  while (text.size() < 256 * 1024) text += "  a=b  a=\"";
  EXPECT_NE(Read(text, "a"), "no header");
  text += "  no pair";
  EXPECT_NE(Read(text, "a"), "no header");
}

}  // namespace
}  // namespace tallybell
