// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_WINDOW_TIMES_RING_H_
#define TALLYBELL_ENGINE_WINDOW_TIMES_RING_H_

#include <cstddef>
#include <cstdint>
#include <deque>

namespace tallybell {

class SlidingWindow;

// How many times the windows of all groups together may keep beyond those that truth needs. It
// keeps an account, the windows keep the times: each time that a window puts aside has a place
// here, and when there are no more places, the windows that hold the oldest ones give their oldest
// times away. Not thread-safe.
class TimesRing {
 public:
  static constexpr size_t kDefaultCapacity = 64 << 20;  // bytes
  // A time in a window with room to grow, and its place here.
  static constexpr size_t kBytesPerTime = 32;

  explicit TimesRing(size_t capacity = kDefaultCapacity);
  ~TimesRing();
  TimesRing(const TimesRing&) = delete;
  TimesRing& operator=(const TimesRing&) = delete;

  // A window that has places here. Belongs to the ring.
  struct Owner {
    SlidingWindow* window;  // null when it is gone
    size_t places = 0;
  };

  Owner* Join(SlidingWindow* window) { return new Owner{window, 0}; }
  void Leave(Owner* owner);

  // `owner` puts `count` times aside. Windows that must give some away are told so at once.
  void Put(Owner* owner, size_t count);

  // Places that are taken, by times that have left their windows since too.
  size_t taken() const { return taken_; }
  // Times that windows had to give away.
  int64_t given_way() const { return given_way_; }

 private:
  struct Run {  // neighbouring places of one owner
    Owner* owner;
    size_t count;
  };

  void FreeOldest(size_t count);

  const size_t max_places_;
  std::deque<Run> runs_;  // oldest first
  size_t taken_ = 0;
  int64_t given_way_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_WINDOW_TIMES_RING_H_
