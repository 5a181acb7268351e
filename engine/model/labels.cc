// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/model/labels.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

auto LowerBound(std::vector<Labels::Pair>& pairs, absl::string_view name) {
  return std::lower_bound(pairs.begin(), pairs.end(), name,
                          [](const Labels::Pair& pair, absl::string_view n) {
                            return absl::string_view(pair.first) < n;
                          });
}

}  // namespace

Labels::Labels(std::initializer_list<Pair> pairs) {
  for (const Pair& pair : pairs) Set(pair.first, pair.second);
}

void Labels::Set(absl::string_view name, absl::string_view value) {
  const auto it = LowerBound(pairs_, name);
  const bool found = it != pairs_.end() && it->first == name;
  if (value.empty()) {
    if (found) pairs_.erase(it);
  } else if (found) {
    it->second.assign(value.data(), value.size());
  } else {
    pairs_.emplace(it, std::string(name), std::string(value));
  }
}

absl::string_view Labels::Get(absl::string_view name) const {
  // There are few, most of another length.
  for (const Pair& pair : pairs_) {
    if (pair.first == name) return pair.second;
  }
  return {};
}

uint64_t Labels::Fingerprint() const {
  uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](unsigned char byte) {
    hash ^= byte;
    hash *= 1099511628211u;
  };
  for (const Pair& pair : pairs_) {
    for (const char c : pair.first) add(static_cast<unsigned char>(c));
    add(0xff);
    for (const char c : pair.second) add(static_cast<unsigned char>(c));
    add(0xff);
  }
  return hash;
}

std::string FormatFingerprint(uint64_t fingerprint) {
  return absl::StrFormat("%016x", fingerprint);
}

std::string FormatLabels(const Labels& labels) {
  std::string text = "{";
  for (const Labels::Pair& pair : labels.pairs()) {
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", pair.first, "=");
    AppendQuoted(pair.second, &text);
  }
  text.push_back('}');
  return text;
}

bool IsLabelName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

}  // namespace tallybell
