// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_contexts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/base/utf8.h"
#include "engine/frame/word_search.h"
#include "engine/run/region_lines.h"

namespace tallybell {

void SourceContexts::Enter(absl::string_view region, uint64_t offset, TimeNs arrival,
                           RuntimeStreams streams) {
  region_ = region;
  region_offset_ = offset;
  streams_ = streams;
  arrival_ = arrival;
  known_to_.assign(SourceStreams::kStreams, 0);
}

const SourceContexts::Context& SourceContexts::Of(int stream) const {
  static const Context kNone;
  return static_cast<size_t>(stream) < all_.size() ? all_[stream] : kNone;
}

SourceContexts::Context& SourceContexts::At(int stream) {
  if (all_.size() <= static_cast<size_t>(stream)) all_.resize(stream + 1);
  return all_[stream];
}

size_t& SourceContexts::KnownTo(int stream) {
  if (known_to_.size() <= static_cast<size_t>(stream)) known_to_.resize(stream + 1, 0);
  return known_to_[stream];
}

// Severity and fields are those of the nearest record, whether or not it states a time; the time is
// that of the nearest line that states one.
void SourceContexts::LookBack(int stream, size_t begin) {
  Context& context = At(stream);
  const size_t known_to = std::exchange(KnownTo(stream), begin);
  if (lines_.format().states_nothing()) return;
  SourceLine line;
  bool timed = false;
  bool headed = false;
  while (begin > known_to && !(timed && headed)) {
    begin = LineBegin(region_, begin - 1);
    lines_.Read(LineAt(region_, begin), region_offset_ + begin == 0, &line);
    if ((stream != 0 && line.stream != stream) || line.is_file_line()) continue;
    if (!timed) {
      if (const std::optional<Stamp> stamp = lines_.StampOf(line); stamp.has_value()) {
        context.time = times_->Resolve(*stamp, arrival_);
        timed = true;
      }
    }
    if (!headed && line.is_record()) {
      context.text.assign(line.text.data(), line.text.size());
      headed = true;
    }
  }
}

void SourceContexts::Carry(size_t begin) {
  if (times_->in_order()) return;  // they were noted line by line
  LookBack(0, begin);
  if (lines_.format().envelope == EnvelopeKind::kNone) return;
  // A stream that is not there at all would be looked for in all of it.
  for (const absl::string_view name : {"stdout", "stderr"}) {
    const int stream = SourceStreams::OfRuntime(name);
    const size_t from = std::min(KnownTo(stream), begin);
    const bool may_be = name == "stdout" ? streams_.out : streams_.err;
    if (may_be && HoldsWord(region_.substr(from, begin - from), name)) {
      LookBack(stream, begin);
    } else {
      KnownTo(stream) = begin;
    }
  }
}

void SourceContexts::Note(const SourceLine& line, TimeNs time) {
  const size_t most = line.stream < SourceStreams::kStreams ? line.text.size() : kMaxNamedText;
  const absl::string_view text = Utf8Truncate(line.text, most);
  for (const int stream : {0, line.stream}) {
    Context& context = At(stream);
    if (line.is_record()) context.text.assign(text.data(), text.size());
    if (time != kNoTime) context.time = time;
    if (line.stream == 0) break;
  }
}

void SourceContexts::Noted(size_t end) { std::fill(known_to_.begin(), known_to_.end(), end); }

}  // namespace tallybell
