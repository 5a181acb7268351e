// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/support/loki_push_encoder.h"

#include <snappy.h>

#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

std::string Key(uint32_t field, uint32_t wire_type) {
  std::string key;
  AppendVarint(uint64_t{field} << 3 | wire_type, &key);
  return key;
}

std::string Timestamp(TimeNs time) {
  const int64_t seconds = time / kSecond - (time % kSecond < 0 ? 1 : 0);
  return absl::StrCat(ProtobufNumber(1, static_cast<uint64_t>(seconds)),
                      ProtobufNumber(2, static_cast<uint64_t>(time - seconds * kSecond)));
}

}  // namespace

std::string ProtobufNumber(uint32_t field, uint64_t value) {
  std::string bytes = Key(field, 0);
  AppendVarint(value, &bytes);
  return bytes;
}

std::string ProtobufBytes(uint32_t field, absl::string_view bytes) {
  std::string whole = Key(field, 2);
  AppendVarint(bytes.size(), &whole);
  absl::StrAppend(&whole, bytes);
  return whole;
}

std::string Snappy(absl::string_view bytes) {
  std::string block;
  snappy::Compress(bytes.data(), bytes.size(), &block);
  return block;
}

std::string LabelText(const TestPush::Pairs& labels) {
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", name, "=\"");
    for (const char c : value) {
      if (c == '"' || c == '\\') {
        absl::StrAppend(&text, "\\", absl::string_view(&c, 1));
      } else if (static_cast<unsigned char>(c) < 0x20) {
        absl::StrAppend(&text, "\\x", absl::Hex(c, absl::kZeroPad2));
      } else {
        text.push_back(c);
      }
    }
    text.push_back('"');
  }
  return text + "}";
}

std::string EncodeProtobuf(const TestPush& push) {
  std::string message;
  for (const TestPush::Stream& stream : push.streams) {
    std::string encoded = ProtobufBytes(1, LabelText(stream.labels));
    for (const TestPush::Entry& entry : stream.entries) {
      std::string bytes =
          absl::StrCat(ProtobufBytes(1, Timestamp(entry.time)), ProtobufBytes(2, entry.line));
      for (const auto& [name, value] : entry.metadata) {
        bytes += ProtobufBytes(3, ProtobufBytes(1, name) + ProtobufBytes(2, value));
      }
      encoded += ProtobufBytes(2, bytes);
    }
    message += ProtobufBytes(1, encoded);
  }
  return message;
}

std::string EncodeJson(const TestPush& push) {
  Json streams = Json::array();
  for (const TestPush::Stream& stream : push.streams) {
    Json labels = Json::object();
    for (const auto& [name, value] : stream.labels) labels[name] = value;
    Json values = Json::array();
    for (const TestPush::Entry& entry : stream.entries) {
      Json value = {absl::StrCat(entry.time), entry.line};
      if (!entry.metadata.empty()) {
        Json metadata = Json::object();
        for (const auto& [name, text] : entry.metadata) metadata[name] = text;
        value.push_back(std::move(metadata));
      }
      values.push_back(std::move(value));
    }
    streams.push_back(Json{{"stream", std::move(labels)}, {"values", std::move(values)}});
  }
  return DumpJson(Json{{"streams", std::move(streams)}});
}

std::string EncodeLegacyJson(const TestPush& push) {
  Json streams = Json::array();
  for (const TestPush::Stream& stream : push.streams) {
    Json entries = Json::array();
    for (const TestPush::Entry& entry : stream.entries) {
      entries.push_back(Json{{"ts", FormatRfc3339(entry.time)}, {"line", entry.line}});
    }
    streams.push_back(Json{{"labels", LabelText(stream.labels)}, {"entries", std::move(entries)}});
  }
  return DumpJson(Json{{"streams", std::move(streams)}});
}

}  // namespace tallybell
