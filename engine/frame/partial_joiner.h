// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_FRAME_PARTIAL_JOINER_H_
#define TALLYBELL_ENGINE_FRAME_PARTIAL_JOINER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/frame/envelope.h"

namespace tallybell {

// Puts together the pieces into which a container runtime cuts long lines, stdout and stderr apart.
// Holds at most `max_line_bytes` of each stream. Used by one thread at a time.
class PartialJoiner {
 public:
  static constexpr size_t kDefaultMaxLineBytes = 256 * 1024;
  // "Nothing is held."
  static constexpr uint64_t kNothingHeld = UINT64_MAX;

  // A whole line. Its time and offset are those of its first piece.
  struct Line {
    EnvelopedLine line;
    uint64_t offset = 0;     // of its first piece, as the caller counts
    uint64_t cut_bytes = 0;  // what is missing at its end, beyond the limit
  };

  explicit PartialJoiner(size_t max_line_bytes = kDefaultMaxLineBytes)
      : max_line_bytes_(max_line_bytes) {}

  // Takes the next line of the source, which begins at `offset`. True if it completes a line; the
  // views in `*whole` are then good until the next call. A line that came whole is passed on as it
  // is, and so is a malformed one, which completes nothing.
  bool Add(const EnvelopedLine& piece, uint64_t offset, Line* whole);

  // Takes out a line whose end has not come, at the end of the source. Call until false.
  bool Flush(Line* whole);

  // Where reading must begin again so that no held piece is lost: the least offset of those held.
  uint64_t HeldFrom() const;
  // The same of one stream.
  uint64_t HeldFrom(absl::string_view stream) const;

 private:
  struct Held {
    bool any = false;
    bool full = false;  // nothing more fits
    EnvelopedLine first;
    uint64_t offset = 0;
    uint64_t cut_bytes = 0;
    std::string text;
  };
  static constexpr size_t kStreams = 3;  // stdout, stderr, not stated

  void Append(absl::string_view text, Held* held) const;
  static void TakeOut(Held* held, Line* whole);

  const size_t max_line_bytes_;
  Held held_[kStreams];
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_PARTIAL_JOINER_H_
