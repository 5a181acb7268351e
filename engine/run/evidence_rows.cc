// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/evidence_rows.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

// Keys of sources have a newline in them; these have none. They are in order as text, too.
constexpr absl::string_view kKeyPrefix = "lines ";

// Nobody ever counts that far.
constexpr uint64_t kMaxPlace = uint64_t{1} << 56;

std::string KeyOf(uint64_t place) {
  return absl::StrCat(kKeyPrefix, absl::Hex(place, absl::kZeroPad16));
}

struct SavedLine {
  uint64_t behind = 0;  // how far behind the row's place
  TimeNs time = kNoTime;
  uint64_t offset = 0;
  size_t file = 0;  // of the row's names
  std::string line;
};

struct SavedRow {
  std::vector<std::string> files;
  std::vector<SavedLine> lines;
};

bool ReadRow(const std::string& text, SavedRow* row) {
  absl::StatusOr<Json> state = ParseJson(text);
  if (!state.ok() || !state->is_object()) return false;
  const auto files = state->find("files");
  const auto lines = state->find("lines");
  if (files == state->end() || !files->is_array()) return false;
  if (lines == state->end() || !lines->is_array()) return false;
  for (const Json& name : *files) {
    if (!name.is_string()) return false;
    row->files.push_back(name.get_ref<const std::string&>());
  }
  for (const Json& line : *lines) {
    if (!line.is_array() || line.size() != 5 || !line[0].is_number_unsigned() ||
        !line[1].is_number_integer() || !line[2].is_number_integer() ||
        !line[3].is_number_unsigned() || !line[4].is_string()) {
      return false;
    }
    SavedLine saved;
    saved.behind = line[0].get<uint64_t>();
    saved.time = line[1].get<int64_t>();
    saved.offset = line[2].get<uint64_t>();
    saved.file = line[3].get<size_t>();
    saved.line = line[4].get_ref<const std::string&>();
    // A row is of one chunk, and so goes when its lines do.
    if (saved.file >= row->files.size() || saved.behind >= EvidenceRing::kChunkUnits) return false;
    row->lines.push_back(std::move(saved));
  }
  return !row->lines.empty();
}

bool PutBack(const SavedRow& row, absl::FunctionRef<uint32_t(const std::string&)> add_file,
             uint64_t place, EvidenceRing* ring) {
  std::vector<uint32_t> files;
  for (const std::string& name : row.files) files.push_back(add_file(name));
  for (const SavedLine& line : row.lines) {
    const EvidenceEntry entry = {files[line.file], line.offset, line.line};
    if (!ring->PutBack(place + line.behind, line.time, entry)) return false;
  }
  return true;
}

}  // namespace

// The place of the first line to write; those from `from` on that stand before it are too many.
uint64_t EvidenceRows::PassOver(const EvidenceRing& ring, uint64_t from) {
  uint64_t first = ring.end();
  ring.Visit(from, [&](uint64_t place, TimeNs, const EvidenceEntry&) {
    if ((ring.end() - place) * EvidenceRing::kUnit <= kMaxSaved) {
      first = place;
      return false;
    }
    ++unsaved_;
    return true;
  });
  return first;
}

// The lines of a row from block->place on: to its end, and then more until it is large enough.
PositionRow EvidenceRows::MakeRow(const EvidenceRing& ring,
                                  const std::vector<std::string>& file_names, Block* block) const {
  absl::flat_hash_map<uint32_t, size_t> numbers;
  Json files = Json::array(), lines = Json::array();
  const uint64_t chunk = block->place / EvidenceRing::kChunkUnits;
  block->end = ring.end();
  ring.Visit(block->place, [&](uint64_t place, TimeNs time, const EvidenceEntry& entry) {
    if (place / EvidenceRing::kChunkUnits != chunk ||
        (place - block->place) * EvidenceRing::kUnit >= kMaxRow) {
      block->end = place;
      return false;
    }
    const auto [number, is_new] = numbers.emplace(entry.file, files.size());
    if (is_new) files.push_back(file_names[entry.file]);
    lines.push_back(Json::array(
        {place - block->place, time, entry.offset, number->second, std::string(entry.line)}));
    return true;
  });
  return {KeyOf(block->place),
          DumpJson(Json{{"files", std::move(files)}, {"lines", std::move(lines)}})};
}

void EvidenceRows::SaveChanged(const EvidenceRing& ring, const std::vector<std::string>& file_names,
                               Delta* delta) {
  while (!blocks_.empty() && blocks_.front().place < ring.begin()) {
    delta->positions.push_back({KeyOf(blocks_.front().place), "", true});
    blocks_.pop_front();
  }
  uint64_t from = PassOver(ring, std::max(saved_, ring.begin()));
  if (from == saved_ && !blocks_.empty() && blocks_.back().end == from && from < ring.end() &&
      (from - blocks_.back().place) * EvidenceRing::kUnit < kGoodRow) {
    from = blocks_.back().place;
    blocks_.pop_back();
  }
  while (from < ring.end()) {
    Block block;
    block.place = from;
    delta->positions.push_back(MakeRow(ring, file_names, &block));
    blocks_.push_back(block);
    from = block.end;
  }
  saved_ = ring.end();
}

void EvidenceRows::Restore(std::vector<PositionRow>* positions,
                           absl::FunctionRef<uint32_t(const std::string&)> add_file,
                           EvidenceRing* ring, Metric* rejected, Delta* delta) {
  const auto is_lines = [](const PositionRow& row) {
    return absl::StartsWith(row.source, kKeyPrefix) && !absl::StrContains(row.source, '\n');
  };
  const auto first = std::stable_partition(positions->begin(), positions->end(),
                                           [&](const PositionRow& row) { return !is_lines(row); });
  std::sort(first, positions->end(),
            [](const PositionRow& a, const PositionRow& b) { return a.source < b.source; });
  for (auto it = first; it != positions->end(); ++it) {
    Block block;
    SavedRow row;
    const absl::string_view place = absl::StripPrefix(absl::string_view(it->source), kKeyPrefix);
    const bool good = absl::SimpleHexAtoi(place, &block.place) && block.place < kMaxPlace &&
                      KeyOf(block.place) == it->source && ReadRow(it->state, &row);
    // What was put back of a row that ends badly is as good as any other line.
    if (!good || !PutBack(row, add_file, block.place, ring)) {
      if (rejected != nullptr) rejected->Add();
      delta->positions.push_back({std::move(it->source), "", true});
    } else {
      block.end = ring->end();
      blocks_.push_back(block);
    }
    it->state = std::string();
  }
  positions->erase(first, positions->end());
  saved_ = ring->end();
}

}  // namespace tallybell
