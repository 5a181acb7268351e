// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Lines of name=value as labels, in any order: a map does the same, and the fingerprint is the one
// that its definition gives.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "engine/model/field_name.h"
#include "engine/model/labels.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Labels;
using tallybell::Require;

uint64_t SlowFingerprint(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) absl::StrAppend(&text, name, "\xff", value, "\xff");
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

void CheckFieldNames(const std::map<std::string, std::string>& pairs) {
  tallybell::WantedFields wanted;
  for (const auto& pair : pairs) {
    const std::string name = tallybell::FieldName(pair.first);
    Require(name.size() == pair.first.size() && tallybell::FieldName(name) == name);
    // Only a digit at its beginning can keep it from being a label's.
    Require(name.empty() || tallybell::IsLabelName("_" + name));
    wanted.Add(pair.first);
  }
  for (const auto& pair : pairs) {
    const std::string name = tallybell::FieldName(pair.first);
    Require(wanted.Has(name));
    const std::string prefix = name.substr(0, name.size() / 2);
    const bool within = std::any_of(pairs.begin(), pairs.end(), [&prefix](const auto& other) {
      return absl::StartsWith(tallybell::FieldName(other.first), prefix + "_");
    });
    Require(wanted.HasWithin(prefix) == within);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  Labels labels;
  std::map<std::string, std::string> slow;
  while (!input.empty() && slow.size() < 100) {
    tallybell::FuzzInput line(input.Line());
    const std::string name(line.Part('='));
    const std::string value(line.rest());
    labels.Set(name, value);
    if (value.empty()) {
      slow.erase(name);
    } else {
      slow[name] = value;
    }
  }
  Require(labels.pairs() == std::vector<Labels::Pair>(slow.begin(), slow.end()));
  Require(labels.Fingerprint() == SlowFingerprint(slow));
  Require(tallybell::FormatFingerprint(labels.Fingerprint()).size() == 16);
  // The order in which they come does not show.
  Labels backwards;
  for (auto it = slow.rbegin(); it != slow.rend(); ++it) backwards.Set(it->first, it->second);
  Require(backwards == labels);
  for (const auto& [name, value] : slow) {
    Require(labels.Get(name) == value &&
            labels.Get(name + "x") ==
                (slow.count(name + "x") != 0 ? slow[name + "x"] : std::string()));
  }
  const std::string text = tallybell::FormatLabels(labels);
  Require(!absl::StrContains(text, '\n') || slow.size() != 0);
  CheckFieldNames(slow);
  return 0;
}
