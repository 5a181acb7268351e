// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_SERVE_STATUS_SAMPLE_H_
#define TALLYBELL_TESTS_ENGINE_SERVE_STATUS_SAMPLE_H_

#include <memory>
#include <string>

#include "engine/serve/status_view.h"

namespace tallybell {

// 2026-11-21T16:40:00Z.
inline constexpr TimeNs kSampleNow = 1'795'279'200 * kSecond;

// A snapshot that a test may change before it is shown.
std::shared_ptr<EngineSnapshot> SampleSnapshot(int rules, int firing);

// `snapshot` with receivers and history. `word` stands wherever something comes from a log, a rule,
// a file's name or a receiver.
StatusView SampleView(std::shared_ptr<const EngineSnapshot> snapshot, const std::string& word);
// `word` likewise in the snapshot itself.
void Spoil(const std::string& word, EngineSnapshot* snapshot);

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_SERVE_STATUS_SAMPLE_H_
