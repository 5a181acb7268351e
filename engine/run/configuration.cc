// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/configuration.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/run/configuration_fields.h"
#include "engine/run/sink_configuration.h"
#include "engine/run/source_configuration.h"
#include "rules/pattern_list.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

std::string DirectoryOf(absl::string_view file) {
  const size_t slash = file.rfind('/');
  return slash == absl::string_view::npos ? "" : std::string(file.substr(0, slash));
}

}  // namespace

Configuration LoadConfiguration(absl::string_view file, absl::string_view text,
                                Diagnostics* diagnostics) {
  Configuration configuration;
  const std::string directory = DirectoryOf(file);
  const YamlDocument document = YamlDocument::Parse(file, text, diagnostics);
  if (!document.ok()) return configuration;
  const YamlScope scope(&document, diagnostics);
  ConfigurationFields fields(scope, document.root(), &directory);
  YamlFields& plain = fields.plain();

  configuration.external_labels = fields.LabelMap("external_labels");
  configuration.rules = fields.Paths("rules");
  configuration.rules_place = scope.PlaceOf(fields.NodeOf("rules"));
  if (configuration.rules.empty()) {
    scope.Error(document.root(), "rules are missing", "rules: [pack:anka-node, rules/*.yaml]");
  }
  if (const YamlNode* const node = plain.Find("redact")) {
    configuration.redact = ReadPatternList(scope.Within("redact"), *node);
  }
  if (const YamlNode* const node = plain.Find("sources")) {
    ReadSources(scope.Within("sources"), *node, &directory, &configuration);
  } else {
    scope.Error(document.root(), "sources are missing", "sources: [{file: {paths: [...]}}]");
  }
  if (const YamlNode* const node = plain.Find("server")) {
    ConfigurationFields server(scope.Within("server"), *node, &directory);
    configuration.server = ReadServer(&server);
  }
  for (const PushSourceConfig& push : configuration.pushes) {
    if (!push.listener.listen.empty() || !configuration.server.listener.listen.empty()) continue;
    scope.Error(document.root(), "nothing listens for loki_push",
                "give it or the server a listen: 127.0.0.1:3500");
  }
  if (const YamlNode* const node = plain.Find("sinks")) {
    for (const YamlNode* const item : node->items) {
      ReadSink(scope.Within("sinks"), *item, &directory, configuration.server.external_url,
               &configuration.sinks);
    }
  }
  if (configuration.sinks.empty()) {
    scope.Error(document.root(), "sinks are missing", "sinks: [{alertmanager: {urls: [...]}}]");
  }
  if (const YamlNode* const node = plain.Find("state")) {
    ConfigurationFields state(scope.Within("state"), *node, &directory);
    configuration.state_path = state.Path("path");
    configuration.state_ballast = state.plain().Size("ballast", configuration.state_ballast);
    configuration.state_allow_network_filesystem =
        state.plain().Bool("allow_network_filesystem", false);
    state.plain().Finish();
  }
  if (configuration.state_path.empty()) {
    scope.Error(document.root(), "the state file is missing",
                "state: {path: /var/lib/tallybell/state.db}");
  }
  if (const YamlNode* const node = plain.Find("outbox")) {
    ConfigurationFields outbox(scope.Within("outbox"), *node, &directory);
    configuration.outbox.max_alert_age =
        outbox.plain().Duration("max_alert_age", configuration.outbox.max_alert_age, 365 * kDay);
    configuration.outbox.max_rows =
        outbox.plain().Integer("max_rows", configuration.outbox.max_rows, 10, 10'000'000);
    outbox.plain().Finish();
  }
  plain.Finish();
  return configuration;
}

RuleSet LoadConfiguredRules(const Configuration& configuration, Diagnostics* diagnostics) {
  RuleSet rules = LoadRules(configuration.rules, diagnostics);
  // Whoever watches nothing must not think that all is well.
  if (rules.rules.empty() && !configuration.rules.empty() && !diagnostics->HasErrors()) {
    diagnostics->Add({Diagnostic::Kind::kError, configuration.rules_place, "rules",
                      absl::StrCat("there is no rule in ", absl::StrJoin(configuration.rules, " ")),
                      ""});
  }
  return rules;
}

}  // namespace tallybell
