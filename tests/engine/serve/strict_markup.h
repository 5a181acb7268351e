// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_TESTS_ENGINE_SERVE_STRICT_MARKUP_H_
#define TALLYBELL_TESTS_ENGINE_SERVE_STRICT_MARKUP_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tallybell {

// A reader of markup that forgives nothing: every tag is closed, every attribute quoted and named
// once, every id the only one of its kind, and no other entities than XML's five.
struct StrictMarkup {
  struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
  };

  static StrictMarkup Read(absl::string_view markup);

  int Count(absl::string_view name) const;
  bool HasId(absl::string_view id) const;

  std::string fault;  // empty: it is well-formed
  std::vector<Element> elements;
  std::string text;  // between the tags, decoded
};

}  // namespace tallybell

#endif  // TALLYBELL_TESTS_ENGINE_SERVE_STRICT_MARKUP_H_
