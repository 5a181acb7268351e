// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/base/worker_crew.h"

#include <algorithm>

namespace tallybell {

WorkerCrew::WorkerCrew(int workers) {
  threads_.reserve(workers);
  for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerCrew::~WorkerCrew() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void WorkerCrew::Start(Job* job) {
  absl::MutexLock lock(&mutex_);
  job->state_ = Job::State::kWaiting;
  waiting_.push_back(job);
}

void WorkerCrew::RunOne(Job* job) {
  job->state_ = Job::State::kRunning;
  mutex_.Unlock();
  job->Run();
  mutex_.Lock();
  job->state_ = Job::State::kIdle;
}

void WorkerCrew::Finish(Job* job) {
  absl::MutexLock lock(&mutex_);
  while (job->state_ != Job::State::kIdle) {
    // Its own first: that is what is waited for.
    const auto mine = std::find(waiting_.begin(), waiting_.end(), job);
    if (mine != waiting_.end()) {
      waiting_.erase(mine);
      RunOne(job);
    } else if (!waiting_.empty()) {
      Job* const other = waiting_.front();
      waiting_.pop_front();
      RunOne(other);
    } else {
      const auto changed = [this, job]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return job->state_ == Job::State::kIdle || !waiting_.empty();
      };
      mutex_.Await(absl::Condition(&changed));
    }
  }
}

void WorkerCrew::Work() {
  absl::MutexLock lock(&mutex_);
  for (;;) {
    const auto awake = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return stopping_ || !waiting_.empty();
    };
    mutex_.Await(absl::Condition(&awake));
    if (waiting_.empty()) return;
    Job* const job = waiting_.front();
    waiting_.pop_front();
    RunOne(job);
  }
}

}  // namespace tallybell
