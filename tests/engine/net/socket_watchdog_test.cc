// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/net/socket_watchdog.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "engine/base/unique_fd.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

constexpr int64_t kNever = INT64_MAX;

// What a request goes over, and the server's end of it.
struct Connection {
  Connection() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    client = UniqueFd(ends[0]);
    server = UniqueFd(ends[1]);
  }
  // Returns once the client's end was cut.
  bool WaitForTheEnd() const {
    char byte;
    return read(server.get(), &byte, 1) == 0;
  }

  UniqueFd client, server;
};

TEST(SocketWatchdogTest, CutsARequestWhenItsTimeIsUpAndNoOther) {
  SocketWatchdog watchdog;
  const Connection first, second;
  watchdog.Begin(kHour, kNever);
  watchdog.Watch(first.client.get());
  EXPECT_TRUE(watchdog.Alive());
  EXPECT_TRUE(watchdog.End().ok());
  for (const DurationNs deadline : {DurationNs{0}, 12 * kMillisecond}) {
    const Connection late;
    watchdog.Begin(deadline, kNever);
    watchdog.Watch(late.client.get());
    EXPECT_TRUE(late.WaitForTheEnd());
    EXPECT_FALSE(watchdog.Alive());
    EXPECT_EQ(watchdog.End(), absl::DeadlineExceededError("no answer in time"));
  }
  watchdog.Begin(kHour, kNever);
  watchdog.Watch(second.client.get());
  EXPECT_TRUE(watchdog.Alive());
  watchdog.Cancel();
  EXPECT_TRUE(second.WaitForTheEnd());
  EXPECT_TRUE(absl::IsCancelled(watchdog.End()));
  char byte;
  EXPECT_EQ(recv(first.server.get(), &byte, 1, MSG_DONTWAIT), -1) << "it was cut";
}

TEST(SocketWatchdogTest, MayGoWhileARequestIsUnderWay) {
  const Connection connection;
  SocketWatchdog watchdog;
  watchdog.Begin(kHour, kNever);
  watchdog.Watch(connection.client.get());
}

TEST(SocketWatchdogTest, CutsWhereThereWereNoDescriptorsLeftWhenItWasMade) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const Connection late;
  const rlimit none = {0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  auto watchdog = std::make_unique<SocketWatchdog>();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  watchdog->Begin(12 * kMillisecond, kNever);
  watchdog->Watch(late.client.get());
  EXPECT_TRUE(late.WaitForTheEnd());
  EXPECT_EQ(watchdog->End(), absl::DeadlineExceededError("no answer in time"));
}

}  // namespace
}  // namespace tallybell
