// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/partial_joiner.h"

#include <algorithm>

#include "engine/base/utf8.h"

namespace tallybell {
namespace {

size_t StreamIndex(absl::string_view stream) {
  if (stream == "stdout") return 0;
  return stream == "stderr" ? 1 : 2;
}

}  // namespace

bool PartialJoiner::Add(const EnvelopedLine& piece, uint64_t offset, Line* whole) {
  Held& held = held_[StreamIndex(piece.stream)];
  if (piece.malformed || (!piece.partial && !held.any)) {
    whole->line = piece;
    whole->line.partial = false;
    whole->line.text = Utf8Truncate(piece.text, max_line_bytes_);
    whole->offset = offset;
    whole->cut_bytes = piece.text.size() - whole->line.text.size();
    return true;
  }
  if (!held.any) {
    held.any = true;
    held.full = false;
    held.first = piece;
    held.first.name = {};  // a view of what is gone by then
    held.offset = offset;
    held.cut_bytes = 0;
    held.text.clear();
  }
  Append(piece.text, &held);
  if (piece.partial) return false;
  TakeOut(&held, whole);
  return true;
}

bool PartialJoiner::Flush(Line* whole) {
  // The earlier line first.
  Held* const held =
      std::min_element(std::begin(held_), std::end(held_), [](const Held& a, const Held& b) {
        return (a.any ? a.offset : kNothingHeld) < (b.any ? b.offset : kNothingHeld);
      });
  if (!held->any) return false;
  TakeOut(held, whole);
  return true;
}

uint64_t PartialJoiner::HeldFrom() const {
  uint64_t from = kNothingHeld;
  for (const Held& held : held_) {
    if (held.any) from = std::min(from, held.offset);
  }
  return from;
}

uint64_t PartialJoiner::HeldFrom(absl::string_view stream) const {
  const Held& held = held_[StreamIndex(stream)];
  return held.any ? held.offset : kNothingHeld;
}

void PartialJoiner::Append(absl::string_view text, Held* held) const {
  const size_t room = held->full ? 0 : max_line_bytes_ - held->text.size();
  const absl::string_view fits = Utf8Truncate(text, room);
  if (fits.size() < text.size()) held->full = true;
  held->text.append(fits.data(), fits.size());
  held->cut_bytes += text.size() - fits.size();
}

void PartialJoiner::TakeOut(Held* held, Line* whole) {
  whole->line = held->first;
  whole->line.text = held->text;
  whole->line.partial = false;
  whole->offset = held->offset;
  whole->cut_bytes = held->cut_bytes;
  held->any = false;
}

}  // namespace tallybell
