// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SCAN_GRAM_MEMBERS_H_
#define TALLYBELL_ENGINE_SCAN_GRAM_MEMBERS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/scan/literal_grams.h"
#include "engine/scan/literal_scanner.h"
#include "engine/scan/scan_literal.h"

namespace tallybell {

// Which literals of a gram are where the gram was found. However many those are, a few bytes beside
// the gram say which come into question, mostly none. Immutable.
class GramMembers {
 public:
  // `literals`, distinct, are what `gram` was chosen for; `ids` are what their hits report.
  GramMembers(const LiteralGram& gram, const std::vector<ScanLiteral>& literals,
              const std::vector<uint32_t>& ids);

  // Appends the hits of those whose gram begins at `at` of `block`.
  void AppendHits(absl::string_view block, size_t at, std::vector<ScanHit>* hits) const {
    for (const Table& table : tables_) AppendHitsOf(table, block, at, hits);
  }

 private:
  struct Member {
    ScanLiteral literal;
    uint32_t id;
    uint32_t at;  // where the gram begins in it
  };

  // Members by the bytes at one place beside the gram, which all of them have.
  struct Table {
    ptrdiff_t from = 0;           // of these bytes, from where the gram begins
    size_t size = 0;              // how many: 0, 1, 2 or 4
    int shift = 0;                // of a hash to its bucket
    std::vector<uint32_t> begin;  // of each bucket in `members`, and the end of the last
    std::vector<Member> members;
  };

  static Table MakeTable(ptrdiff_t from, size_t size, std::vector<Member> members);
  static uint32_t Bucket(const Table& table, const char* bytes);
  static void AppendHitsOf(const Table& table, absl::string_view block, size_t at,
                           std::vector<ScanHit>* hits);

  std::vector<Table> tables_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SCAN_GRAM_MEMBERS_H_
