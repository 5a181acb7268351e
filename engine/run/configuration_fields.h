// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CONFIGURATION_FIELDS_H_
#define TALLYBELL_ENGINE_RUN_CONFIGURATION_FIELDS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/model/labels.h"
#include "engine/net/url.h"
#include "rules/yaml_fields.h"

namespace tallybell {

// The entries of one map of the configuration, with what its texts have that rule files do not:
// ${NAME} takes from the environment, paths are relative to the file, URLs are checked.
class ConfigurationFields {
 public:
  // `directory`: that of the configuration file; must outlive it.
  ConfigurationFields(const YamlScope& scope, const YamlNode& node, const std::string* directory)
      : scope_(scope), node_(&node), fields_(scope, node), directory_(directory) {}

  std::string Text(absl::string_view key, absl::string_view otherwise = "");
  std::vector<std::string> Texts(absl::string_view key);
  // A path; empty where the key is absent.
  std::string Path(absl::string_view key);
  std::vector<std::string> Paths(absl::string_view key);
  // The URLs of `key`, one or a list; those that are wrong are reported and left out.
  std::vector<Url> Urls(absl::string_view key);
  Labels LabelMap(absl::string_view key);

  YamlFields& plain() { return fields_; }
  const YamlNode& node() const { return *node_; }
  const YamlScope& scope() const { return scope_; }
  const std::string* directory() const { return directory_; }

  // Where `key`'s value is, for an error about it; the map where there is none.
  const YamlNode& NodeOf(absl::string_view key);

 private:
  std::string Expand(absl::string_view key, const std::string& text);
  std::string Absolute(const std::string& path) const;

  const YamlScope scope_;
  const YamlNode* const node_;
  YamlFields fields_;
  const std::string* const directory_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CONFIGURATION_FIELDS_H_
