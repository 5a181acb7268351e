// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/syslog_format.h"

#include "absl/strings/str_cat.h"
#include "engine/parse/month_name.h"
#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("syslog", text); }

TEST(SyslogFormatTest, ReadsWhatJournalctlPrints) {
  EXPECT_EQ(Read("May 26 06:59:12 etcd-1 etcd[95994]: failed to apply: etcdserver: no space"),
            "syslog unknown 0000-05-26 06:59:12.000000000 | host=etcd-1 ident=etcd pid=95994 "
            "message=failed to apply: etcdserver: no space");
  EXPECT_EQ(Read("May  6 06:59:12.123456 h kernel: [12.3] x"),
            "syslog unknown 0000-05-06 06:59:12.123456000 | host=h ident=kernel message=[12.3] x");
  EXPECT_EQ(Read("2026-11-21T07:57:48+0000 h a.b-c@d.service[1]: x"),
            "syslog unknown 2026-11-21 07:57:48.000000000 0 | host=h ident=a.b-c@d.service pid=1 "
            "message=x");
  EXPECT_EQ(Read("2026-11-21T07:57:48.123456+01:00 h su: "),
            "syslog unknown 2026-11-21 07:57:48.123456000 60 | host=h ident=su message=");
}

TEST(SyslogFormatTest, ThePriorityGivesTheSeverity) {
  EXPECT_EQ(Read("<34>Oct 11 22:14:15 mymachine su: 'su root' failed"),
            "syslog fatal 0000-10-11 22:14:15.000000000 | host=mymachine ident=su "
            "message='su root' failed");
  const char* const kNames[] = {"fatal",   "fatal", "fatal", "error",
                                "warning", "info",  "info",  "debug"};
  for (int priority = 0; priority <= 191; ++priority) {
    EXPECT_EQ(Read(absl::StrCat("<", priority, ">Oct 11 22:14:15 h su: x")),
              absl::StrCat("syslog ", kNames[priority % 8],
                           " 0000-10-11 22:14:15.000000000 | host=h ident=su message=x"));
  }
  for (const absl::string_view priority : {"<192>", "<>", "<x>", "<-1>", "<1", "<0001>"}) {
    EXPECT_EQ(Read(absl::StrCat(priority, "Oct 11 22:14:15 h su: x")), "no header") << priority;
  }
}

TEST(SyslogFormatTest, ReadsRfc5424) {
  EXPECT_EQ(Read("<34>1 2003-10-11T22:14:15.003Z h.example.com evntslog 17 ID47 "
                 "[a@1 k=\"v]\\\"\"][b@2] \xEF\xBB\xBFtext"),
            "syslog fatal 2003-10-11 22:14:15.003000000 0 | host=h.example.com ident=evntslog "
            "pid=17 message=text");
  EXPECT_EQ(Read("<13>1 - - - - - -"), "syslog info | message=");
  EXPECT_EQ(Read("<13>1 - - - - - [a"), "no header");
}

TEST(SyslogFormatTest, ReadsTheLevelThatMacOsPrints) {
  EXPECT_EQ(Read("Nov 21 07:57:48 Mac-mini launchd[1] (com.veertu.agent[77]) <Error>: exited"),
            "syslog error 0000-11-21 07:57:48.000000000 | host=Mac-mini ident=launchd pid=1 "
            "message=exited");
}

TEST(SyslogFormatTest, TheMessageIsReadOnceMore) {
  EXPECT_EQ(Read("Jan 19 22:05:08 node kubelet: E0119 22:05:08.823485   20081 pod.go:186] bad"),
            "syslog error 0000-01-19 22:05:08.823485000 | host=node ident=kubelet file=pod.go "
            "line=186 thread=20081 caller=pod.go:186 message=bad");
  EXPECT_EQ(Read("Jan 19 22:05:08 node etcd[7]: 2024-01-19 22:05:08.823485 W | raft: slow"),
            "syslog warning 2024-01-19 22:05:08.823485000 | host=node ident=etcd pid=7 "
            "logger=raft message=slow");
  EXPECT_EQ(Read("<11>Jan 19 22:05:08 node x[7]: level=warn msg=m"),
            "syslog warning 0000-01-19 22:05:08.000000000 | host=node ident=x pid=7 level=warn "
            "message=m msg=m");
  EXPECT_EQ(Read("<11>Jan 19 22:05:08 node x[7]: Log file created at: 2021/03/04 01:42:32"),
            "syslog error 0000-01-19 22:05:08.000000000 | host=node ident=x pid=7 "
            "message=Log file created at: 2021/03/04 01:42:32");
  // But not as syslog in syslog.
  EXPECT_EQ(Read("Jan 19 22:05:08 a b: <11>Jan 19 22:05:08 c d: e"),
            "syslog unknown 0000-01-19 22:05:08.000000000 | host=a ident=b "
            "message=<11>Jan 19 22:05:08 c d: e");
}

TEST(SyslogFormatTest, AStampThatKnowsItsZoneCompletesTheInnerOne) {
  EXPECT_EQ(Read("2026-11-21T09:57:48+0200 h k: E1121 07:57:47.823485   20081 pod.go:186] bad"),
            "syslog error 1795247867823485 | host=h ident=k file=pod.go line=186 thread=20081 "
            "caller=pod.go:186 message=bad");
}

TEST(SyslogFormatTest, KnowsTheMonthsOfItsLanguages) {
  EXPECT_EQ(Read("feb 16 12:45:47 m kubelet[1]: x"),
            "syslog unknown 0000-02-16 12:45:47.000000000 | host=m ident=kubelet pid=1 message=x");
  EXPECT_EQ(Read("1月 31 15:25:41 m kubelet[1]: x"),
            "syslog unknown 0000-01-31 15:25:41.000000000 | host=m ident=kubelet pid=1 message=x");
  const char* const kMonths[12] = {
      "Jan ene janv. Gen 1月", "feb Fev févr. 2月", "MAR mär Mrz mars 3월",
      "abr avr. Apr",          "mai MAG may",       "jun juin giu",
      "Jul juil. lug",         "ago août Aug",      "sept. set Sep",
      "okt OUT ott Oct",       "nov. Nov",          "dez déc. Dic dec 12月"};
  for (int month = 1; month <= 12; ++month) {
    absl::string_view names = kMonths[month - 1];
    while (!names.empty()) {
      const absl::string_view name = names.substr(0, names.find(' '));
      EXPECT_EQ(MonthFromName(name), month) << name;
      names.remove_prefix(std::min(names.size(), name.size() + 1));
    }
  }
  for (const absl::string_view name :
       {"", ".", "ja", "janu", "13月", "0月", "月", "a月", "Mon", "Januar und", "1", "111月"}) {
    EXPECT_EQ(MonthFromName(name), 0) << name;
  }
}

TEST(SyslogFormatTest, RefusesWhatOnlyLooksLikeAHeader) {
  for (const absl::string_view text :
       {"",
        "M",
        "May",
        "May 26",
        "May 26 06:59:12",
        "May 26 06:59:12 host",
        "May we ask you: why",
        "May 26 06:59:12 host ident",
        "May 26 06:59:12 main: starting",
        "May 32 06:59:12 h i: x",
        "Feb 30 06:59:12 h i: x",
        "May 26 24:59:12 h i: x",
        "May 26 06:59:61 h i: x",
        "May 26 06:59:12 h i[]: x",
        "May 26 06:59:12 h i[1: x",
        "May 26 06:59:12 h i[1]:x",
        "Thu Feb  3 15:32:21 main: executing command start",
        "May 26 06:59 h i: x",
        "May 26 06:59:12Z h i: x",
        "Foo 26 06:59:12 h i: x",
        "May 26 2022 4:48:12 PM i: x",
        "2026-11-21T07:57:48 h i: x",
        "2026-11-21 07:57:48+0000 h i: x",
        "2023-08-18T10:47:25.111490788+08:00 stderr F {\"level\":\"warn\"}",
        "2020-03-19T21:19:14.763544793-07:00 E0320 04:19:14.763494   1 a.go:1] x"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

}  // namespace
}  // namespace tallybell
