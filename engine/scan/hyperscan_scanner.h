// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_HYPERSCAN_SCANNER_H_
#define TALLYBELL_ENGINE_SCAN_HYPERSCAN_SCANNER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/scan/literal_scanner.h"

namespace tallybell {

// A scanner on Hyperscan, or Vectorscan under its name. `literals` are distinct and within the
// limits of LiteralScanner; `ids` are what their hits report. Unavailable if this build has no
// Hyperscan, this CPU lacks what it needs, or it refuses the literals.
absl::StatusOr<std::unique_ptr<LiteralScanner>> CreateHyperscanScanner(
    const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_HYPERSCAN_SCANNER_H_
