// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/loki_former.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "engine/base/json_text.h"

namespace tallybell {
namespace {

constexpr absl::string_view kLoki = "loki ";

// What a source of that key asks for, wherever its Loki is: the tenant and the query.
std::string WhatOf(absl::string_view key) {
  key.remove_prefix(kLoki.size());
  return std::string(key.substr(std::min(key.find(' '), key.size())));
}

}  // namespace

std::string LokiPassesRow(absl::string_view key) { return absl::StrCat(key, "\nread to"); }

bool ReadLokiPasses(const std::string& state, std::vector<DurationNs>* ages,
                    std::vector<TimeNs>* read_to) {
  const absl::StatusOr<Json> passes = ParseJson(state);
  if (!passes.ok() || !passes->is_array()) return false;
  for (const Json& pass : *passes) {
    if (!pass.is_array() || pass.size() != 2 || !pass[0].is_number_integer() ||
        !pass[1].is_number_integer()) {
      return false;
    }
    ages->push_back(pass[0].get<int64_t>());
    read_to->push_back(pass[1].get<int64_t>());
  }
  return !ages->empty();
}

LokiFormer FindLokiFormer(const LokiSourceConfig& config, const std::vector<LokiSourceConfig>& all,
                          const std::vector<PositionRow>& stored) {
  LokiFormer former;
  const std::string whom = config.KeyOfTenant();
  const std::string own = LokiPassesRow(config.Key());
  const auto is_own = [&own](const PositionRow& row) { return row.source == own; };
  if (std::any_of(stored.begin(), stored.end(), is_own)) return former;
  for (const PositionRow& row : stored) {
    absl::string_view key = row.source;
    if (!absl::StartsWith(key, kLoki) || !absl::ConsumeSuffix(&key, LokiPassesRow(""))) continue;
    // Where no tenant is named a name may stand in the place of the query.
    const bool same_whom =
        absl::StartsWith(key, whom) && absl::StartsWith(key.substr(whom.size()), "{");
    if (!same_whom && WhatOf(key) != WhatOf(config.Key())) continue;
    const bool goes_on = std::any_of(all.begin(), all.end(), [key](const LokiSourceConfig& other) {
      return other.Key() == key;
    });
    std::vector<DurationNs> ages;
    std::vector<TimeNs> read_to;
    if (goes_on || !ReadLokiPasses(row.state, &ages, &read_to)) continue;
    former.keys.emplace_back(key);
    former.horizon = std::max(former.horizon, *std::min_element(read_to.begin(), read_to.end()));
  }
  return former;
}

}  // namespace tallybell
