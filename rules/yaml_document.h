// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// A YAML text as a tree that knows where each of its nodes was written.
#ifndef TALLYBELL_RULES_YAML_DOCUMENT_H_
#define TALLYBELL_RULES_YAML_DOCUMENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/diagnostics.h"

namespace tallybell {

// One node. Immutable, owned by its document; a node behind an alias has one address and several
// parents, never itself among its children.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };
  struct Entry {
    const YamlNode* key;  // a scalar
    const YamlNode* value;
  };

  Kind kind = Kind::kNull;
  int line = 0;                        // from 1
  int column = 0;                      // from 1, in characters
  std::string text;                    // of a scalar: its value, without quotes and escapes
  bool plain = true;                   // of a scalar: written without quotes
  std::vector<const YamlNode*> items;  // of a sequence
  std::vector<Entry> entries;          // of a map, in the order of the file; keys differ
};

// What a file may hold at most; more is an error.
inline constexpr size_t kMaxYamlBytes = size_t{4} << 20;
inline constexpr size_t kMaxYamlNodes = 100'000;  // an alias counts as all that it stands for
inline constexpr int kMaxYamlDepth = 50;
inline constexpr size_t kMaxYamlLineBytes = size_t{64} << 10;
inline constexpr size_t kMaxYamlFlowMarks = 150'000;  // [ ] { } and commas, in texts too

// Immutable and thread-safe once parsed. Costs of hostile texts are bounded by the limits above.
class YamlDocument {
 public:
  // Never throws. Whatever is wrong is in `*diagnostics` under the name `file`; after a fault that
  // leaves no tree, root() is a null node.
  static YamlDocument Parse(absl::string_view file, absl::string_view text,
                            Diagnostics* diagnostics);

  const std::string& file() const { return file_; }
  const YamlNode& root() const { return *root_; }
  // Whether a tree was read; if not, an error says why.
  bool ok() const { return ok_; }

  Place PlaceOf(const YamlNode& node) const;

  // The place of byte `offset` of a scalar's value, through quotes, escapes and folded lines; the
  // scalar's beginning where that cannot be said.
  Place PlaceInside(const YamlNode& scalar, size_t offset) const;

 private:
  friend class YamlTreeBuilder;

  std::string file_;
  std::string text_;
  std::vector<size_t> line_begins_;  // bytes of text_
  std::vector<std::unique_ptr<YamlNode>> nodes_;
  const YamlNode* root_ = nullptr;
  bool ok_ = false;
};

}  // namespace tallybell

#endif  // TALLYBELL_RULES_YAML_DOCUMENT_H_
