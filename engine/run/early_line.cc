// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/early_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/source/file_position.h"

namespace tallybell {

bool EarlyLine::Begins(uint64_t offset, absl::string_view line) const {
  return offset == offset_ && line.size() >= length_ &&
         HashSample(line.substr(0, length_)) == hash_;
}

void EarlyLine::Tell(uint64_t offset, absl::string_view line, const RuleMatcher& matcher,
                     RuleMatches* matches) {
  if (Begins(offset, line)) {
    TakeTold(matcher, matches);
  } else {
    told_.clear();
  }
  offset_ = offset;
  length_ = line.size();
  hash_ = HashSample(line);
  for (const RuleMatch& match : *matches) told_.insert(KeyOf(matcher, match));
}

void EarlyLine::TakeTold(const RuleMatcher& matcher, RuleMatches* matches) const {
  const auto told = [&](const RuleMatch& match) { return told_.count(KeyOf(matcher, match)) > 0; };
  matches->RemoveIf(told);
}

// A record that clears may complete one that counted: these are told apart.
std::string EarlyLine::KeyOf(const RuleMatcher& matcher, const RuleMatch& match) {
  const Rule& rule = matcher.rule(match.rule);
  return absl::StrCat(match.clear ? "clear " : "match ", rule.ordinal, " ", rule.group, "\n",
                      rule.alert);
}

Json EarlyLine::Save() const {
  return Json{{"offset", offset_}, {"length", length_}, {"hash", hash_}, {"told", told_}};
}

bool EarlyLine::Restore(const Json& state) {
  if (!state.is_object() || !state.contains("told") || !state["told"].is_array()) return false;
  EarlyLine read;
  for (const auto& [key, number] :
       {std::make_pair("offset", &read.offset_), std::make_pair("length", &read.length_),
        std::make_pair("hash", &read.hash_)}) {
    if (!state.contains(key) || !state[key].is_number_unsigned()) return false;
    *number = state[key].get<uint64_t>();
  }
  for (const Json& key : state["told"]) {
    if (!key.is_string()) return false;
    read.told_.insert(key.get<std::string>());
  }
  *this = std::move(read);
  return true;
}

}  // namespace tallybell
