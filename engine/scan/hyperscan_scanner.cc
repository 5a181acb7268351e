// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/hyperscan_scanner.h"

#include "absl/status/status.h"

#ifdef TALLYBELL_HAVE_HYPERSCAN

#include <hs.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tallybell {
namespace {

struct DatabaseDeleter {
  void operator()(hs_database_t* database) const { hs_free_database(database); }
};
using DatabasePtr = std::unique_ptr<hs_database_t, DatabaseDeleter>;

class HyperscanScratch : public LiteralScanner::Scratch {
 public:
  explicit HyperscanScratch(const hs_database_t* database) {
    if (hs_alloc_scratch(database, &scratch_) != HS_SUCCESS) throw std::bad_alloc();
  }
  ~HyperscanScratch() override { hs_free_scratch(scratch_); }
  HyperscanScratch(const HyperscanScratch&) = delete;
  HyperscanScratch& operator=(const HyperscanScratch&) = delete;

  hs_scratch_t* get() { return scratch_; }

 private:
  hs_scratch_t* scratch_ = nullptr;
};

int OnMatch(unsigned int id, unsigned long long, unsigned long long to, unsigned int,
            void* context) {
  static_cast<std::vector<ScanHit>*>(context)->push_back({static_cast<uint32_t>(to), id});
  return 0;
}

// `text` as a regex that matches its bytes.
std::string HexPattern(absl::string_view text) {
  std::string pattern;
  for (const char c : text) {
    absl::StrAppend(&pattern, "\\x", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
  }
  return pattern;
}

hs_error_t Compile(const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids,
                   hs_database_t** database, hs_compile_error_t** error) {
  const std::vector<unsigned> hit_ids(ids.begin(), ids.end());
  const unsigned count = static_cast<unsigned>(literals.size());
  std::vector<const char*> texts;
  std::vector<size_t> lengths;
  std::vector<unsigned> flags;
  bool nul_first = false;
  for (const ScanLiteral& literal : literals) {
    texts.push_back(literal.text.data());
    lengths.push_back(literal.text.size());
    flags.push_back(literal.ignore_case ? HS_FLAG_CASELESS : 0);
    nul_first = nul_first || literal.text[0] == '\0';
  }
  if (!nul_first) {
    return hs_compile_lit_multi(texts.data(), flags.data(), hit_ids.data(), lengths.data(), count,
                                HS_MODE_BLOCK, nullptr, database, error);
  }
  // Since 5.4.1 the literals' own entry takes one that begins with NUL for an empty one.
  std::vector<std::string> patterns;
  for (const ScanLiteral& literal : literals) patterns.push_back(HexPattern(literal.text));
  for (size_t i = 0; i < patterns.size(); ++i) texts[i] = patterns[i].c_str();
  return hs_compile_multi(texts.data(), flags.data(), hit_ids.data(), count, HS_MODE_BLOCK, nullptr,
                          database, error);
}

// Where a literal has more than 512 bytes, 5.4.0 loses hits, of short ones too.
constexpr size_t kLongest = 256;

class HyperscanScanner : public LiteralScanner {
 public:
  explicit HyperscanScanner(DatabasePtr database) : database_(std::move(database)) {}

  std::unique_ptr<Scratch> NewScratch() const override {
    return std::make_unique<HyperscanScratch>(database_.get());
  }

  void Scan(absl::string_view block, Scratch* scratch, std::vector<ScanHit>* hits) const override {
    const size_t before = hits->size();
    // Fails only on arguments that are wrong, and on a scratch that is in use.
    hs_scan(database_.get(), block.data(), static_cast<unsigned int>(block.size()), 0,
            static_cast<HyperscanScratch*>(scratch)->get(), &OnMatch, hits);
    // It promises no order, and keeps nearly one.
    const auto begin = hits->begin() + static_cast<std::ptrdiff_t>(before);
    if (!std::is_sorted(begin, hits->end())) std::sort(begin, hits->end());
    hits->erase(std::unique(begin, hits->end()), hits->end());
  }

  absl::string_view engine_name() const override { return "hyperscan"; }

 private:
  const DatabasePtr database_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiteralScanner>> CreateHyperscanScanner(
    const std::vector<ScanLiteral>& literals, const std::vector<uint32_t>& ids) {
  if (literals.empty()) return absl::UnavailableError("Hyperscan takes no empty list");
  const bool too_long =
      std::any_of(literals.begin(), literals.end(),
                  [](const ScanLiteral& literal) { return literal.text.size() > kLongest; });
  if (too_long) return absl::UnavailableError("Hyperscan is not given literals that long");
  if (hs_valid_platform() != HS_SUCCESS) {
    return absl::UnavailableError("this CPU lacks what Hyperscan needs");
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (Compile(literals, ids, &database, &error) != HS_SUCCESS) {
    absl::Status status = absl::UnavailableError(absl::StrCat(
        "Hyperscan: ", error != nullptr && error->message != nullptr ? error->message : "failed"));
    hs_free_compile_error(error);
    return status;
  }
  std::unique_ptr<LiteralScanner> scanner =
      std::make_unique<HyperscanScanner>(DatabasePtr(database));
  return scanner;
}

}  // namespace tallybell

#else

namespace tallybell {

absl::StatusOr<std::unique_ptr<LiteralScanner>> CreateHyperscanScanner(
    const std::vector<ScanLiteral>&, const std::vector<uint32_t>&) {
  return absl::UnavailableError("built without Hyperscan");
}

}  // namespace tallybell

#endif  // TALLYBELL_HAVE_HYPERSCAN
