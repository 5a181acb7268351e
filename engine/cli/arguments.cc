// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/cli/arguments.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "rules/diagnostics.h"

namespace tallybell {
namespace {

absl::Status Unknown(absl::Span<const OptionSpec> specs, absl::string_view name) {
  std::vector<std::string> names;
  for (const OptionSpec& spec : specs) names.emplace_back(spec.name);
  const std::string nearest = NearestWord(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown option --", name,
                   nearest.empty() ? "" : absl::StrCat("; did you mean --", nearest, "?")));
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(absl::Span<const OptionSpec> specs,
                                           const std::vector<std::string>& words) {
  Arguments arguments;
  bool options_end = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (options_end || !absl::StartsWith(word, "-") || word == "-") {
      arguments.operands_.push_back(word);
      continue;
    }
    if (word == "--") {
      options_end = true;
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripPrefix(absl::StripPrefix(word, "-"), "-"),
                       absl::MaxSplits('=', 1));
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& known) {
      return known.name == parts.first;
    });
    if (spec == specs.end() || !absl::StartsWith(word, "--")) return Unknown(specs, parts.first);
    std::vector<std::string>& values = arguments.values_[std::string(spec->name)];
    if (spec->value.empty()) {
      if (absl::StrContains(word, '=')) {
        return absl::InvalidArgumentError(absl::StrCat("--", spec->name, " takes no value"));
      }
      values.emplace_back("true");
    } else if (absl::StrContains(word, '=')) {
      values.emplace_back(parts.second);
    } else if (i + 1 < words.size()) {
      values.push_back(words[++i]);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("--", spec->name, " needs a value: ", spec->value));
    }
  }
  return arguments;
}

std::string Arguments::Get(absl::string_view name, absl::string_view otherwise) const {
  const auto it = values_.find(std::string(name));
  return it == values_.end() ? std::string(otherwise) : it->second.back();
}

std::vector<std::string> Arguments::All(absl::string_view name) const {
  const auto it = values_.find(std::string(name));
  return it == values_.end() ? std::vector<std::string>() : it->second;
}

std::string DescribeOptions(absl::Span<const OptionSpec> specs) {
  std::string text;
  for (const OptionSpec& spec : specs) {
    absl::StrAppendFormat(&text, "  %-26s %s\n",
                          absl::StrCat("--", spec.name, spec.value.empty() ? "" : " ", spec.value),
                          spec.help);
  }
  return text;
}

}  // namespace tallybell
