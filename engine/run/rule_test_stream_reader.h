// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_RULE_TEST_STREAM_READER_H_
#define TALLYBELL_ENGINE_RUN_RULE_TEST_STREAM_READER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "engine/run/rule_test.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// Reads the entries of `streams` of one file of rule tests (docs/rule-tests.md, "Lines"). Used by
// one thread at a time.
class RuleTestStreamReader {
 public:
  static constexpr size_t kMaxLines = 1'000'000;            // with their times, of all tests
  static constexpr size_t kMaxLogBytes = size_t{64} << 20;  // of all logs, decompressed

  // `file` is the path of the tests: logs are named from its directory.
  explicit RuleTestStreamReader(absl::string_view file) : file_(file) {}

  // One stream. `lateness` is that of a stream which states none.
  TestStream Read(const YamlScope& outer, const YamlNode& node, DurationNs lateness);

 private:
  void ReadLines(const YamlScope& scope, const YamlNode& node, TestStream* stream);
  void ReadTimedLines(const YamlScope& scope, const YamlNode::Entry& entry, TestStream* stream);
  void ReadLogFile(const YamlScope& scope, const YamlNode& node, TestStream* stream);
  static void ReadClock(const YamlScope& scope, YamlFields* fields, TestStream* stream);

  const std::string file_;
  size_t lines_ = 0;
  size_t log_bytes_ = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_RULE_TEST_STREAM_READER_H_
