// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/dated_format.h"

#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("dated", text); }

TEST(DatedFormatTest, ReadsWhatLog4jAndPythonWrite) {
  EXPECT_EQ(Read("2015-10-18 18:01:47,978 INFO [main] o.a.h.MRAppMaster: Created"),
            "dated info 2015-10-18 18:01:47.978000000 | "
            "message=INFO [main] o.a.h.MRAppMaster: Created");
  EXPECT_EQ(Read("2024-01-01 12:00:00,123 - root - ERROR - boom"),
            "dated error 2024-01-01 12:00:00.123000000 | message=root - ERROR - boom");
  EXPECT_EQ(Read("2016-09-28 04:30:30, Info                  CBS    Loaded"),
            "dated unknown 2016-09-28 04:30:30.000000000 | message=Info                  CBS    "
            "Loaded");
  EXPECT_EQ(Read("2024-05-01 12:00:00 main: warning: low disk"),
            "dated warning 2024-05-01 12:00:00.000000000 | message=main: warning: low disk");
}

TEST(DatedFormatTest, ADateAloneIsEnoughWhereItIsWhole) {
  EXPECT_EQ(Read("2024-05-01T12:00:00.5Z stuff happened"),
            "dated unknown 2024-05-01 12:00:00.500000000 0 | message=stuff happened");
  EXPECT_EQ(Read("[2024-05-01T12:00:00+05:30] ERROR: x"),
            "dated error 2024-05-01 12:00:00.000000000 330 | message=ERROR: x");
  EXPECT_EQ(Read("[2024-05-01 12:00:00 ERROR: x"), "no header");
}

TEST(DatedFormatTest, ReadsNamesOfDaysAndMonths) {
  EXPECT_EQ(Read("[Sun Dec 04 04:47:44 2005] [notice] workerEnv.init() ok"),
            "dated info 2005-12-04 04:47:44.000000000 | message=[notice] workerEnv.init() ok");
  EXPECT_EQ(Read("Thu Feb  3 15:32:21 main: executing command start"),
            "dated unknown 0000-02-03 15:32:21.000000000 | message=main: executing command start");
  EXPECT_EQ(Read("Fri Sep 26 09:35:39 40 (install) 58032: x"),
            "dated unknown 0000-09-26 09:35:39.000000000 | message=40 (install) 58032: x");
  EXPECT_EQ(Read("May 02, 2022 4:48:12 PM INFO com.veertu.plugin.anka.AnkaMgmtCloud InternalLog"),
            "dated info 2022-05-02 16:48:12.000000000 | "
            "message=INFO com.veertu.plugin.anka.AnkaMgmtCloud InternalLog");
  EXPECT_EQ(Read("May 02, 2022 12:00:01 AM SEVERE x"),
            "dated error 2022-05-02 00:00:01.000000000 | message=SEVERE x");
  EXPECT_EQ(Read("Tue, Mar 15 2022 5:04:44 pm | started"),
            "dated unknown 2022-03-15 17:04:44.000000000 | message=started");
}

TEST(DatedFormatTest, AShortDateNeedsASeverityToBeBelieved) {
  EXPECT_EQ(Read("17/06/09 20:10:40 INFO executor.Backend: Registered"),
            "dated info 2017-06-09 20:10:40.000000000 | message=INFO executor.Backend: Registered");
  EXPECT_EQ(Read("17/06/09 20:10:40 is when it was"), "no header");
}

TEST(DatedFormatTest, WordsOfProseAreNoSeverities) {
  EXPECT_EQ(Read("2024-05-01 12:00:00 there was an error in it").substr(0, 13), "dated unknown");
  EXPECT_EQ(Read("2024-05-01 12:00:00 a b c d e f g ERROR").substr(0, 13), "dated unknown");
  EXPECT_EQ(Read("2024-05-01 12:00:00 ERRORS: 3").substr(0, 13), "dated unknown");
}

TEST(DatedFormatTest, LeavesOtherFormatsTheirLines) {
  EXPECT_EQ(Read("2019-05-01 12:32:30.426698 W | etcdserver: x"), "no header");
  EXPECT_EQ(Read("2026-11-21T08:01:59Z\tinfo\tsnapshot/v3_snapshot.go:265\trestoring"),
            "no header");
  EXPECT_EQ(Read("2022/04/25 16:22:44 listening"), "no header");
  EXPECT_EQ(Read("Nov 21 08:01:26 etcd-1 etcd[95994]: x"), "no header");
  EXPECT_EQ(Read("Tue, Mar 15 2022 5:04:44 pm | E0315 10:48:10.641811   59011 a.go:41] x"),
            "no header");
}

TEST(DatedFormatTest, WhatIsNoDateIsNoHeader) {
  for (const absl::string_view text :
       {"", "[", "[]", "2024-13-01 12:00:00 x", "2024-02-30 12:00:00 x", "2024-05-01", "Mon",
        "Monday", "May 02, 2022 13:00:00 PM x", "May 02 12:00:00 x", "Thu Feb 30 15:32:21 x",
        "Thu Feb  3 25:32:21 x", "12", "2024-05-01 12:00:00x", "1: 2024-05-01 12:00:00 x"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

}  // namespace
}  // namespace tallybell
