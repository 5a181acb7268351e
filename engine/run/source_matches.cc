// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_matches.h"

#include <string>
#include <utility>

namespace tallybell {

void SourceMatches::Add(const SourceLine& line, uint64_t offset, TimeNs time,
                        const SourceContexts::Context& before, absl::Span<const uint32_t> rules,
                        std::vector<SourceItem>* items) {
  selected_.clear();
  streams_->Select(line.stream, rules, &selected_);
  if (selected_.empty()) return;
  Record record;
  record.text = line.text;
  record.time = time;
  record.stream = &streams_->labels(line.stream);
  const ParsedLine* says = &line.parsed;
  ParsedLine inherited;
  if (says->kind == ParsedLine::Kind::kContinuation && !before.text.empty()) {
    ParseRecordText(*parser_, before.text, &inherited);
    says = &inherited;
  }
  record.severity = says->severity;
  record.fields = &says->fields;
  Fields in_container;
  if (!line.enveloped.name.empty()) {
    in_container.Add("container", line.enveloped.name);
    for (const Field& field : says->fields.all()) in_container.Add(field.name, field.value);
    record.fields = &in_container;
  }

  RuleMatches matches;
  matcher_->Find(record, selected_, &matches);
  Take(std::move(matches), offset, time, items);
}

void SourceMatches::Take(RuleMatches&& matches, uint64_t offset, TimeNs time,
                         std::vector<SourceItem>* items) {
  if (matches.empty()) return;
  matcher_->CountMissing(matches);
  if (time != kNoTime) {
    items->emplace_back(time, offset, std::move(matches));
    return;
  }
  SourceItem& item = timeless_.emplace_back(time, offset, std::move(matches));
  for (RuleMatch& match : item.record.matches) {
    match.evidence.Keep();
    timeless_bytes_ += sizeof(item) + match.evidence.size() + match.group.size();
  }
}

void SourceMatches::Count(const ParsedLine& parsed) {
  if (parsed.malformed) ++counts_->malformed_lines;
  if (parsed.kind == ParsedLine::Kind::kRecord) Count(parsed.format);
}

void SourceMatches::Count(const LineFormat* format) {
  if (format == nullptr) return;
  const size_t row = format - AllLineFormats().data();
  if (row < SourceCounts::kFormats) ++counts_->records_by_format[row];
}

void SourceMatches::Release(TimeNs first_time, TimeNs otherwise, std::vector<SourceItem>* items) {
  if (first_time == kNoTime) counts_->without_time += static_cast<int64_t>(timeless_.size());
  for (SourceItem& item : timeless_) {
    item.time = item.record.time = first_time == kNoTime ? otherwise : first_time;
    items->push_back(std::move(item));
  }
  timeless_.clear();
  timeless_bytes_ = 0;
}

}  // namespace tallybell
