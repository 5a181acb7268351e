// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/rule_test_input.h"

#include <string.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/frame/line_text.h"
#include "engine/parse/glog_file_lines.h"
#include "engine/parse/line_parser.h"
#include "engine/run/source_format.h"
#include "engine/run/source_streams.h"
#include "engine/source/byte_reader.h"

namespace tallybell {
namespace {

// A log that is in memory.
class TextReader : public ByteReader {
 public:
  explicit TextReader(absl::string_view rest) : rest_(rest) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, rest_.size());
    memcpy(buffer, rest_.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  absl::string_view rest_;
};

}  // namespace

// The lines of one stream, made into the records that they would be in a file.
class RuleTestInput::TimedLines {
 public:
  TimedLines(const TestStream& stream, const RuleMatcher& matcher)
      : stream_(stream), matcher_(matcher), rules_(matcher.RulesOf(stream.labels)) {
    std::string all;
    for (const TestLine& line : stream.lines) absl::StrAppend(&all, line.text, "\n");
    format_ = DetectFormat(stream.format, all);
  }

  MatchedRecord Take(size_t number) {
    const TestLine& line = stream_.lines[number];
    const EnvelopedLine unwrapped = Unwrap(format_.envelope, line.text, &unwrap_scratch_);
    const absl::string_view text = LineText(unwrapped.text, number == 0, &text_scratch_);
    const LineParser parser = format_.Parser(&matcher_.wanted_fields());
    ParsedLine parsed;
    parser.Parse(text, &parsed);
    MatchedRecord matched;
    matched.time = line.time;
    matched.offset = number;
    if (parsed.kind == ParsedLine::Kind::kFileLine) return matched;
    if (parsed.kind == ParsedLine::Kind::kRecord) {
      header_ = std::string(text);
    } else {
      parser.Parse(header_, &parsed);
    }
    Record record;
    record.text = text;
    record.time = line.time;
    record.severity = parsed.severity;
    record.stream = &stream_.labels;
    record.fields = &parsed.fields;
    matcher_.Match(record, rules_, &matched.matches);
    return matched;
  }

 private:
  const TestStream& stream_;
  const RuleMatcher& matcher_;
  const std::vector<uint32_t> rules_;
  SourceFormat format_;
  std::string header_;  // the last line with one
  std::string unwrap_scratch_, text_scratch_;
};

RuleTestInput::RuleTestInput(const RuleTest& test, const RuleMatcher* matcher)
    : matcher_(matcher), candidates_(test.rules.get()) {
  for (uint32_t stream = 0; stream < test.streams.size(); ++stream) {
    const TestStream& written = test.streams[stream];
    timed_.emplace_back();
    read_.emplace_back();
    if (written.log.has_value()) {
      read_.back() = ReadLog(written);
      // Each item is read when all before it are.
      TimeNs at = kNoTime;
      for (size_t i = 0; i < read_.back().size(); ++i) {
        at = std::max(at, read_.back()[i].time);
        arrivals_.push_back({at, stream, i});
      }
      left_.push_back(read_.back().size());
      continue;
    }
    timed_.back() = std::make_unique<TimedLines>(written, *matcher);
    for (size_t line = 0; line < written.lines.size(); ++line) {
      arrivals_.push_back({written.lines[line].arrives, stream, line});
    }
    left_.push_back(written.lines.size());
  }
  std::stable_sort(arrivals_.begin(), arrivals_.end(),
                   [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
}

RuleTestInput::~RuleTestInput() = default;

bool RuleTestInput::Next(Item* item) {
  if (next_ == arrivals_.size()) return false;
  const Arrival& arrival = arrivals_[next_++];
  item->stream = arrival.stream;
  if (timed_[arrival.stream] == nullptr) {
    item->said = std::move(read_[arrival.stream][arrival.number]);
  } else {
    item->said.record = timed_[arrival.stream]->Take(arrival.number);
    item->said.time = item->said.record.time;
    item->said.mark = false;
  }
  item->last = --left_[arrival.stream] == 0;
  return true;
}

std::vector<Labels> RuleTestInput::PossibleLabels(const TestStream& stream) {
  return stream.log.has_value() ? SourceStreams::Possible(stream.labels)
                                : std::vector<Labels>{stream.labels};
}

std::vector<SourceItem> RuleTestInput::ReadLog(const TestStream& stream) {
  SourceReader::Options options;
  options.name = FormatLabels(stream.labels);
  options.labels = stream.labels;
  options.format = stream.format;
  options.zone = stream.zone;
  options.first_year = stream.year;
  options.lateness = stream.lateness;
  options.ends = kTestBegins;  // the time of lines where no line states one
  GlogFileName name;
  if (ParseGlogFileName(std::string(stream.labels.Get("filename")), &name)) {
    options.begins = name.created;
  } else {
    options.begins = Stamp::At(kTestBegins);
  }
  TextReader bytes(*stream.log);
  SourceReader reader(options, &bytes, &candidates_, matcher_);
  std::vector<SourceItem> items;
  for (bool at_end = false; !at_end;) {
    const absl::StatusOr<bool> read = reader.Read(kNoTime, &items);
    at_end = !read.ok() || *read;
  }
  return items;
}

}  // namespace tallybell
