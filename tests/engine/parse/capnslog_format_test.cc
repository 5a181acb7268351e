// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/capnslog_format.h"

#include "gtest/gtest.h"
#include "tests/engine/parse/described_line.h"

namespace tallybell {
namespace {

std::string Read(absl::string_view text) { return DescribedLine("capnslog", text); }

TEST(CapnslogFormatTest, ReadsLetterPackageAndMessage) {
  EXPECT_EQ(Read("2019-05-01 12:32:30.426698 W | etcdserver: alarm NOSPACE raised by peer 69b3"),
            "capnslog warning 2019-05-01 12:32:30.426698000 | logger=etcdserver "
            "message=alarm NOSPACE raised by peer 69b3");
  EXPECT_EQ(Read("2026-11-21 07:57:33.279844 N | etcdserver/api/v3rpc: starting: now"),
            "capnslog info 2026-11-21 07:57:33.279844000 | logger=etcdserver/api/v3rpc "
            "message=starting: now");
}

TEST(CapnslogFormatTest, ReadsTheCallerOfADebugLog) {
  EXPECT_EQ(Read("2026-11-21 08:14:20.511585 [pkg_logger.go:148] D | etcdmain: etcd Version: 3.4"),
            "capnslog debug 2026-11-21 08:14:20.511585000 | file=pkg_logger.go line=148 "
            "caller=pkg_logger.go:148 logger=etcdmain message=etcd Version: 3.4");
}

TEST(CapnslogFormatTest, NeedsNoPackage) {
  EXPECT_EQ(Read("2019-05-01 12:32:30.426698 C | no package here: x"),
            "capnslog fatal 2019-05-01 12:32:30.426698000 | message=no package here: x");
  EXPECT_EQ(Read("2019-05-01 12:32:30.426698 E | "),
            "capnslog error 2019-05-01 12:32:30.426698000 | message=");
  EXPECT_EQ(Read("2019-05-01 12:32:30.426698 E |"),
            "capnslog error 2019-05-01 12:32:30.426698000 | message=");
}

TEST(CapnslogFormatTest, ReadsEtcdsWarningsOfItsFlags) {
  EXPECT_EQ(Read("[WARNING] Deprecated '--logger=capnslog' flag is set"),
            "capnslog warning | message=Deprecated '--logger=capnslog' flag is set");
  EXPECT_EQ(Read("[WARNING] disk is full"), "no header");
}

TEST(CapnslogFormatTest, RefusesWhatOnlyLooksLikeAHeader) {
  for (const absl::string_view text :
       {"", "2", "2019-05-01 12:32:30.426698", "2019-05-01 12:32:30.426698 ",
        "2019-05-01 12:32:30.426698 W", "2019-05-01 12:32:30.426698 W |x",
        "2019-05-01 12:32:30.426698 X | a: b", "2019-05-01 12:32:30.42669 W | a: b",
        "2019-05-01 12:32:30.4266981 W | a: b", "2019-05-01T12:32:30.426698 W | a: b",
        "2019-05-01 12:32:30.426698Z W | a: b", "2019-13-01 12:32:30.426698 W | a: b",
        "2019-02-29 12:32:30.426698 W | a: b", "2019/05/01 12:32:30.426698 W | a: b",
        " 2019-05-01 12:32:30.426698 W | a: b", "anka-etcd  | I0501 x"}) {
    EXPECT_EQ(Read(text), "no header") << text;
  }
}

}  // namespace
}  // namespace tallybell
