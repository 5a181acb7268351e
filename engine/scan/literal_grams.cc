// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/scan/literal_grams.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace tallybell {
namespace {

// How common a byte is in logs, roughly: the steps are powers of two.
int Commonness(unsigned char byte) {
  constexpr absl::string_view kRanks[] = {" 0123456789", "etaoinsr:.-", "lcdhpmu/=\"", "fgbvwy_,"};
  int rank = 7;
  for (const absl::string_view bytes : kRanks) {
    if (bytes.find(static_cast<char>(byte)) != absl::string_view::npos) return rank;
    --rank;
  }
  return absl::ascii_isalnum(byte) ? 2 : 1;
}

constexpr int kAnyByte = 11;  // as common as no byte is

// All grams of all literals, and which of them were chosen.
class GramChoice {
 public:
  explicit GramChoice(const std::vector<ScanLiteral>& literals) : grams_of_(literals.size()) {
    for (size_t i = 0; i < literals.size(); ++i) AddGrams(literals[i], static_cast<uint32_t>(i));
  }

  // Of each literal the rarest.
  void ChooseRarest() {
    for (const std::vector<Place>& places : grams_of_) grams_[RarestOf(places)].chosen = true;
  }

  // One after the other what stands for most literals that have none yet, and is rare. False:
  // `most` are not enough.
  bool ChooseShared(size_t most) {
    for (Gram& gram : grams_) gram.chosen = false;
    size_t left = grams_of_.size();
    std::vector<bool> covered(left, false);
    for (; left > 0 && most > 0; --most) {
      Gram& best =
          *std::max_element(grams_.begin(), grams_.end(), [](const Gram& a, const Gram& b) {
            return static_cast<double>(a.left) / a.cost < static_cast<double>(b.left) / b.cost;
          });
      best.chosen = true;
      for (const uint32_t literal : best.literals) {
        if (covered[literal]) continue;
        covered[literal] = true;
        --left;
        for (const Place& place : grams_of_[literal]) --grams_[place.gram].left;
      }
    }
    return left == 0;
  }

  size_t chosen() const {
    return static_cast<size_t>(
        std::count_if(grams_.begin(), grams_.end(), [](const Gram& gram) { return gram.chosen; }));
  }

  // Each literal is a member of the rarest chosen one that it has.
  std::vector<LiteralGram> Take() const {
    std::vector<LiteralGram> taken;
    absl::flat_hash_map<uint32_t, size_t> index;
    for (size_t i = 0; i < grams_of_.size(); ++i) {
      const Place* best = nullptr;
      for (const Place& place : grams_of_[i]) {
        if (!grams_[place.gram].chosen) continue;
        if (best == nullptr || grams_[place.gram].common < grams_[best->gram].common) {
          best = &place;
        }
      }
      const auto [it, fresh] = index.try_emplace(best->gram, taken.size());
      if (fresh) {
        taken.push_back({grams_[best->gram].bytes, grams_[best->gram].ignore_case, {}});
      }
      taken[it->second].members.push_back({static_cast<uint32_t>(i), best->at});
    }
    return taken;
  }

 private:
  struct Gram {
    std::string bytes;
    bool ignore_case;
    int common;   // the sum over its bytes
    double cost;  // of a gram more, and of looking at what it finds
    std::vector<uint32_t> literals;
    int64_t left = 0;  // literals that no chosen gram stands for
    bool chosen = false;
  };
  struct Place {
    uint32_t gram;
    uint32_t at;
  };

  void AddGrams(const ScanLiteral& literal, uint32_t number) {
    const size_t bytes = std::min(literal.text.size(), LiteralGram::kBytes);
    for (size_t at = 0; at + bytes <= literal.text.size(); ++at) {
      const absl::string_view text = absl::string_view(literal.text).substr(at, bytes);
      const auto [it, fresh] =
          index_.try_emplace(std::make_pair(std::string(text), literal.ignore_case), grams_.size());
      if (fresh) grams_.push_back(NewGram(text, literal.ignore_case));
      Gram& gram = grams_[it->second];
      grams_of_[number].push_back({static_cast<uint32_t>(it->second), static_cast<uint32_t>(at)});
      if (!gram.literals.empty() && gram.literals.back() == number) {
        grams_of_[number].pop_back();  // its first place will do
        continue;
      }
      gram.literals.push_back(number);
      ++gram.left;
    }
  }

  static Gram NewGram(absl::string_view text, bool ignore_case) {
    int common = static_cast<int>(LiteralGram::kBytes - text.size()) * kAnyByte;
    for (const char c : text) common += Commonness(static_cast<unsigned char>(c));
    // From about one find in 10,000 bytes on, finds cost as much as the gram itself. What common
    // words are made of is found that often, though its bytes alone say one in a million.
    constexpr int kAsDear = 24;
    const double finds =
        common < kAsDear ? 1.0 / (1 << (kAsDear - common)) : 1 << (common - kAsDear);
    return {std::string(text), ignore_case, common, 1 + finds, {}};
  }

  uint32_t RarestOf(const std::vector<Place>& places) const {
    return std::min_element(places.begin(), places.end(),
                            [this](const Place& a, const Place& b) {
                              return grams_[a.gram].common < grams_[b.gram].common;
                            })
        ->gram;
  }

  std::vector<Gram> grams_;
  absl::flat_hash_map<std::pair<std::string, bool>, size_t> index_;
  std::vector<std::vector<Place>> grams_of_;  // by literal
};

}  // namespace

std::vector<LiteralGram> ChooseGrams(const std::vector<ScanLiteral>& literals, size_t most) {
  constexpr size_t kShortest = 2;
  const bool long_enough =
      std::all_of(literals.begin(), literals.end(),
                  [](const ScanLiteral& literal) { return literal.text.size() >= kShortest; });
  if (literals.empty() || !long_enough) return {};
  // What is kept of each byte while choosing is some hundred times as large.
  constexpr size_t kMostBytes = 256 << 10;
  size_t bytes = 0;
  for (const ScanLiteral& literal : literals) bytes += literal.text.size();
  if (bytes > kMostBytes) return {};
  // So many cost no more than one.
  constexpr size_t kAtATime = 8;
  GramChoice choice(literals);
  choice.ChooseRarest();
  if (choice.chosen() > std::min(most, kAtATime) && !choice.ChooseShared(most)) return {};
  return choice.Take();
}

}  // namespace tallybell
