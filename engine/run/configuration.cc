// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/configuration.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/run/configuration_fields.h"
#include "engine/run/sink_configuration.h"
#include "engine/run/source_format.h"
#include "rules/pattern_list.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

std::string DirectoryOf(absl::string_view file) {
  const size_t slash = file.rfind('/');
  return slash == absl::string_view::npos ? "" : std::string(file.substr(0, slash));
}

std::optional<absl::TimeZone> ReadZone(ConfigurationFields* fields) {
  const std::string name = fields->Text("timezone");
  if (name.empty()) return std::nullopt;
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  fields->scope()
      .Within("timezone")
      .Error(fields->NodeOf("timezone"), absl::StrCat("there is no time zone \"", name, "\""),
             "names are those of the IANA database, like Europe/Berlin or UTC");
  return std::nullopt;
}

// A regex as it is written, because paths are full of the slashes that patterns stand between.
std::optional<Pattern> ReadPathPattern(ConfigurationFields* fields) {
  const std::string regex = fields->plain().String("labels_from_path", "");
  if (regex.empty()) return std::nullopt;
  const YamlScope scope = fields->scope().Within("labels_from_path");
  absl::StatusOr<Pattern> pattern = Pattern::Regex(regex, /*ignore_case=*/false);
  if (!pattern.ok()) {
    scope.Error(fields->NodeOf("labels_from_path"), pattern.status());
    return std::nullopt;
  }
  if (pattern->capture_names().empty()) {
    scope.Error(fields->NodeOf("labels_from_path"), "there is no named group in it",
                "write it like '/logs/(?P<host>[^/]+)/'");
  }
  return *std::move(pattern);
}

FileSourceConfig ReadFileSource(ConfigurationFields* fields) {
  FileSourceConfig file;
  file.paths = fields->Paths("paths");
  if (file.paths.empty()) fields->scope().Error(fields->node(), "paths are missing");
  file.labels = fields->LabelMap("labels");
  file.format = fields->Text("format", "auto");
  if (!IsFormatName(file.format)) {
    fields->scope().Within("format").Error(fields->NodeOf("format"),
                                           absl::StrCat("\"", file.format, "\" is not a format"),
                                           absl::StrCat("one of ", FormatNames()));
    file.format = "auto";
  }
  file.zone = ReadZone(fields);
  YamlFields& plain = fields->plain();
  file.lateness = plain.Duration("lateness", file.lateness, kDay);
  file.max_future = plain.Duration("max_future", file.max_future, 365 * kDay);
  file.stall_after = plain.Duration("stall_after", file.stall_after, kDay);
  const std::string start_at = fields->Text("start_at", "beginning");
  if (start_at != "beginning" && start_at != "end") {
    fields->scope()
        .Within("start_at")
        .Error(fields->NodeOf("start_at"), "expected beginning or end");
  }
  file.start_at_end = start_at == "end";
  file.labels_from_path = ReadPathPattern(fields);
  plain.Finish();
  return file;
}

void ReadSources(const YamlScope& scope, const YamlNode& node, const std::string* directory,
                 Configuration* configuration) {
  if (node.kind != YamlNode::Kind::kSequence) {
    scope.Error(node, "expected a list of sources", "- file: {paths: [...]}");
    return;
  }
  for (const YamlNode* const item : node.items) {
    YamlFields kinds(scope, *item);
    if (const YamlNode* const file = kinds.Find("file")) {
      ConfigurationFields fields(scope.Within("file"), *file, directory);
      FileSourceConfig source = ReadFileSource(&fields);
      const bool twice = std::any_of(
          configuration->files.begin(), configuration->files.end(),
          [&source](const FileSourceConfig& other) { return other.Key() == source.Key(); });
      if (twice && !source.paths.empty()) {
        fields.scope().Error(*file, absl::StrCat("there is a source of these paths already: ",
                                                 absl::StrJoin(source.paths, " ")));
      }
      configuration->files.push_back(std::move(source));
    } else {
      scope.Error(*item, "expected a kind of source", "file");
    }
    kinds.Finish();
  }
}

}  // namespace

std::string FileSourceConfig::Key() const {
  return absl::StrCat("file ", absl::StrJoin(paths, " "));
}

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
  std::string external_url;
  if (const YamlNode* const node = plain.Find("server")) {
    ConfigurationFields server(scope.Within("server"), *node, &directory);
    const std::vector<Url> urls = server.Urls("external_url");
    if (!urls.empty()) external_url = urls[0].ToString();
    server.plain().Finish();
  }
  if (const YamlNode* const node = plain.Find("sinks")) {
    for (const YamlNode* const item : node->items) {
      ReadSink(scope.Within("sinks"), *item, &directory, external_url, &configuration.sinks);
    }
  }
  if (configuration.sinks.empty()) {
    scope.Error(document.root(), "sinks are missing", "sinks: [{alertmanager: {urls: [...]}}]");
  }
  if (const YamlNode* const node = plain.Find("state")) {
    ConfigurationFields state(scope.Within("state"), *node, &directory);
    configuration.state_path = state.Path("path");
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
