// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/worker_crew.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

class Count : public WorkerCrew::Job {
 public:
  void Run() override { ++runs; }
  std::atomic<int> runs{0};
};

TEST(WorkerCrewTest, ACrewOfNobodyRunsAJobWhereItIsWaitedFor) {
  WorkerCrew crew(0);
  Count job;
  crew.Finish(&job);
  EXPECT_EQ(job.runs, 0);
  crew.Start(&job);
  EXPECT_EQ(job.runs, 0);
  crew.Finish(&job);
  EXPECT_EQ(job.runs, 1);
}

TEST(WorkerCrewTest, EachJobRunsOnceForEachStart) {
  for (const int workers : {0, 1, 3}) {
    WorkerCrew crew(workers);
    std::vector<std::unique_ptr<Count>> jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(std::make_unique<Count>());
    for (int round = 1; round <= 50; ++round) {
      for (const auto& job : jobs) crew.Start(job.get());
      for (const auto& job : jobs) {
        crew.Finish(job.get());
        ASSERT_EQ(job->runs, round) << workers << " workers";
      }
    }
  }
}

// Waits until it is let go, by whoever runs it.
class Gate : public WorkerCrew::Job {
 public:
  void Run() override {
    entered.Notify();
    open.WaitForNotification();
  }
  absl::Notification entered;
  absl::Notification open;
};

TEST(WorkerCrewTest, WhoWaitsForARunningJobDoesWhatElseWaits) {
  WorkerCrew crew(1);
  Gate gate;
  crew.Start(&gate);
  gate.entered.WaitForNotification();  // the only worker is in there
  class Opener : public WorkerCrew::Job {
   public:
    explicit Opener(Gate* gate) : gate_(gate) {}
    void Run() override { gate_->open.Notify(); }

   private:
    Gate* const gate_;
  } opener(&gate);
  crew.Start(&opener);
  crew.Finish(&gate);
  crew.Finish(&opener);
}

TEST(WorkerCrewTest, SeveralMayWaitAtATime) {
  WorkerCrew crew(2);
  std::vector<std::thread> callers;
  std::atomic<int> total{0};
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      Count job;
      for (int round = 0; round < 200; ++round) {
        crew.Start(&job);
        crew.Finish(&job);
      }
      total += job.runs;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total, 600);
}

}  // namespace
}  // namespace tallybell
