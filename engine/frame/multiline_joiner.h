// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_MULTILINE_JOINER_H_
#define TALLYBELL_ENGINE_FRAME_MULTILINE_JOINER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/frame/envelope.h"
#include "rules/pattern.h"

namespace tallybell {

// Makes one record of the lines of a stack trace or of an object that is printed over several:
// docs/semantics.md, "Line to record". Each stream is joined on its own, and what is held of each
// is bounded. Used by one thread at a time.
class MultilineJoiner {
 public:
  struct Options {
    // A line in which `first` is found begins a record and ends the one before it. Lines that
    // stand before any such line are records of their own.
    std::shared_ptr<const Pattern> first;
    // A line in which `last` is found ends its record, and belongs to it. Without `first` the line
    // after it begins the next.
    std::shared_ptr<const Pattern> last;
    int max_lines = 128;  // of a record; the rest is another one
    DurationNs max_wait =
        3 * kSecond;  // live: how long an unfinished record waits for its next line

    // Whether there is anything to join. Either pattern may be left out, not both.
    bool on() const { return first != nullptr || last != nullptr; }
  };
  static constexpr size_t kDefaultMaxBytes = 256 << 10;
  // Later than where any record begins.
  static constexpr uint64_t kNothingHeld = UINT64_MAX;

  // A line, or several with a newline between each two. All but the text is that of the first.
  struct Record {
    EnvelopedLine line;
    int stream = 0;
    uint64_t offset = 0;
  };
  using OnRecord = absl::FunctionRef<void(const Record&)>;

  explicit MultilineJoiner(Options options, size_t max_bytes = kDefaultMaxBytes)
      : options_(std::move(options)), max_bytes_(max_bytes) {}

  // Takes the next line of its stream (a small number) and gives what it completes: nothing, one
  // record or two. `line.line.text` is what patterns see. `arrival` is when it was read, or
  // kNoTime. What is given is good until `on_record` returns.
  void Add(const Record& line, TimeNs arrival, OnRecord on_record);

  // Gives the unfinished records that began before `offset`, in the order in which they did.
  void FlushBefore(uint64_t offset, OnRecord on_record);

  // Gives those whose last line came max_wait before `now`, or earlier.
  void FlushWaiting(TimeNs now, OnRecord on_record);

  // When FlushWaiting has something to give; kNever if nothing is held or no arrival is known.
  TimeNs held_until() const;

  // The streams with an unfinished record, and where it begins.
  std::vector<std::pair<int, uint64_t>> Held() const;

  // The next line of `stream` begins a record, whatever it says: it did so when it was first read.
  void BeginWithNext(int stream) { HeldOf(stream).begin_with_next = true; }

  // How many records reached max_lines or the bytes.
  int64_t limited() const { return limited_; }

 private:
  struct Unfinished {
    bool open = false;
    bool begin_with_next = false;
    Record first;
    std::string name, text;
    int lines = 0;
    TimeNs last_arrival = kNoTime;
  };

  Unfinished& HeldOf(int stream);
  void End(Unfinished* held, OnRecord on_record);

  const Options options_;
  const size_t max_bytes_;
  std::vector<Unfinished> held_;  // by stream
  int64_t limited_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_MULTILINE_JOINER_H_
