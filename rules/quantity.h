// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a value says if it is read as a number, a duration or a size in bytes.
#ifndef TALLYBELL_RULES_QUANTITY_H_
#define TALLYBELL_RULES_QUANTITY_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace tallybell {

// A text may be several of these: "0" is all three, "5" a number and a size.
struct Quantity {
  std::optional<int64_t> integer;  // exact, where the number is whole and fits
  std::optional<double> number;
  std::optional<double> duration_ns;
  std::optional<double> bytes;

  bool empty() const { return !number && !duration_ns && !bytes; }
};

// Numbers: -12, 3.5, 1e6. Durations: as Prometheus and Go write them, 90s, 1h30m, 1.5s, 250µs.
// Sizes: 512, 10kB, 1.5MiB, "5 GB"; k is 1000 and Ki is 1024. No spaces around, no inf, no nan.
Quantity ParseQuantity(absl::string_view text);

// Less than, equal to or greater than 0 as `a` is to `b`: as numbers, else as durations, else as
// sizes, whichever both are; nothing if there is none.
std::optional<int> CompareQuantities(const Quantity& a, const Quantity& b);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_QUANTITY_H_
