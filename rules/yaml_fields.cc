// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/yaml_fields.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rules/quantity.h"
#include "rules/text_fault.h"

namespace tallybell {

absl::string_view YamlKindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a text";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

YamlScope YamlScope::Within(absl::string_view step) const {
  YamlScope inner = *this;
  absl::StrAppend(&inner.chain_, chain_.empty() ? "" : " > ", step);
  return inner;
}

YamlScope YamlScope::Telling(Diagnostics* diagnostics) const {
  YamlScope other = *this;
  other.diagnostics_ = diagnostics;
  return other;
}

void YamlScope::Error(const YamlNode& node, absl::string_view message,
                      absl::string_view advice) const {
  diagnostics_->Add({Diagnostic::Kind::kError, document_->PlaceOf(node), chain_,
                     std::string(message), std::string(advice)});
}

void YamlScope::Warning(const YamlNode& node, absl::string_view message,
                        absl::string_view advice) const {
  diagnostics_->Add({Diagnostic::Kind::kWarning, document_->PlaceOf(node), chain_,
                     std::string(message), std::string(advice)});
}

void YamlScope::Error(const YamlNode& scalar, const absl::Status& fault) const {
  // The walk to the byte is worth it only for a place that somebody reads.
  const Place place = diagnostics_->full() ? document_->PlaceOf(scalar)
                                           : document_->PlaceInside(scalar, TextFaultOffset(fault));
  diagnostics_->Add({Diagnostic::Kind::kError, place, chain_, std::string(fault.message()),
                     TextFaultAdvice(fault)});
}

YamlFields::YamlFields(YamlScope scope, const YamlNode& node)
    : scope_(std::move(scope)), node_(&node) {
  if (node.kind == YamlNode::Kind::kSequence || node.kind == YamlNode::Kind::kScalar) {
    scope_.Error(node, absl::StrCat("expected a map, found ", YamlKindName(node.kind)));
  }
}

const YamlNode* YamlFields::Find(absl::string_view key) {
  asked_.emplace(key);
  for (const YamlNode::Entry& entry : node_->entries) {
    if (entry.key->text == key) {
      return entry.value->kind == YamlNode::Kind::kNull ? nullptr : entry.value;
    }
  }
  return nullptr;
}

const YamlNode* YamlFields::FindScalar(absl::string_view key) {
  const YamlNode* const node = Find(key);
  if (node == nullptr || node->kind == YamlNode::Kind::kScalar) return node;
  scope_.Within(key).Error(*node,
                           absl::StrCat("expected a text, found ", YamlKindName(node->kind)));
  return nullptr;
}

std::string YamlFields::String(absl::string_view key, absl::string_view otherwise) {
  const YamlNode* const node = FindScalar(key);
  return node == nullptr ? std::string(otherwise) : node->text;
}

bool YamlFields::Bool(absl::string_view key, bool otherwise) {
  const YamlNode* const node = FindScalar(key);
  if (node == nullptr) return otherwise;
  if (node->text == "true") return true;
  if (node->text == "false") return false;
  scope_.Within(key).Error(*node, absl::StrCat("\"", node->text, "\" is not true or false"));
  return otherwise;
}

int64_t YamlFields::Integer(absl::string_view key, int64_t otherwise, int64_t least, int64_t most) {
  const YamlNode* const node = FindScalar(key);
  if (node == nullptr) return otherwise;
  int64_t value;
  if (absl::SimpleAtoi(node->text, &value) && value >= least && value <= most) return value;
  scope_.Within(key).Error(
      *node, absl::StrCat("\"", node->text, "\" is not a whole number from ", least, " to ", most));
  return otherwise;
}

DurationNs YamlFields::Duration(absl::string_view key, DurationNs otherwise, DurationNs most) {
  const YamlNode* const node = FindScalar(key);
  if (node == nullptr) return otherwise;
  const absl::StatusOr<DurationNs> value = ParseDuration(node->text);
  if (!value.ok()) {
    scope_.Within(key).Error(*node, value.status());
    return otherwise;
  }
  if (*value <= most) return *value;
  scope_.Within(key).Error(
      *node, absl::StrCat("\"", node->text, "\" is longer than ", FormatDuration(most)));
  return otherwise;
}

int64_t YamlFields::Size(absl::string_view key, int64_t otherwise) {
  const YamlNode* const node = FindScalar(key);
  if (node == nullptr) return otherwise;
  constexpr double kMost = 9.0e18;
  const Quantity quantity = ParseQuantity(node->text);
  if (quantity.bytes && *quantity.bytes < kMost) return static_cast<int64_t>(*quantity.bytes);
  scope_.Within(key).Error(*node, absl::StrCat("\"", node->text, "\" is not a size"),
                           "write it as 4096, 64KiB or 1.5GB");
  return otherwise;
}

std::vector<std::string> YamlFields::Strings(absl::string_view key) {
  const YamlNode* const node = Find(key);
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::kScalar) return {node->text};
  if (node->kind == YamlNode::Kind::kMap) {
    scope_.Within(key).Error(*node, "expected a text or a list of texts, found a map");
    return {};
  }
  std::vector<std::string> texts;
  for (const YamlNode* item : node->items) {
    if (item->kind == YamlNode::Kind::kScalar) {
      texts.push_back(item->text);
    } else {
      scope_.Within(key).Error(*item,
                               absl::StrCat("expected a text, found ", YamlKindName(item->kind)));
    }
  }
  return texts;
}

void YamlFields::Finish() const {
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const YamlNode::Entry& entry : node_->entries) {
    if (asked_.count(entry.key->text) > 0) continue;
    const std::string nearest = scope_.full() ? "" : NearestWord(entry.key->text, known);
    scope_.Error(*entry.key, absl::StrCat("unknown key \"", entry.key->text, "\""),
                 entry.key->text == "<<" ? "maps are not merged here; an alias of a value works"
                 : nearest.empty()       ? ""
                                         : absl::StrCat("did you mean \"", nearest, "\"?"));
  }
}

}  // namespace tallybell
