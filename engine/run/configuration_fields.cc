// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/configuration_fields.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tallybell {

const YamlNode& ConfigurationFields::NodeOf(absl::string_view key) {
  const YamlNode* const value = fields_.Find(key);
  return value == nullptr ? *node_ : *value;
}

std::string ConfigurationFields::Expand(absl::string_view key, const std::string& text) {
  std::string out;
  size_t at = 0;
  while (true) {
    const size_t begin = text.find("${", at);
    const size_t end = begin == std::string::npos ? begin : text.find('}', begin);
    if (end == std::string::npos) return absl::StrCat(out, text.substr(at));
    absl::StrAppend(&out, text.substr(at, begin - at));
    const std::string name = text.substr(begin + 2, end - begin - 2);
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) {
      scope_.Within(key).Error(NodeOf(key),
                               absl::StrCat("there is no environment variable ", name));
    } else {
      absl::StrAppend(&out, value);
    }
    at = end + 1;
  }
}

std::string ConfigurationFields::Absolute(const std::string& path) const {
  if (path.empty() || path[0] == '/' || absl::StartsWith(path, "pack:")) return path;
  return directory_->empty() ? path : absl::StrCat(*directory_, "/", path);
}

std::string ConfigurationFields::Text(absl::string_view key, absl::string_view otherwise) {
  return Expand(key, fields_.String(key, otherwise));
}

std::vector<std::string> ConfigurationFields::Texts(absl::string_view key) {
  std::vector<std::string> texts = fields_.Strings(key);
  for (std::string& text : texts) text = Expand(key, text);
  return texts;
}

std::string ConfigurationFields::Path(absl::string_view key) { return Absolute(Text(key)); }

std::vector<std::string> ConfigurationFields::Paths(absl::string_view key) {
  std::vector<std::string> paths = Texts(key);
  for (std::string& path : paths) path = Absolute(path);
  return paths;
}

std::vector<Url> ConfigurationFields::Urls(absl::string_view key) {
  std::vector<Url> urls;
  for (const std::string& text : Texts(key)) {
    absl::StatusOr<Url> url = ParseUrl(text);
    if (url.ok()) {
      urls.push_back(*std::move(url));
    } else {
      scope_.Within(key).Error(NodeOf(key), url.status().message());
    }
  }
  return urls;
}

Labels ConfigurationFields::LabelMap(absl::string_view key) {
  Labels labels;
  const YamlNode* const node = fields_.Find(key);
  if (node == nullptr) return labels;
  const YamlScope scope = scope_.Within(key);
  ConfigurationFields map(scope, *node, directory_);
  for (const YamlNode::Entry& entry : node->entries) {
    const std::string& name = entry.key->text;
    if (!IsLabelName(name)) {
      scope.Error(*entry.key, absl::StrCat("\"", name, "\" is not a label name"),
                  "letters, digits and _, not beginning with a digit");
    }
    labels.Set(name, map.Text(name));
  }
  return labels;
}

}  // namespace tallybell
