// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SOURCE_LOKI_SPLIT_H_
#define TALLYBELL_ENGINE_SOURCE_LOKI_SPLIT_H_

#include <string>

#include "engine/source/loki_entries.h"

namespace tallybell {

// Two filters to put behind a query, of which every line passes exactly one.
struct LokiSplit {
  std::string with;
  std::string without;
};

// Two filters each of which some of `entries` pass: by how their lines begin, or where these are
// equal, by how the value of a label does. Empty if no such filters are known.
LokiSplit SplitLokiEntries(const LokiEntries& entries);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SOURCE_LOKI_SPLIT_H_
