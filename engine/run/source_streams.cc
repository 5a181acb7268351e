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

int SourceStreams::OfRuntime(absl::string_view stream) {
  if (stream == kNames[1]) return 1;
  return stream == kNames[2] ? 2 : 0;
}

int SourceStreams::OfName(absl::string_view name) {
  const auto found = number_of_.find(name);
  if (found != number_of_.end()) return found->second;
  const int number = kStreams + static_cast<int>(names_.size());
  if (names_.size() < kMaxNames) {
    names_.emplace_back(name);
    number_of_.emplace(name, number);
  }
  return number;
}

void SourceStreams::RestoreNames(const std::vector<std::string>& names) {
  names_.clear();
  number_of_.clear();
  for (const std::string& name : names) OfName(name);
}

void SourceStreams::Set(const Labels& labels, EnvelopeKind envelope, const RuleMatcher& matcher) {
  const bool tells = envelope == EnvelopeKind::kDocker || envelope == EnvelopeKind::kCri;
  const int streams = tells ? kStreams : 1;
  for (int i = 0; i < kStreams; ++i) {
    labels_[i] = WithStream(labels, i);
    rules_[i] = i < streams ? matcher.RulesOf(labels_[i]) : std::vector<uint32_t>();
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
  const std::vector<uint32_t>& its = rules_[stream < kStreams ? stream : 0];
  std::set_intersection(rules.begin(), rules.end(), its.begin(), its.end(),
                        std::back_inserter(*selected));
}

}  // namespace tallybell
