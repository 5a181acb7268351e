// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_LITERAL_SCANNER_H_
#define TALLYBELL_ENGINE_SCAN_LITERAL_SCANNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// One occurrence of a literal.
struct ScanHit {
  uint32_t end;      // bytes from the block's start to one past the occurrence's last byte
  uint32_t literal;  // place in the list that the scanner was made of

  friend bool operator==(const ScanHit& a, const ScanHit& b) {
    return a.end == b.end && a.literal == b.literal;
  }
  friend bool operator<(const ScanHit& a, const ScanHit& b) {
    return a.end != b.end ? a.end < b.end : a.literal < b.literal;
  }
};

// Finds every occurrence of many literals in one pass over a block of bytes, overlapping ones
// too. Immutable: threads share one scanner, each with a Scratch of its own. Every engine gives
// exactly the same hits.
class LiteralScanner {
 public:
  // kPackedNarrow: as kPacked is on a CPU without AVX-512.
  enum class Engine { kBest, kAhoCorasick, kHyperscan, kPacked, kPackedNarrow };

  static constexpr size_t kMaxLiteralBytes = 1024;
  static constexpr size_t kMaxTotalBytes = size_t{4} << 20;
  static constexpr size_t kMaxBlockBytes = size_t{1} << 30;
  // What is best scanned at a time where there is much: it stays in the nearest cache, and what
  // stands behind it may be asked for meanwhile.
  static constexpr size_t kStepBytes = 16 * 1024;

  // What a scan writes to besides its hits. Of one scanner and, at a time, one thread.
  class Scratch {
   public:
    virtual ~Scratch() = default;
  };

  // No literals make a scanner that finds nothing. Of equal literals, only the first is reported.
  // InvalidArgument for an empty literal or one of more than kMaxLiteralBytes, ResourceExhausted
  // for more than kMaxTotalBytes in all, Unavailable if kHyperscan is asked for where this build
  // or this CPU has none, or kPacked for other literals than CreatePackedScanner takes. kBest is
  // the packed one where it can be, else Hyperscan, else Aho-Corasick.
  static absl::StatusOr<std::unique_ptr<LiteralScanner>> Create(std::vector<ScanLiteral> literals,
                                                                Engine engine = Engine::kBest);

  virtual ~LiteralScanner() = default;

  virtual std::unique_ptr<Scratch> NewScratch() const = 0;

  // Appends the hits in `block`, of at most kMaxBlockBytes, by end and then by literal.
  // `scratch` is from NewScratch of this scanner.
  virtual void Scan(absl::string_view block, Scratch* scratch,
                    std::vector<ScanHit>* hits) const = 0;

  // "packed", "hyperscan" or "aho-corasick".
  virtual absl::string_view engine_name() const = 0;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_LITERAL_SCANNER_H_
