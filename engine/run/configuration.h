// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_CONFIGURATION_H_
#define TALLYBELL_ENGINE_RUN_CONFIGURATION_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/time_ns.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/model/labels.h"
#include "engine/outbox/outbox.h"
#include "engine/run/loki_configuration.h"
#include "engine/run/push_configuration.h"
#include "engine/run/server_configuration.h"
#include "rules/diagnostics.h"
#include "rules/pattern.h"
#include "rules/rule.h"
#include "rules/selector.h"
#include "sinks/alerta.h"
#include "sinks/alertmanager.h"
#include "sinks/webhook.h"

namespace tallybell {

// What all sources that bring lines as they were written have: docs/configuration.md, "sources".
struct LineSourceConfig {
  Labels labels;
  std::string format = "auto";
  std::optional<absl::TimeZone> zone;
  DurationNs lateness = 45 * kSecond;
  DurationNs max_future = kMinute;
  MultilineJoiner::Options multiline;
};

// What is written into our standard input.
struct StdinSourceConfig : LineSourceConfig {
  // What tells it from the other sources.
  std::string Key() const { return "stdin"; }
};

// Files to follow: docs/configuration.md, "sources". What the kinds have in common is one value,
// because they differ only in where the files are and what their streams are called.
struct FileSourceConfig : LineSourceConfig {
  enum class Kind { kFile, kDocker, kKubernetes };
  Kind kind = Kind::kFile;
  std::vector<std::string> paths;  // kFile: paths and globs
  // Of the other kinds: the directory, wildcards for names of containers, and a selector for all
  // that is known of them.
  std::string root;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  Selector keep;
  DurationNs stall_after = kMinute;
  DurationNs partial_flush = 5 * kSecond;  // 0: a last line waits for its newline
  bool start_at_end = false;
  std::optional<Pattern> labels_from_path;

  // What tells it from the other sources over a restart.
  std::string Key() const;
};

struct StdoutSinkConfig {};

using SinkConfig = std::variant<AlertmanagerSink::Options, AlertaSink::Options,
                                WebhookSink::Options, StdoutSinkConfig>;

// What `tallybell run` was told to do. A plain value; the rules that it names are loaded apart.
struct Configuration {
  Labels external_labels;
  std::vector<FileSourceConfig> files;
  std::vector<PushSourceConfig> pushes;
  std::vector<LokiSourceConfig> lokis;
  std::optional<StdinSourceConfig> standard_input;
  std::vector<std::string> rules;
  Place rules_place;
  std::vector<Pattern> redact;
  std::vector<SinkConfig> sinks;
  std::string state_path;
  int64_t state_ballast = int64_t{4} << 20;  // bytes; 0: none
  bool state_allow_network_filesystem = false;
  ServerConfig server;
  Outbox::Options outbox;
};

// Reads a configuration. Every fault goes into `*diagnostics`; the result is whole only if that
// has no errors. Paths that are not absolute are taken from the directory of `file`.
Configuration LoadConfiguration(absl::string_view file, absl::string_view text,
                                Diagnostics* diagnostics);

// Loads the rules that `configuration` names. That there is none at all is a fault too.
RuleSet LoadConfiguredRules(const Configuration& configuration, Diagnostics* diagnostics);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_CONFIGURATION_H_
