// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_TEST_INPUT_H_
#define TALLYBELL_ENGINE_RUN_RULE_TEST_INPUT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/match/candidate_rules.h"
#include "engine/match/rule_matcher.h"
#include "engine/run/rule_test.h"
#include "engine/run/source_reader.h"

namespace tallybell {

// What the streams of one test bring, in the order in which it arrives. Belongs to one thread.
class RuleTestInput {
 public:
  // `test` and `matcher`, which is of the rules of the test, outlive it.
  RuleTestInput(const RuleTest& test, const RuleMatcher* matcher);
  ~RuleTestInput();

  // One line of a stream whose times the test gives, or what a SourceReader makes of the others.
  struct Item {
    uint32_t stream = 0;
    SourceItem said;
    bool last = false;  // the stream has no more
  };

  // Fills `*item`, or returns false at the end.
  bool Next(Item* item);

  // How many items of a stream are left.
  size_t left(uint32_t stream) const { return left_[stream]; }

  // Every set of labels that a record of a stream may have.
  static std::vector<Labels> PossibleLabels(const TestStream& stream);

 private:
  class TimedLines;
  struct Arrival {
    TimeNs at;
    uint32_t stream;
    size_t number;  // of the line, or of the item that was read
  };

  // Reads a log whose lines state their own times, as `replay` would.
  std::vector<SourceItem> ReadLog(const TestStream& stream);

  const RuleMatcher* const matcher_;
  CandidateRulesCache candidates_;
  std::vector<std::unique_ptr<TimedLines>> timed_;  // null for a stream that was read
  std::vector<std::vector<SourceItem>> read_;
  std::vector<size_t> left_;
  std::vector<Arrival> arrivals_;
  size_t next_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_TEST_INPUT_H_
