// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_RULES_TEMPLATE_H_
#define TALLYBELL_RULES_TEMPLATE_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/model/labels.h"

namespace tallybell {

// What a template may show.
struct TemplateInput {
  const Labels* labels = nullptr;                   // $labels
  int64_t value = 0;                                // $value
  bool exact = true;                                // false: $value ends in "+"
  const std::vector<std::string>* lines = nullptr;  // $lines, oldest first
};

// A text with {{ actions }}, as Prometheus's rule files have them (docs/rules.md, "Templates").
// What an action yields is never looked at again for actions. Immutable and thread-safe.
class Template {
 public:
  // InvalidArgument with what is wrong and at which byte of `text`.
  static absl::StatusOr<Template> Parse(absl::string_view text);

  // Never fails: a label that is not there is the empty string. The result is at most 64 KiB.
  std::string Render(const TemplateInput& input) const;

  // As it was written.
  const std::string& text() const { return text_; }
  bool uses_value() const { return uses_value_; }
  bool uses_lines() const { return uses_lines_; }
  // Names behind $labels. and .Labels.
  const std::set<std::string>& label_names() const { return label_names_; }

  // In rules/template_tree.h; for this room alone.
  struct Node;

 private:
  friend class TemplateParser;

  std::string text_;
  std::shared_ptr<const Node> root_;
  bool uses_value_ = false;
  bool uses_lines_ = false;
  std::set<std::string> label_names_;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_TEMPLATE_H_
