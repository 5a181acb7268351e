// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_streams.h"

#include <algorithm>
#include <iterator>

namespace tallybell {
namespace {

constexpr absl::string_view kNames[] = {"", "stdout", "stderr"};

Labels WithStream(const Labels& labels, int stream) {
  Labels of_stream = labels;
  if (stream != 0) of_stream.Set("stream", kNames[stream]);
  return of_stream;
}

}  // namespace

int SourceStreams::Number(absl::string_view stream) {
  if (stream == kNames[1]) return 1;
  return stream == kNames[2] ? 2 : 0;
}

void SourceStreams::Set(const Labels& labels, EnvelopeKind envelope, const RuleMatcher& matcher) {
  const int streams = envelope == EnvelopeKind::kNone ? 1 : kStreams;
  for (int i = 0; i < streams; ++i) {
    labels_[i] = WithStream(labels, i);
    rules_[i] = matcher.RulesOf(labels_[i]);
  }
}

std::vector<Labels> SourceStreams::Possible(const Labels& labels) {
  return {WithStream(labels, 0), WithStream(labels, 1), WithStream(labels, 2)};
}

std::vector<uint32_t> SourceStreams::AllRules() const {
  std::vector<uint32_t> all;
  for (const std::vector<uint32_t>& rules : rules_) {
    all.insert(all.end(), rules.begin(), rules.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void SourceStreams::Select(int stream, absl::Span<const uint32_t> rules,
                           std::vector<uint32_t>* selected) const {
  std::set_intersection(rules.begin(), rules.end(), rules_[stream].begin(), rules_[stream].end(),
                        std::back_inserter(*selected));
}

}  // namespace tallybell
