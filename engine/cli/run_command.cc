// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/unique_fd.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/run/live_engine.h"
#include "engine/run/sink_configuration.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "what to follow, which rules, whom to tell (docs/configuration.md)"},
    {"help", "", "this"},
};

struct Loaded {
  Configuration configuration;
  RuleSet rules;
};

// The configuration and its rules; what is wrong with them is said on stderr.
std::optional<Loaded> Load(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) {
    fprintf(stderr, "%s: error: %s\n", file.c_str(), std::string(text.status().message()).c_str());
    return std::nullopt;
  }
  Diagnostics diagnostics;
  Loaded loaded;
  loaded.configuration = LoadConfiguration(file, *text, &diagnostics);
  loaded.rules = LoadConfiguredRules(loaded.configuration, &diagnostics);
  fputs(diagnostics.ToString().c_str(), stderr);
  if (diagnostics.HasErrors()) return std::nullopt;
  return loaded;
}

// SIGTERM, SIGINT and SIGHUP as something to read; blocked for every thread that starts later.
UniqueFd CatchSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
}

// Which signals came; a storm of one is one.
struct Caught {
  bool stop = false;
  bool reload = false;
};

Caught TakeSignals(const UniqueFd& fd) {
  Caught caught;
  signalfd_siginfo info;
  while (read(fd.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_signo == SIGHUP) {
      caught.reload = true;
    } else {
      caught.stop = true;
    }
  }
  return caught;
}

// Sleeps until a watched file changes, a signal comes or something is due.
void Wait(const LiveEngine& engine, const UniqueFd& signals) {
  std::vector<pollfd> fds = {{signals.get(), POLLIN, 0}};
  for (const int fd : engine.watch_fds()) fds.push_back({fd, POLLIN, 0});
  const DurationNs patience = engine.patience();
  const timespec timeout = {static_cast<time_t>(patience / kSecond),
                            static_cast<long>(patience % kSecond)};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
}

void Reload(const std::string& file, LiveEngine* engine, Metrics* metrics) {
  std::optional<Loaded> loaded = Load(file);
  metrics->Get("config_last_reload_successful").Set(loaded.has_value() ? 1 : 0);
  if (!loaded.has_value()) {
    LogError("reload failed; the old rules stay in force", {{"config", file}});
    return;
  }
  const size_t rules = loaded->rules.rules.size();
  engine->Reload(std::move(loaded->rules), std::move(loaded->configuration.redact),
                 loaded->configuration.external_labels);
  LogInfo("reloaded; sources, sinks and state stay as they were at the start",
          {{"config", file}, {"rules", absl::StrCat(rules)}});
}

int Run(const std::string& file, Loaded loaded) {
  // Before anything that starts a thread: a thread that does not block them would end the process.
  const UniqueFd signals = CatchSignals();
  absl::StatusOr<std::vector<std::unique_ptr<Sink>>> sinks = MakeSinks(loaded.configuration.sinks);
  if (!sinks.ok()) {
    for (const absl::string_view fault : absl::StrSplit(sinks.status().message(), '\n')) {
      fprintf(stderr, "%s: error: sinks: %s\n", file.c_str(), std::string(fault).c_str());
    }
    return kExitUsage;
  }
  Store::Options store_options;
  store_options.path = loaded.configuration.state_path;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(store_options);
  if (!store.ok()) {
    fprintf(stderr, "tallybell run: state %s: %s\n", store_options.path.c_str(),
            std::string(store.status().message()).c_str());
    return kExitTrouble;
  }
  const SystemClock clock;
  Metrics metrics;
  const size_t rules = loaded.rules.rules.size();
  LiveEngine engine(std::move(loaded.configuration), std::move(loaded.rules), *std::move(sinks),
                    *std::move(store), &clock, &metrics);
  if (const absl::Status status = engine.Start(); !status.ok()) {
    fprintf(stderr, "tallybell run: %s\n", std::string(status.message()).c_str());
    return kExitTrouble;
  }
  LogInfo("started", {{"version", TALLYBELL_VERSION}, {"rules", absl::StrCat(rules)}});
  bool reload = false;
  while (true) {
    const Caught caught = TakeSignals(signals);
    if (caught.stop) break;
    reload = reload || caught.reload;
    if (reload && engine.Ready()) {
      reload = false;
      Reload(file, &engine, &metrics);
    }
    if (!engine.Step()) Wait(engine, signals);
  }
  LogInfo("stopping");
  engine.Stop();
  LogInfo("stopped");
  return kExitFine;
}

}  // namespace

int RunCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (arguments.ok() && arguments->Has("help")) {
    printf(
        "tallybell run --config FILE\n\n"
        "Follows logs and tells the receivers. SIGHUP reloads the rules, SIGTERM stops.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  std::string wrong;
  if (!arguments.ok()) wrong = std::string(arguments.status().message());
  if (arguments.ok() && !arguments->Has("config")) wrong = "--config FILE is missing";
  if (wrong.empty() && !arguments->operands().empty()) wrong = "unexpected operand";
  if (!wrong.empty()) {
    fprintf(stderr, "tallybell run: %s\n", wrong.c_str());
    return kExitUsage;
  }
  const std::string file = arguments->Get("config");
  std::optional<Loaded> loaded = Load(file);
  return loaded.has_value() ? Run(file, *std::move(loaded)) : kExitUsage;
}

}  // namespace tallybell
