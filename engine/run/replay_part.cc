// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/replay_part.h"

#include <utility>

namespace tallybell {
namespace {

// What an item takes in memory, about.
size_t BytesOf(const SourceItem& item) {
  size_t bytes = sizeof(item);
  for (const RuleMatch& match : item.record.matches) {
    bytes += sizeof(match) + match.group.size() + match.evidence.size();
  }
  return bytes;
}

}  // namespace

ReplayPart::ReplayPart(std::unique_ptr<Archive> archive, uint32_t file,
                       SourceReader::Options options, const Ahead& ahead,
                       CandidateRulesCache* candidates, const RuleMatcher* matcher)
    : archive_(std::move(archive)),
      file_(file),
      bytes_(ahead.crew == nullptr || !archive_->compressed()
                 ? nullptr
                 : std::make_unique<ReadAhead>(archive_.get(), ahead.bytes, ahead.crew)),
      reader_(std::move(options),
              bytes_ == nullptr ? static_cast<ByteReader*>(archive_.get()) : bytes_.get(),
              candidates, matcher) {
  if (bytes_ == nullptr) {
    batches_.resize(1);
    return;
  }
  batches_.resize(ahead.batches);
  const auto fill = [this, enough = ahead.batch_bytes](size_t place) {
    return Fill(&batches_[place], enough);
  };
  ring_ = std::make_unique<AheadRing>(ahead.batches, fill, ahead.crew);
}

ReplayPart::~ReplayPart() = default;

// Reads on until there are items of `enough` bytes, or the end; one block if that is 0.
bool ReplayPart::Fill(Batch* batch, size_t enough) {
  batch->items.clear();
  size_t bytes = 0;
  do {
    const size_t before = batch->items.size();
    const absl::StatusOr<bool> at_end = reader_.Read(kNoTime, &batch->items);
    for (size_t i = before; i < batch->items.size(); ++i) {
      batch->items[i].record.file = file_;
      if (enough > 0) bytes += BytesOf(batch->items[i]);
    }
    if (!at_end.ok()) status_ = at_end.status();
    batch->last = !at_end.ok() || *at_end;
  } while (bytes < enough && !batch->last);
  return !batch->last;
}

SourceItem* ReplayPart::PeekOn() {
  while (batch_ == nullptr || !batch_->last) {
    if (ring_ == nullptr) {
      batch_ = &batches_.front();
      Fill(batch_, 0);
    } else {
      if (batch_ != nullptr) ring_->Pop();
      batch_ = &batches_[ring_->Front()];
    }
    next_ = 0;
    end_ = batch_->items.size();
    if (end_ > 0) return &batch_->items.front();
  }
  return nullptr;
}

uint64_t ReplayPart::bytes_read() const {
  return archive_->plain_fd() >= 0 ? reader_.resume_offset() : archive_->position();
}

}  // namespace tallybell
