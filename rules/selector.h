// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_SELECTOR_H_
#define TALLYBELL_RULES_SELECTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/model/labels.h"

namespace re2 {
class RE2;
}

namespace tallybell {

// A stream selector as Prometheus and LogQL write it: {job="anka", host=~"mac.*"}. Regexes are
// anchored; a name that a stream does not have is the empty string. Immutable, thread-safe.
class Selector {
 public:
  enum class Op { kEqual, kNotEqual, kMatch, kNotMatch };
  struct Matcher {
    std::string name;
    Op op;
    std::string value;
    std::shared_ptr<const re2::RE2> regex;  // for kMatch and kNotMatch
  };

  // Selects every stream.
  Selector() = default;

  // InvalidArgument with what is wrong and at which byte of `text`.
  static absl::StatusOr<Selector> Parse(absl::string_view text);

  bool Matches(const Labels& stream) const;

  const std::vector<Matcher>& matchers() const { return matchers_; }

 private:
  std::vector<Matcher> matchers_;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_SELECTOR_H_
