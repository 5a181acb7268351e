// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "engine/match/rule_matcher.h"
#include "engine/model/labels.h"

namespace tallybell {

// The streams that one source can bring, and the rules that select each: one without an envelope,
// stdout and stderr as label `stream` within one. Containers that an envelope names are streams of
// their own, too, for what follows on what; they have the labels of the source. Used by one thread
// at a time.
class SourceStreams {
 public:
  static constexpr int kStreams = 3;
  static constexpr int kMaxNames = 100;  // the names beyond share one stream

  // 0 for a line without a stream, 1 for "stdout", 2 for "stderr".
  static int OfRuntime(absl::string_view stream);

  // The stream of that line; from kStreams on, one for each name in the order in which they come.
  int Number(const EnvelopedLine& line) {
    return line.name.empty() ? OfRuntime(line.stream) : OfName(line.name);
  }

  void Set(const Labels& labels, EnvelopeKind envelope, const RuleMatcher& matcher);

  // Every set of labels that a record of a source may have, given its own labels.
  static std::vector<Labels> Possible(const Labels& labels);

  const Labels& labels(int stream) const { return labels_[stream < kStreams ? stream : 0]; }
  // The rules that select any of the streams, ascending.
  std::vector<uint32_t> AllRules() const;
  // Appends those of `rules` (ascending) that select the stream to `*selected`.
  void Select(int stream, absl::Span<const uint32_t> rules, std::vector<uint32_t>* selected) const;

  // The names so far, in the order of their streams, for a state that is saved.
  const std::vector<std::string>& names() const { return names_; }
  void RestoreNames(const std::vector<std::string>& names);

 private:
  int OfName(absl::string_view name);

  Labels labels_[kStreams];
  std::vector<uint32_t> rules_[kStreams];
  std::vector<std::string> names_;
  absl::flat_hash_map<std::string, int> number_of_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_STREAMS_H_
