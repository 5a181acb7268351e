// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_configuration.h"

#include "absl/strings/str_cat.h"
#include "engine/run/zone_field.h"

namespace tallybell {
namespace {

// Bytes of pushes that wait: at least one body's worth.
constexpr int64_t kLeastQueue = 1 << 20;

}  // namespace

std::string PushSourceConfig::Key() const {
  return absl::StrCat("loki_push ", listener.listen.empty() ? "server" : listener.listen);
}

PushSourceConfig ReadPushSource(ConfigurationFields* fields) {
  PushSourceConfig config;
  config.listener = ReadListen(fields);
  const Labels labels = fields->LabelMap("labels");
  for (const Labels::Pair& pair : labels.pairs()) {
    absl::StatusOr<Template> text = Template::Parse(pair.second);
    if (text.ok()) {
      config.labels.emplace_back(pair.first, *std::move(text));
    } else {
      fields->scope().Within("labels").Error(fields->NodeOf("labels"), text.status());
    }
  }
  config.zone = ReadZone(fields);
  YamlFields& plain = fields->plain();
  config.lateness = plain.Duration("lateness", config.lateness, kDay);
  config.max_future = plain.Duration("max_future", config.max_future, 365 * kDay);
  config.require_tenant = plain.Bool("require_tenant", false);
  const int64_t queue = plain.Size("queue", static_cast<int64_t>(config.queue_bytes));
  if (queue < kLeastQueue) {
    fields->scope().Within("queue").Error(fields->NodeOf("queue"), "expected at least 1MiB");
  } else {
    config.queue_bytes = static_cast<size_t>(queue);
  }
  plain.Finish();
  return config;
}

}  // namespace tallybell
