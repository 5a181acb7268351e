// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_BASE_WORKER_CREW_H_
#define TALLYBELL_ENGINE_BASE_WORKER_CREW_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tallybell {

// Threads that do what one thread would otherwise do alone. Who waits for a piece of work does it,
// or other work that waits, so that no core is idle and a crew of no workers is as good as none.
// Thread-safe.
//
//   crew.Start(&job);
//   ...
//   crew.Finish(&job);  // it has run
class WorkerCrew {
 public:
  class Job {
   public:
    virtual ~Job() = default;
    // Called once for each Start, on any thread.
    virtual void Run() = 0;

   private:
    friend class WorkerCrew;
    enum class State { kIdle, kWaiting, kRunning };
    State state_ = State::kIdle;  // guarded by the crew's mutex
  };

  // `workers` threads besides those that call.
  explicit WorkerCrew(int workers);
  // No job may be waiting or running.
  ~WorkerCrew();

  // Puts `job` in line. It must be idle, and stay until it is finished.
  void Start(Job* job);

  // Returns once `job` has run; at once if it is idle.
  void Finish(Job* job);

  int workers() const { return static_cast<int>(threads_.size()); }

 private:
  void Work();
  // Runs `job`, which is in line no more.
  void RunOne(Job* job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::deque<Job*> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_BASE_WORKER_CREW_H_
