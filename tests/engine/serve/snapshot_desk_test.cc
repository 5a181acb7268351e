// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/snapshot_desk.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

std::shared_ptr<const EngineSnapshot> Numbered(TimeNs number) {
  auto snapshot = std::make_shared<EngineSnapshot>();
  snapshot->at = number;
  return snapshot;
}

// Delivers letters as the evaluation thread does, until it goes.
class FakeEngine {
 public:
  explicit FakeEngine(EngineMailbox* mailbox)
      : thread_([this, mailbox] {
          while (!done_.load()) mailbox->DeliverAll(nullptr);
        }) {}
  ~FakeEngine() {
    done_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

TEST(SnapshotDeskTest, EverybodyWhoAsksIsServedOnce) {
  EngineMailbox mailbox;
  std::atomic<int> made{0};
  SnapshotDesk desk(&mailbox, [&](LiveEngine*) { return Numbered(++made); });
  const FakeEngine engine(&mailbox);
  constexpr int kClients = 200;
  absl::BlockingCounter served(kClients);
  for (int i = 0; i < kClients; ++i) {
    ASSERT_TRUE(desk.Ask([&](std::shared_ptr<const EngineSnapshot> snapshot) {
      EXPECT_NE(snapshot, nullptr);
      served.DecrementCount();
    }));
  }
  served.Wait();
  EXPECT_LE(made.load(), kClients);
}

TEST(SnapshotDeskTest, ThoseWhoWaitShareASnapshotThatIsNotOlderThanTheirQuestion) {
  EngineMailbox mailbox;
  int made = 0;
  SnapshotDesk desk(&mailbox, [&](LiveEngine*) { return Numbered(++made); });
  absl::BlockingCounter served(3);
  std::vector<TimeNs> numbers(3);
  // While nothing is delivered the first question waits, and those behind it gather.
  for (int i = 0; i < 3; ++i) {
    desk.Ask([&, i](std::shared_ptr<const EngineSnapshot> snapshot) {
      numbers[i] = snapshot->at;
      served.DecrementCount();
    });
  }
  const FakeEngine engine(&mailbox);
  served.Wait();
  EXPECT_EQ(numbers[0], 1);
  EXPECT_EQ(numbers[1], numbers[2]);
  EXPECT_LE(numbers[2], 2);
}

TEST(SnapshotDeskTest, AnEngineThatEndedShowsNothing) {
  EngineMailbox mailbox;
  mailbox.Close();
  SnapshotDesk desk(&mailbox, [](LiveEngine*) { return Numbered(1); });
  absl::Notification served;
  desk.Ask([&](std::shared_ptr<const EngineSnapshot> snapshot) {
    EXPECT_EQ(snapshot, nullptr);
    served.Notify();
  });
  served.WaitForNotification();
}

TEST(SnapshotDeskTest, AQuestionThatIsThrownAwayIsAnsweredWithNothing) {
  EngineMailbox mailbox;
  SnapshotDesk desk(&mailbox, [](LiveEngine*) { return Numbered(1); });
  absl::Notification served;
  desk.Ask([&](std::shared_ptr<const EngineSnapshot> snapshot) {
    EXPECT_EQ(snapshot, nullptr);
    served.Notify();
  });
  while (!served.HasBeenNotified()) mailbox.Close();
}

TEST(SnapshotDeskTest, EndsWhileAQuestionIsOpen) {
  EngineMailbox mailbox;
  auto held = std::make_shared<int>(0);
  {
    SnapshotDesk desk(&mailbox, [](LiveEngine*) { return Numbered(1); });
    desk.Ask([held](std::shared_ptr<const EngineSnapshot>) {});
  }
  mailbox.DeliverAll(nullptr);
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace tallybell
