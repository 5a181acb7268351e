// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test_stream_reader.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/base/status_macros.h"
#include "engine/run/rule_test_values.h"
#include "engine/run/source_format.h"
#include "engine/run/source_labels.h"
#include "engine/source/archive.h"

namespace tallybell {
namespace {

constexpr int kMaxRepeats = 100'000;

// "5m", or "5m, 4 times every 1m".
absl::StatusOr<std::vector<TimeNs>> ParseMoments(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits(',', 1));
  ASSIGN_OR_RETURN(TimeNs at, ParseTestMoment(absl::StripAsciiWhitespace(parts.first)));
  if (parts.first.size() == text.size()) return std::vector<TimeNs>{at};
  const std::vector<absl::string_view> words = absl::StrSplit(parts.second, ' ', absl::SkipEmpty());
  int times = 0;
  if (words.size() != 4 || !absl::SimpleAtoi(words[0], &times) || words[1] != "times" ||
      words[2] != "every" || times < 1 || times > kMaxRepeats) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not like 5m, 4 times every 1m"));
  }
  ASSIGN_OR_RETURN(const DurationNs every, ParseDuration(words[3]));
  std::vector<TimeNs> moments;
  for (int i = 0; i < times; ++i) {
    moments.push_back(at);
    at = AddNs(at, every);
  }
  return moments;
}

// All of a log, plain or compressed. ResourceExhausted if it is longer than `most` bytes.
absl::StatusOr<std::string> ReadLog(const std::string& path, size_t most) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Archive> archive, OpenForReplay(path));
  std::string log;
  std::string block(64 << 10, '\0');
  while (true) {
    ASSIGN_OR_RETURN(const size_t n, archive->Read(block.data(), block.size()));
    if (n == 0) return log;
    if (log.size() + n > most) return absl::ResourceExhaustedError("these logs are too long");
    log.append(block, 0, n);
  }
}

}  // namespace

TestStream RuleTestStreamReader::Read(const YamlScope& outer, const YamlNode& node,
                                      DurationNs lateness) {
  TestStream stream;
  YamlFields fields(outer, node);
  stream.labels = ReadTestLabels(outer, fields.Find("labels"));
  const YamlScope scope = outer.Within(absl::StrCat("stream ", FormatLabels(stream.labels)));
  stream.lateness = fields.Duration("lateness", lateness);
  stream.format = fields.String("format", "auto");
  if (!IsFormatName(stream.format)) {
    scope.Error(*fields.Find("format"),
                absl::StrCat("there is no such format; formats are ", FormatNames()));
    stream.format = "auto";
  }
  const YamlNode* const lines = fields.Find("lines");
  const YamlNode* const file = fields.Find("file");
  if (file != nullptr) ReadLogFile(scope, *file, &stream);
  if (file != nullptr && lines != nullptr) {
    scope.Error(*lines, "a stream has lines or a file, not both", "make it two streams");
  } else if (lines != nullptr) {
    ReadLines(scope, *lines, &stream);
  }
  ReadClock(scope, &fields, &stream);
  fields.Finish();
  return stream;
}

void RuleTestStreamReader::ReadClock(const YamlScope& scope, YamlFields* fields,
                                     TestStream* stream) {
  stream->year = static_cast<int>(fields->Integer("year", 0, 1678, 2261));
  if (const YamlNode* const name = fields->Find("timezone")) {
    absl::TimeZone zone;
    if (absl::LoadTimeZone(name->text, &zone)) {
      stream->zone = zone;
    } else {
      scope.Error(*name, absl::StrCat("there is no time zone \"", name->text, "\""));
    }
  }
  for (const char* const key : {"year", "timezone"}) {
    const YamlNode* const value = fields->Find(key);
    if (value == nullptr || stream->log.has_value()) continue;
    scope.Error(*value, absl::StrCat(key, " is for lines that state their own times"));
  }
}

// A text is a log, as is a list of texts; a list of maps gives the time of each line.
void RuleTestStreamReader::ReadLines(const YamlScope& scope, const YamlNode& node,
                                     TestStream* stream) {
  const auto take = [&](const YamlNode& item) {
    if (!stream->log.has_value()) stream->log.emplace();
    absl::StrAppend(&*stream->log, item.text, "\n");
  };
  if (node.kind == YamlNode::Kind::kScalar) return take(node);
  for (const YamlNode* const item : ReadItems(scope, node)) {
    if (item->kind == YamlNode::Kind::kScalar) {
      take(*item);
    } else if (item->kind == YamlNode::Kind::kMap) {
      for (const YamlNode::Entry& entry : item->entries) ReadTimedLines(scope, entry, stream);
    } else {
      scope.Error(*item, "this is no line", "write 5m: the line");
    }
    if (stream->log.has_value() && !stream->lines.empty()) {
      return scope.Error(*item, "in one stream, all lines have a time in front or none has",
                         "write 5m: the line, or make it two streams");
    }
  }
}

// 5m: the line
// 5m, 4 times every 1m: [one, another]
// 5m: {line: the line, arrives: 7m}
void RuleTestStreamReader::ReadTimedLines(const YamlScope& scope, const YamlNode::Entry& entry,
                                          TestStream* stream) {
  const absl::StatusOr<std::vector<TimeNs>> moments = ParseMoments(entry.key->text);
  if (!moments.ok()) return scope.Error(*entry.key, moments.status().message());
  std::vector<std::string> texts;
  DurationNs behind = 0;
  if (entry.value->kind == YamlNode::Kind::kMap) {
    YamlFields fields(scope, *entry.value);
    texts = fields.Strings("line");
    if (const YamlNode* const arrives = fields.Find("arrives")) {
      behind = SubtractNs(ReadTestMoment(scope, *arrives), moments->front());
    }
    fields.Finish();
  } else if (entry.value->kind == YamlNode::Kind::kSequence) {
    for (const YamlNode* const item : entry.value->items) texts.push_back(item->text);
  } else {
    texts.push_back(entry.value->text);
  }
  for (const TimeNs at : *moments) {
    for (const std::string& text : texts) {
      if (++lines_ > kMaxLines) return scope.Error(*entry.key, "these are too many lines");
      stream->lines.push_back({at, AddNs(at, behind), text});
    }
  }
}

// The file's labels are those that it would have in a replay of that name.
void RuleTestStreamReader::ReadLogFile(const YamlScope& scope, const YamlNode& node,
                                       TestStream* stream) {
  stream->log.emplace();
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) {
    return scope.Error(node, "expected the path of a log");
  }
  const std::string path =
      (std::filesystem::path(file_).parent_path() / std::filesystem::path(node.text)).string();
  absl::StatusOr<std::string> log = ReadLog(path, kMaxLogBytes - log_bytes_);
  if (!log.ok()) {
    return scope.Error(node, absl::StrCat(node.text, ": ", log.status().message()));
  }
  log_bytes_ += log->size();
  stream->log = *std::move(log);
  if (stream->labels.Get("filename").empty()) stream->labels.Set("filename", node.text);
  stream->labels = SourceLabels(path, stream->labels, nullptr);
}

}  // namespace tallybell
