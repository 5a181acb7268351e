// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/literal_scanner.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/scan/aho_corasick.h"
#include "engine/scan/hyperscan_scanner.h"
#include "engine/scan/packed_scanner.h"

namespace tallybell {
namespace {

// The literals without those that say the same again, and the places where they stood.
struct Distinct {
  std::vector<ScanLiteral> literals;
  std::vector<uint32_t> ids;
};

absl::StatusOr<Distinct> MergeEqual(std::vector<ScanLiteral> literals) {
  Distinct distinct;
  absl::flat_hash_set<std::pair<std::string, bool>> seen;
  size_t total = 0;
  for (size_t i = 0; i < literals.size(); ++i) {
    const size_t size = literals[i].text.size();
    if (size == 0) return absl::InvalidArgumentError(absl::StrCat("literal ", i, " is empty"));
    if (size > LiteralScanner::kMaxLiteralBytes) {
      return absl::InvalidArgumentError(absl::StrCat("literal ", i, " has ", size,
                                                     " bytes, more than the ",
                                                     LiteralScanner::kMaxLiteralBytes, " allowed"));
    }
    ScanLiteral literal = NormalLiteral(std::move(literals[i]));
    if (!seen.emplace(literal.text, literal.ignore_case).second) continue;
    total += size;
    if (total > LiteralScanner::kMaxTotalBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("literals of more than ", LiteralScanner::kMaxTotalBytes, " bytes in all"));
    }
    distinct.literals.push_back(std::move(literal));
    distinct.ids.push_back(static_cast<uint32_t>(i));
  }
  return distinct;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiteralScanner>> LiteralScanner::Create(
    std::vector<ScanLiteral> literals, Engine engine) {
  absl::StatusOr<Distinct> distinct = MergeEqual(std::move(literals));
  if (!distinct.ok()) return distinct.status();
  if (engine != Engine::kAhoCorasick && engine != Engine::kHyperscan) {
    absl::StatusOr<std::unique_ptr<LiteralScanner>> scanner = CreatePackedScanner(
        distinct->literals, distinct->ids, /*wide=*/engine != Engine::kPackedNarrow);
    if (scanner.ok() || engine != Engine::kBest) return scanner;
  }
  if (engine != Engine::kAhoCorasick) {
    absl::StatusOr<std::unique_ptr<LiteralScanner>> scanner =
        CreateHyperscanScanner(distinct->literals, distinct->ids);
    if (scanner.ok() || engine == Engine::kHyperscan) return scanner;
  }
  std::unique_ptr<LiteralScanner> scanner =
      std::make_unique<AhoCorasick>(std::move(distinct->literals), std::move(distinct->ids));
  return scanner;
}

}  // namespace tallybell
