// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Reading a YAML tree with a diagnostic for everything that is wrong in it.
//
//   YamlScope scope(&document, &diagnostics);
//   YamlFields fields(scope, document.root());
//   const DurationNs lateness = fields.Duration("lateness", 45 * kSecond);
//   const std::string path = fields.String("path", "");
//   fields.Finish();  // keys that nobody asked for
#ifndef TALLYBELL_RULES_YAML_FIELDS_H_
#define TALLYBELL_RULES_YAML_FIELDS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"
#include "rules/diagnostics.h"
#include "rules/yaml_document.h"

namespace tallybell {

// Where one is in a document: the chain of names from the outside in. A small value; the document
// and the diagnostics outlive it.
class YamlScope {
 public:
  YamlScope(const YamlDocument* document, Diagnostics* diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  // This scope and one step more: "alert Foo".
  YamlScope Within(absl::string_view step) const;
  // This scope, with what is wrong told to others.
  YamlScope Telling(Diagnostics* diagnostics) const;

  void Error(const YamlNode& node, absl::string_view message, absl::string_view advice = "") const;
  void Warning(const YamlNode& node, absl::string_view message,
               absl::string_view advice = "") const;
  // A fault inside the value of `scalar`, at the byte that the status knows (rules/text_fault.h).
  void Error(const YamlNode& scalar, const absl::Status& fault) const;

  Place PlaceOf(const YamlNode& node) const { return document_->PlaceOf(node); }
  // Whether nobody will read what is reported from now on, so that advice is not worth its price.
  bool full() const { return diagnostics_->full(); }

 private:
  const YamlDocument* document_;
  Diagnostics* diagnostics_;
  std::string chain_;
};

// The entries of one map by their keys. A getter whose key is absent returns its default; one
// whose value does not read as asked reports that and returns the default too.
class YamlFields {
 public:
  // A `node` that is not a map is an error (a null node: no error) and reads as an empty map.
  YamlFields(YamlScope scope, const YamlNode& node);

  // Null if the key is absent or has no value.
  const YamlNode* Find(absl::string_view key);

  std::string String(absl::string_view key, absl::string_view otherwise);
  bool Bool(absl::string_view key, bool otherwise);
  int64_t Integer(absl::string_view key, int64_t otherwise, int64_t least, int64_t most);
  // At most `most`; never negative.
  DurationNs Duration(absl::string_view key, DurationNs otherwise, DurationNs most = kNever);
  // Bytes, written as 4096, 64KiB or 1.5GB.
  int64_t Size(absl::string_view key, int64_t otherwise);
  // One text, or a list of texts.
  std::vector<std::string> Strings(absl::string_view key);

  // Reports every key that nobody asked for, with the nearest of those that were.
  void Finish() const;

 private:
  // The scalar of `key`, or null; a value that is a list or a map is reported.
  const YamlNode* FindScalar(absl::string_view key);

  YamlScope scope_;
  const YamlNode* node_;
  std::set<std::string> asked_;
};

// "a text", "a list", "a map" or "nothing".
absl::string_view YamlKindName(YamlNode::Kind kind);

}  // namespace tallybell

#endif  // TALLYBELL_RULES_YAML_FIELDS_H_
