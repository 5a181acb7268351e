// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_seen.h"

#include <cstring>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/source/push_digest.h"

namespace tallybell {
namespace {

int64_t SecondOf(TimeNs time) { return time / kSecond - (time % kSecond < 0 ? 1 : 0); }

std::string PrefixOf(absl::string_view key) { return absl::StrCat(key, "\nseen "); }

template <typename T>
absl::string_view BytesOf(const T& value) {
  return absl::string_view(reinterpret_cast<const char*>(&value), sizeof(value));
}

uint64_t FirstBits(const PushDigest& digest) {
  uint64_t bits = 0;
  std::memcpy(&bits, digest.data(), sizeof(bits));
  return bits;
}

}  // namespace

LokiSeen::LokiSeen(absl::string_view key, const std::vector<PositionRow>& stored)
    : prefix_(PrefixOf(key)) {
  int64_t second = 0;
  std::vector<uint64_t> ids;
  for (const PositionRow& row : stored) {
    if (!ReadRow(row, prefix_, &second, &ids)) continue;
    Slice& slice = slices_[second];
    for (const uint64_t id : ids) size_ += slice.insert(id).second;
  }
}

// False if it is no row of the source whose rows begin so.
bool LokiSeen::ReadRow(const PositionRow& row, absl::string_view prefix, int64_t* second,
                       std::vector<uint64_t>* ids) {
  ids->clear();
  if (!absl::StartsWith(row.source, prefix)) return false;
  std::string bytes;
  const absl::StatusOr<Json> state = ParseJson(row.state);
  if (!absl::SimpleAtoi(absl::string_view(row.source).substr(prefix.size()), second) ||
      !state.ok() || !state->is_string() ||
      !absl::Base64Unescape(state->get_ref<const std::string&>(), &bytes)) {
    return false;
  }
  for (size_t at = 0; at + sizeof(uint64_t) <= bytes.size(); at += sizeof(uint64_t)) {
    uint64_t id = 0;
    std::memcpy(&id, bytes.data() + at, sizeof(id));
    ids->push_back(id);
  }
  return true;
}

bool LokiSeen::IsRowOf(absl::string_view key, const PositionRow& row) {
  return absl::StartsWith(row.source, PrefixOf(key));
}

void LokiSeen::Inherit(absl::string_view key, const std::vector<PositionRow>& stored) {
  const std::string prefix = PrefixOf(key);
  int64_t second = 0;
  std::vector<uint64_t> ids;
  for (const PositionRow& row : stored) {
    if (!ReadRow(row, prefix, &second, &ids)) continue;
    for (const uint64_t id : ids) Add(second * kSecond, id);
  }
}

std::string LokiSeen::RowKey(int64_t second) const { return absl::StrCat(prefix_, second); }

std::vector<uint64_t> LokiSeen::Identify(const LokiEntries& entries) {
  std::vector<PushDigest> streams;
  for (const Labels& labels : entries.streams) streams.push_back(DigestOf({FormatLabels(labels)}));
  std::vector<uint64_t> ids;
  ids.reserve(entries.entries.size());
  absl::flat_hash_map<std::pair<uint32_t, absl::string_view>, uint32_t> equal;  // of one instant
  TimeNs instant = kNoTime;
  for (size_t i = 0; i < entries.entries.size(); ++i) {
    const LokiEntry& entry = entries.entries[i];
    if (entry.time != instant) equal.clear();
    // Most have an instant of their own.
    const bool alone = entry.time != instant && (i + 1 == entries.entries.size() ||
                                                 entries.entries[i + 1].time != entry.time);
    instant = entry.time;
    const uint32_t ordinal = alone ? 0 : equal[{entry.stream, entry.line}]++;
    const PushDigest& stream = streams[entry.stream];
    ids.push_back(FirstBits(DigestOf({absl::string_view(stream.data(), stream.size()),
                                      BytesOf(entry.time), BytesOf(ordinal), entry.line})));
  }
  return ids;
}

bool LokiSeen::Add(TimeNs time, uint64_t id) {
  const int64_t second = SecondOf(time);
  if (!slices_[second].insert(id).second) return false;
  ++size_;
  changed_.insert(second);
  return true;
}

void LokiSeen::Forget(TimeNs before) {
  const int64_t second = SecondOf(before);
  while (!slices_.empty() && slices_.begin()->first < second) {
    size_ -= slices_.begin()->second.size();
    changed_.erase(slices_.begin()->first);
    erased_.push_back(slices_.begin()->first);
    slices_.erase(slices_.begin());
  }
}

TimeNs LokiSeen::Excess(size_t most) const {
  size_t left = size_;
  TimeNs before = kNoTime;
  for (auto slice = slices_.begin(); left > most && slice != slices_.end(); ++slice) {
    left -= slice->second.size();
    before = (slice->first + 1) * kSecond;
  }
  return before;
}

void LokiSeen::Save(Delta* delta) {
  for (const int64_t second : erased_) delta->positions.push_back({RowKey(second), "", true});
  erased_.clear();
  for (const int64_t second : changed_) {
    std::string bytes;
    for (const uint64_t id : slices_[second]) {
      const absl::string_view view = BytesOf(id);
      bytes.append(view.data(), view.size());
    }
    delta->positions.push_back({RowKey(second), DumpJson(absl::Base64Escape(bytes))});
  }
  changed_.clear();
}

}  // namespace tallybell
