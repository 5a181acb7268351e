// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "engine/match/rule_matcher.h"
#include "engine/model/labels.h"

namespace tallybell {

// The streams that one source can bring, and the rules that select each: one without an envelope,
// stdout and stderr as label `stream` within one. Immutable after Set.
class SourceStreams {
 public:
  static constexpr int kStreams = 3;

  // 0 for a line without a stream, 1 for "stdout", 2 for "stderr".
  static int Number(absl::string_view stream);

  void Set(const Labels& labels, EnvelopeKind envelope, const RuleMatcher& matcher);

  // Every set of labels that a record of a source may have, given its own labels.
  static std::vector<Labels> Possible(const Labels& labels);

  const Labels& labels(int stream) const { return labels_[stream]; }
  // Ascending.
  const std::vector<uint32_t>& rules(int stream) const { return rules_[stream]; }
  // The rules that select any of the streams, ascending.
  std::vector<uint32_t> AllRules() const;
  // Appends those of `rules` (ascending) that select the stream to `*selected`.
  void Select(int stream, absl::Span<const uint32_t> rules, std::vector<uint32_t>* selected) const;

 private:
  Labels labels_[kStreams];
  std::vector<uint32_t> rules_[kStreams];
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_
