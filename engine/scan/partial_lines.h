// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Container runtimes cut long lines into pieces, each in an envelope of its own. A literal may lie
// across two of them, so none may be skipped.
#ifndef TALLYBELL_ENGINE_SCAN_PARTIAL_LINES_H_
#define TALLYBELL_ENGINE_SCAN_PARTIAL_LINES_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/envelope_literals.h"

namespace tallybell {

// The streams of a container that lines of a block may be of.
struct RuntimeStreams {
  bool out = true;
  bool err = true;
};

// Appends where each line of `block` begins that may be a piece of a longer line, ascending: one
// whose text goes on, the lines of its stream (stdout or stderr) up to and with the one that ends
// it, and an envelope that is not quite as its runtime writes it. Blocks are looked at one by one:
// the first line of each stream may belong to what the block before left open. Gives the streams
// of its lines, as far as it is known.
RuntimeStreams FindPartialLines(ScanEnvelope envelope, absl::string_view block,
                                std::vector<uint32_t>* begins);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_PARTIAL_LINES_H_
