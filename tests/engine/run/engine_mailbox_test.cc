// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/engine_mailbox.h"

#include <poll.h>

#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tallybell {
namespace {

bool Readable(int fd) {
  pollfd poll_fd = {fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 1;
}

TEST(EngineMailboxTest, LettersAreDoneInOrderAndWakeTheEngine) {
  EngineMailbox mailbox;
  EXPECT_FALSE(Readable(mailbox.fd()));
  std::vector<int> done;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(mailbox.Post([&done, i](LiveEngine*) { done.push_back(i); }));
  }
  EXPECT_TRUE(Readable(mailbox.fd()));
  mailbox.DeliverAll(nullptr);
  EXPECT_EQ(done, (std::vector<int>{0, 1, 2}));
  EXPECT_FALSE(Readable(mailbox.fd()));
}

TEST(EngineMailboxTest, ALetterMayPostAnother) {
  EngineMailbox mailbox;
  int done = 0;
  mailbox.Post([&](LiveEngine*) { mailbox.Post([&](LiveEngine*) { ++done; }); });
  mailbox.DeliverAll(nullptr);
  EXPECT_EQ(done, 0);
  EXPECT_TRUE(Readable(mailbox.fd()));
  mailbox.DeliverAll(nullptr);
  EXPECT_EQ(done, 1);
}

TEST(EngineMailboxTest, ItsRoomIsBounded) {
  EngineMailbox mailbox;
  for (size_t i = 0; i < EngineMailbox::kMaxLetters; ++i) {
    EXPECT_TRUE(mailbox.Post([](LiveEngine*) {}));
  }
  EXPECT_FALSE(mailbox.Post([](LiveEngine*) {}));
  mailbox.DeliverAll(nullptr);
  EXPECT_TRUE(mailbox.Post([](LiveEngine*) {}));
}

TEST(EngineMailboxTest, ClosedItForgetsWhatWaits) {
  EngineMailbox mailbox;
  auto held = std::make_shared<int>(0);
  mailbox.Post([held](LiveEngine*) {});
  mailbox.Close();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_FALSE(mailbox.Post([](LiveEngine*) {}));
}

TEST(EngineMailboxTest, ThreadsPostWhileItIsEmptied) {
  EngineMailbox mailbox;
  int done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000;) {
        if (mailbox.Post([&done](LiveEngine*) { ++done; })) ++n;
      }
    });
  }
  while (done < 4'000) mailbox.DeliverAll(nullptr);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 4'000);
}

}  // namespace
}  // namespace tallybell
