// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_entries.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_string.h"
#include "engine/base/status_macros.h"
#include "engine/source/push_json_cursor.h"

namespace tallybell {
namespace {

using String = PushJsonCursor::String;

// A Loki cuts a stream that grows fast into several, which differ in this alone. It is one stream.
constexpr absl::string_view kShardLabel = "__stream_shard__";

// Far more than any stream has; keeps what one answer costs linear.
constexpr size_t kMostLabels = 500;

class EntriesReader {
 public:
  explicit EntriesReader(absl::string_view text) : cursor_(text) {}

  absl::StatusOr<LokiEntries> ReadAnswer() {
    bool success = false;
    const auto take_member = [this, &success](const String& key) -> absl::Status {
      if (key.raw == "data") return ReadData();
      if (key.raw != "status") return cursor_.Skip();
      std::string status;
      RETURN_IF_ERROR(TakeText(&status));
      success = status == "success";
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(cursor_.TakeObject(take_member));
    if (!success || !streams_seen_) return absl::InvalidArgumentError("no answer of a Loki");
    return Finish();
  }

 private:
  absl::StatusOr<LokiEntries> Finish() {
    if (cursor_.Peek() != '\0') return cursor_.Fault("unexpected text at the end");
    SortByTime();
    return std::move(out_);
  }

  // Those of one time stay as they came.
  void SortByTime() {
    std::vector<std::pair<TimeNs, size_t>> order;
    order.reserve(out_.entries.size());
    for (const LokiEntry& entry : out_.entries) order.emplace_back(entry.time, order.size());
    if (std::is_sorted(order.begin(), order.end())) return;
    std::sort(order.begin(), order.end());
    std::vector<LokiEntry> sorted;
    sorted.reserve(order.size());
    for (const auto& [time, place] : order) sorted.push_back(std::move(out_.entries[place]));
    out_.entries = std::move(sorted);
  }

  absl::Status ReadData() {
    return cursor_.TakeObject([this](const String& key) -> absl::Status {
      if (key.raw == "result") return ReadStreams();
      if (key.raw != "resultType") return cursor_.Skip();
      std::string type;
      RETURN_IF_ERROR(TakeText(&type));
      if (type == "streams") return absl::OkStatus();
      return absl::InvalidArgumentError("the query gives numbers, not lines");
    });
  }

  absl::Status ReadStreams() {
    streams_seen_ = true;
    if (cursor_.Peek() == 'n') return cursor_.Skip();
    return cursor_.TakeArray([this](size_t) { return ReadStream(); });
  }

  absl::Status ReadStream() {
    Labels labels;
    bool labelled = false;
    const size_t first = out_.entries.size();
    RETURN_IF_ERROR(cursor_.TakeObject([&](const String& key) -> absl::Status {
      if (key.raw == "values") {
        if (cursor_.Peek() == 'n') return cursor_.Skip();
        return cursor_.TakeArray([this](size_t) { return ReadValue(); });
      }
      if (key.raw != "stream") return cursor_.Skip();
      labelled = true;
      return ReadLabels(&labels);
    }));
    if (!labelled) return cursor_.Fault("a stream has labels");
    const std::string name = FormatLabels(labels);
    const auto [found, added] = number_.emplace(name, out_.streams.size());
    if (added) {
      out_.streams.push_back(std::move(labels));
      out_.memory += 3 * name.size();
    }
    for (size_t i = first; i < out_.entries.size(); ++i) out_.entries[i].stream = found->second;
    return absl::OkStatus();
  }

  absl::Status ReadLabels(Labels* labels) {
    size_t count = 0;
    return cursor_.TakeObject([&](const String& key) -> absl::Status {
      if (++count > kMostLabels) return cursor_.Fault("a stream with too many labels");
      std::string value;
      RETURN_IF_ERROR(TakeText(&value));
      if (key.raw != kShardLabel) labels->Set(Decoded(key), value);
      return absl::OkStatus();
    });
  }

  // ["<ns>", "line", {what is known of it}]; what follows is passed over.
  absl::Status ReadValue() {
    LokiEntry entry;
    size_t elements = 0;
    RETURN_IF_ERROR(cursor_.TakeArray([&](size_t number) -> absl::Status {
      elements = number + 1;
      if (number == 0) return ReadTime(&entry.time);
      if (number == 1) return TakeText(&entry.line);
      return number == 2 && cursor_.Peek() == '{' ? ReadFields(&entry) : cursor_.Skip();
    }));
    if (elements < 2) return cursor_.Fault("a value is a time and a line");
    if (entry.line.size() > kMaxLokiLine) {
      entry.line.resize(kMaxLokiLine);
      ++out_.lines_cut;
    }
    out_.memory += sizeof(entry) + entry.line.size();
    out_.entries.push_back(std::move(entry));
    return absl::OkStatus();
  }

  absl::Status ReadTime(TimeNs* time) {
    String text;
    RETURN_IF_ERROR(cursor_.TakeString(&text));
    const bool number =
        !text.raw.empty() && text.raw.back() != ' ' && absl::SimpleAtoi(text.raw, time);
    if (number && *time > kNoTime && *time < kNever) return absl::OkStatus();
    return cursor_.Fault("a time is a string of nanoseconds since 1970");
  }

  // {"structuredMetadata": {...}, "parsed": {...}}, or the names themselves.
  absl::Status ReadFields(LokiEntry* entry) {
    return cursor_.TakeObject([this, entry](const String& key) -> absl::Status {
      if (cursor_.Peek() == '"') return ReadField(key, entry);
      if (cursor_.Peek() != '{') return cursor_.Skip();
      return cursor_.TakeObject(
          [this, entry](const String& name) { return ReadField(name, entry); });
    });
  }

  absl::Status ReadField(const String& key, LokiEntry* entry) {
    if (cursor_.Peek() != '"') return cursor_.Skip();
    std::string value;
    RETURN_IF_ERROR(TakeText(&value));
    out_.memory += 64 + key.raw.size() + value.size();
    entry->fields.emplace_back(Decoded(key), std::move(value));
    return absl::OkStatus();
  }

  absl::Status TakeText(std::string* text) {
    String string;
    RETURN_IF_ERROR(cursor_.TakeString(&string));
    if (string.escaped) {
      text->clear();
      DecodeJsonString(string.raw, text);
    } else {
      text->assign(string.raw.data(), string.raw.size());
    }
    return absl::OkStatus();
  }

  static std::string Decoded(const String& string) {
    if (!string.escaped) return std::string(string.raw);
    std::string decoded;
    DecodeJsonString(string.raw, &decoded);
    return decoded;
  }

  PushJsonCursor cursor_;
  LokiEntries out_;
  absl::flat_hash_map<std::string, uint32_t> number_;  // of streams, by their labels
  bool streams_seen_ = false;
};

}  // namespace

absl::StatusOr<LokiEntries> DecodeLokiAnswer(absl::string_view body) {
  return EntriesReader(body).ReadAnswer();
}

void AppendLokiEntries(LokiEntries more, LokiEntries* out) {
  absl::flat_hash_map<uint64_t, uint32_t> known;  // by fingerprint
  for (size_t i = 0; i < out->streams.size(); ++i) {
    known.emplace(out->streams[i].Fingerprint(), static_cast<uint32_t>(i));
  }
  std::vector<uint32_t> number;
  for (Labels& labels : more.streams) {
    const auto next = static_cast<uint32_t>(out->streams.size());
    const auto [found, added] = known.emplace(labels.Fingerprint(), next);
    if (!added && out->streams[found->second] == labels) {
      number.push_back(found->second);
      continue;
    }
    number.push_back(next);
    out->streams.push_back(std::move(labels));
  }
  for (LokiEntry& entry : more.entries) {
    entry.stream = number[entry.stream];
    out->entries.push_back(std::move(entry));
  }
  out->lines_cut += more.lines_cut;
  out->memory += more.memory;
}

LokiEntries TakeLokiEntries(size_t count, LokiEntries* from) {
  LokiEntries taken;
  taken.streams = from->streams;
  const auto end = from->entries.begin() + static_cast<std::ptrdiff_t>(count);
  taken.entries.assign(std::make_move_iterator(from->entries.begin()),
                       std::make_move_iterator(end));
  LokiEntries left;
  std::vector<int64_t> number(from->streams.size(), -1);
  for (auto entry = end; entry != from->entries.end(); ++entry) {
    if (number[entry->stream] < 0) {
      number[entry->stream] = static_cast<int64_t>(left.streams.size());
      left.streams.push_back(std::move(from->streams[entry->stream]));
    }
    entry->stream = static_cast<uint32_t>(number[entry->stream]);
    left.entries.push_back(std::move(*entry));
  }
  *from = std::move(left);
  return taken;
}

}  // namespace tallybell
