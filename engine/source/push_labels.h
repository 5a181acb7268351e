// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_PUSH_LABELS_H_
#define TALLYBELL_ENGINE_SOURCE_PUSH_LABELS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/model/labels.h"

namespace tallybell {

// How much of labels a pushed stream may have; Loki's own defaults.
struct PushLabelLimits {
  size_t names = 15;
  size_t name_bytes = 1024;
  size_t value_bytes = 2048;
};

// The labels of a stream out of their names and values. InvalidArgument, in Loki's words, for a
// name that is none, one that comes twice, or what exceeds the limits. Empty values are dropped.
absl::StatusOr<Labels> MakePushLabels(std::vector<std::pair<std::string, std::string>> pairs,
                                      const PushLabelLimits& limits);

// The same out of text as Prometheus writes it: {job="anka", host=`mac1`}, values quoted as Go
// quotes them.
absl::StatusOr<Labels> ParsePushLabels(absl::string_view text, const PushLabelLimits& limits);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_PUSH_LABELS_H_
