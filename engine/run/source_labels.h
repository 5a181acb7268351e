// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_LABELS_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_LABELS_H_

#include <string>

#include "engine/model/labels.h"
#include "rules/pattern.h"

namespace tallybell {

// The labels of a file's streams: `filename`, `host` where the name of a glog file says it, the
// named groups of `from_path` (may be null) where it matches the path, and `given`, which win.
Labels SourceLabels(const std::string& path, const Labels& given, const Pattern* from_path);

// The same for a file of the past; the log of a container has the labels that a `docker` or
// `kubernetes` source would give it, and no `filename`.
Labels ReplayLabels(const std::string& path, const Labels& given, const Pattern* from_path);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_LABELS_H_
