// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_MODEL_LABELS_H_
#define TALLYBELL_ENGINE_MODEL_LABELS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace tallybell {

// A set of name=value pairs: of a stream, of a group, of an alert.
//
// Kept sorted by name, each name once; a pair with an empty value is the same as no pair, as in
// Prometheus. A plain value: copy it freely, share it between threads while nobody changes it.
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;

  Labels() = default;
  // Later pairs win over earlier ones of the same name.
  Labels(std::initializer_list<Pair> pairs);

  // Puts a pair in, or takes the name out if `value` is empty.
  void Set(absl::string_view name, absl::string_view value);

  // The value, or an empty string where there is no such name. Valid until the next Set.
  absl::string_view Get(absl::string_view name) const;

  const std::vector<Pair>& pairs() const { return pairs_; }
  bool empty() const { return pairs_.empty(); }

  // Prometheus's own: FNV-1a 64 over name 0xff value 0xff of the sorted pairs.
  uint64_t Fingerprint() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.pairs_ == b.pairs_; }
  friend bool operator<(const Labels& a, const Labels& b) { return a.pairs_ < b.pairs_; }

 private:
  std::vector<Pair> pairs_;
};

// `fingerprint` as 16 hex digits.
std::string FormatFingerprint(uint64_t fingerprint);

// {a="x", b="y"}, as Prometheus prints it.
std::string FormatLabels(const Labels& labels);

// Whether `name` is a label name for Prometheus and Alertmanager: [a-zA-Z_][a-zA-Z0-9_]*.
bool IsLabelName(absl::string_view name);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_MODEL_LABELS_H_
