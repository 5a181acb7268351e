// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_PACKED_SCANNER_H_
#define TALLYBELL_ENGINE_SCAN_PACKED_SCANNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/scan/literal_scanner.h"

namespace tallybell {

// A scanner for literals that few grams stand for (engine/scan/literal_grams.h): it looks for those
// at 32 places at a time, or at 64 where the CPU has AVX-512's VBMI and `wide` allows it, and
// compares the literals where it finds one. `literals` are distinct and within the limits of
// LiteralScanner; `ids` are what their hits report. Unavailable on a CPU without AVX2, for a
// literal of one byte, and for literals that no 16 grams, or 32 with AVX-512, stand for.
absl::StatusOr<std::unique_ptr<LiteralScanner>> CreatePackedScanner(
    const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids, bool wide);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_PACKED_SCANNER_H_
