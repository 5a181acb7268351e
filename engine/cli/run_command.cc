// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/base/crash_point.h"
#include "engine/base/log.h"
#include "engine/base/metrics.h"
#include "engine/base/status_macros.h"
#include "engine/base/unique_fd.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/run_doors.h"
#include "engine/cli/run_state.h"
#include "engine/cli/service_notifier.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/run/live_engine.h"
#include "engine/run/sink_configuration.h"
#include "engine/serve/configuration_text.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "what to follow, which rules, whom to tell (docs/configuration.md)"},
    {"help", "", "this"},
};

struct Loaded {
  Configuration configuration;
  RuleSet rules;
  std::string shown;  // the configuration's text without secrets
};

// The configuration and its rules. InvalidArgument with every fault, a line each; warnings go to
// stderr.
absl::StatusOr<Loaded> Load(const std::string& file) {
  const absl::StatusOr<std::string> text = ReadConfigurationFile(file);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": error: ", text.status().message(), "\n"));
  }
  Diagnostics diagnostics;
  Loaded loaded;
  loaded.configuration = LoadConfiguration(file, *text, &diagnostics);
  loaded.rules = LoadConfiguredRules(loaded.configuration, &diagnostics);
  loaded.shown = WithoutSecrets(*text);
  if (diagnostics.HasErrors()) return absl::InvalidArgumentError(diagnostics.ToString());
  fputs(diagnostics.ToString().c_str(), stderr);
  return loaded;
}

// What it holds in memory (passwords, lines of logs) is nobody's but its own, on disk either: no
// core, no debugger of another process of this user, no file that others can read.
void Harden() {
  umask(077);
  const rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
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

// A storm of SIGHUP must not keep it from reading: so long passes between two reloads by signal.
constexpr DurationNs kReloadEvery = 200 * kMillisecond;

// Sleeps until a watched file changes, a signal comes or something is due, for at most `most`.
void Wait(const LiveEngine& engine, const UniqueFd& signals, DurationNs most) {
  std::vector<pollfd> fds = {{signals.get(), POLLIN, 0}};
  const LiveEngine::Wakeups wakeups = engine.NextWakeups();
  for (const int fd : wakeups.fds) fds.push_back({fd, POLLIN, 0});
  const DurationNs patience = std::clamp<DurationNs>(wakeups.patience, 0, most);
  const timespec timeout = {static_cast<time_t>(patience / kSecond),
                            static_cast<long>(patience % kSecond)};
  ppoll(fds.data(), fds.size(), &timeout, nullptr);
}

// `tallybell run` once its configuration is read: the engine, what it listens on, and what is in
// force.
class Running {
 public:
  Running(std::string file, Loaded loaded, std::vector<std::unique_ptr<Sink>> sinks,
          std::unique_ptr<Store> store, ServiceNotifier* notifier)
      : file_(std::move(file)),
        server_(loaded.configuration.server),
        notifier_(notifier),
        shown_(std::move(loaded.shown)),
        rules_(loaded.rules.rules.size()),
        engine_(std::move(loaded.configuration), std::move(loaded.rules), std::move(sinks),
                std::move(store), &clock_, &metrics_) {
    engine_.UseMailbox(&mailbox_);
  }

  absl::Status Start() {
    RETURN_IF_ERROR(engine_.Start());
    const absl::Status opened = OpenDoors();
    if (!opened.ok()) {
      Stop();
      return opened;
    }
    metrics_.Get("build_info", {{"version", TALLYBELL_VERSION}}).Set(1);
    metrics_.Get("process_start_time_seconds").Set(clock_.Now());
    NoteReload(true);
    notifier_->Ready();
    LogInfo("started", {{"version", TALLYBELL_VERSION}, {"rules", absl::StrCat(rules_)}});
    return absl::OkStatus();
  }

  // Until a signal ends it, or the end of all that is followed, or the state file is lost.
  void Run(const UniqueFd& signals) {
    bool reload = false;
    TimeNs next_reload = 0;  // monotonic
    while (true) {
      const Caught caught = TakeSignals(signals);
      if (caught.stop || engine_.StateLost()) return;
      reload = reload || caught.reload;
      const TimeNs now = clock_.Monotonic();
      if (reload && now >= next_reload && engine_.Ready()) {
        reload = false;
        next_reload = AddNs(now, kReloadEvery);
        Reload().IgnoreError();
      }
      notifier_->Alive(clock_.Monotonic());
      const bool more = engine_.Step();
      if (engine_.Ended()) return;
      if (more) continue;
      Wait(engine_, signals,
           std::min<DurationNs>(notifier_->patience(), reload ? kReloadEvery : kNever));
    }
  }

  bool StateLost() const { return engine_.StateLost(); }

  void Stop() {
    notifier_->Stopping();
    engine_.Stop();
    mailbox_.Close();
    if (doors_ != nullptr) doors_->Close();
    doors_.reset();
  }

 private:
  absl::Status OpenDoors() {
    EngineHooks hooks;
    hooks.snapshot = [](LiveEngine* engine) { return engine->Snapshot(); };
    hooks.update_gauges = [](LiveEngine* engine) { engine->UpdateGauges(); };
    hooks.reload = [this](LiveEngine*) { return Reload(); };
    hooks.forget = [](LiveEngine* engine, const std::string& rule, const Labels& group) {
      return engine->Forget(rule, group);
    };
    hooks.configuration = [this](LiveEngine*) { return shown_; };
    hooks.read_state = [](LiveEngine* engine, Committer::Reader reader) {
      return engine->ReadState(std::move(reader));
    };
    hooks.outbox = engine_.outbox();
    hooks.clock = &clock_;
    ASSIGN_OR_RETURN(doors_,
                     RunDoors::Open(server_, std::move(hooks), &engine_, &mailbox_, &metrics_));
    return absl::OkStatus();
  }

  // Takes over what the file says now, or nothing of it.
  absl::Status Reload() {
    if (!engine_.Ready()) return absl::UnavailableError("the state cannot be written now");
    notifier_->Reloading();
    const absl::Status status = TakeOver(Load(file_));
    notifier_->Ready();
    return status;
  }

  absl::Status TakeOver(absl::StatusOr<Loaded> loaded) {
    NoteReload(loaded.ok());
    if (!loaded.ok()) {
      fputs(std::string(loaded.status().message()).c_str(), stderr);
      LogError("reload failed; the old rules stay in force", {{"config", file_}});
      return loaded.status();
    }
    const size_t rules = loaded->rules.rules.size();
    engine_.Reload(std::move(loaded->rules), std::move(loaded->configuration.redact),
                   loaded->configuration.external_labels);
    shown_ = std::move(loaded->shown);
    LogInfo("reloaded; sources, sinks and state stay as they were at the start",
            {{"config", file_}, {"rules", absl::StrCat(rules)}});
    if (const absl::Status tls = doors_->ReloadTls(); !tls.ok()) {
      LogWarn("a certificate cannot be used; the old one stays",
              {{"err", std::string(tls.message())}});
    }
    return absl::OkStatus();
  }

  void NoteReload(bool ok) {
    metrics_.Get("config_last_reload_successful").Set(ok ? 1 : 0);
    if (ok) metrics_.Get("config_last_reload_success_timestamp_seconds").Set(clock_.Now());
  }

  const std::string file_;
  const ServerConfig server_;
  const SystemClock clock_;
  ServiceNotifier* const notifier_;
  Metrics metrics_;
  EngineMailbox mailbox_;
  std::string shown_;
  const size_t rules_;
  LiveEngine engine_;
  std::unique_ptr<RunDoors> doors_;
};

int Run(const std::string& file, Loaded loaded) {
  Harden();
  // Before anything that starts a thread: a thread that does not block them would end the process.
  const UniqueFd signals = CatchSignals();
  ServiceNotifier notifier;
  absl::StatusOr<std::vector<std::unique_ptr<Sink>>> sinks = MakeSinks(loaded.configuration.sinks);
  if (!sinks.ok()) {
    for (const absl::string_view fault : absl::StrSplit(sinks.status().message(), '\n')) {
      fprintf(stderr, "%s: error: sinks: %s\n", file.c_str(), std::string(fault).c_str());
    }
    return kExitUsage;
  }
  int exit_code = kExitFine;
  std::unique_ptr<Store> store =
      OpenRunState(loaded.configuration, SystemClock().Now(), &exit_code);
  if (store == nullptr) return exit_code;
  Running running(file, std::move(loaded), *std::move(sinks), std::move(store), &notifier);
  if (const absl::Status status = running.Start(); !status.ok()) {
    fprintf(stderr, "tallybell run: %s\n", std::string(status.message()).c_str());
    return kExitTrouble;
  }
  running.Run(signals);
  LogInfo("stopping");
  const bool lost = running.StateLost();
  running.Stop();
  LogInfo("stopped");
  return lost ? kExitTrouble : kExitFine;
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
  const char* const crash_at = getenv("TALLYBELL_CRASH_AT");
  if (const absl::Status armed = ArmCrashPoint(crash_at == nullptr ? "" : crash_at); !armed.ok()) {
    fprintf(stderr, "tallybell run: %s\n", std::string(armed.message()).c_str());
    return kExitUsage;
  }
  const std::string file = arguments->Get("config");
  absl::StatusOr<Loaded> loaded = Load(file);
  if (loaded.ok()) return Run(file, *std::move(loaded));
  fputs(std::string(loaded.status().message()).c_str(), stderr);
  return kExitUsage;
}

}  // namespace tallybell
