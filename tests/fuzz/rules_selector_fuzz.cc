// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The first line as a stream selector, a condition and quantities, the others as name=value labels:
// each matcher of a selector does what its operator says, and order is an order.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/utf8.h"
#include "rules/condition.h"
#include "rules/pattern.h"
#include "rules/quantity.h"
#include "rules/quoted_text.h"
#include "rules/selector.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Labels;
using tallybell::Require;
using tallybell::Selector;

bool SlowMatch(const Selector::Matcher& matcher, absl::string_view value) {
  if (matcher.op == Selector::Op::kEqual) return value == matcher.value;
  if (matcher.op == Selector::Op::kNotEqual) return value != matcher.value;
  const auto whole =
      tallybell::Pattern::Regex(absl::StrCat("(?s)\\A(?:", matcher.value, ")\\z"), false);
  const bool found = whole.ok() && whole->Find(value, nullptr);
  return found == (matcher.op == Selector::Op::kMatch);
}

void CheckSelector(absl::string_view text, const Labels& stream) {
  const absl::StatusOr<Selector> selector = Selector::Parse(text);
  if (!selector.ok()) {
    Require(absl::IsInvalidArgument(selector.status()));
    return;
  }
  bool all = true;
  for (const Selector::Matcher& matcher : selector->matchers()) {
    Require(tallybell::IsLabelName(matcher.name));
    all = all && SlowMatch(matcher, stream.Get(matcher.name));
  }
  Require(selector->Matches(stream) == all);
}

void CheckQuantities(const std::vector<absl::string_view>& texts) {
  for (const absl::string_view a : texts) {
    for (const absl::string_view b : texts) {
      const auto there =
          tallybell::CompareQuantities(tallybell::ParseQuantity(a), tallybell::ParseQuantity(b));
      const auto back =
          tallybell::CompareQuantities(tallybell::ParseQuantity(b), tallybell::ParseQuantity(a));
      Require(there.has_value() == back.has_value());
      if (there.has_value()) Require((*there < 0) == (*back > 0) && (*there == 0) == (*back == 0));
      if (a == b && !tallybell::ParseQuantity(a).empty()) Require(there == 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  const absl::string_view text = input.Line();
  Labels stream;
  std::vector<absl::string_view> values;
  while (!input.empty() && values.size() < 10) {
    tallybell::FuzzInput line(input.Line());
    const absl::string_view name = line.Part('=');
    // Patterns are promised valid UTF-8.
    if (tallybell::ValidUtf8Prefix(line.rest()) == line.rest().size()) {
      stream.Set(name, line.rest());
    }
    values.push_back(line.rest());
  }
  CheckSelector(text, stream);
  CheckQuantities(values);
  const absl::StatusOr<tallybell::Condition> condition = tallybell::ParseCondition(text);
  if (condition.ok()) {
    Require(condition->threshold >= 0 && condition->threshold <= tallybell::kMaxThreshold);
    Require(condition->window > 0 && condition->window <= tallybell::kMaxWindow);
    // Neither always nor never true.
    bool ever = false, always = true;
    for (int64_t count = 0; count <= condition->threshold + 1; ++count) {
      const bool holds = tallybell::Compare(count, condition->op, condition->threshold);
      ever = ever || holds;
      always = always && holds;
    }
    Require(ever && !always);
  }
  const std::string quoted = tallybell::Quote(text);
  size_t pos = 0;
  const absl::StatusOr<std::string> unquoted = tallybell::TakeQuoted(quoted, &pos);
  Require(unquoted.ok() && *unquoted == text && pos == quoted.size());
  return 0;
}
