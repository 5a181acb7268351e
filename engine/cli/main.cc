// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <signal.h>
#include <stdio.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "engine/cli/commands.h"
#include "rules/diagnostics.h"

namespace tallybell {
namespace {

constexpr absl::string_view kUsage =
    "tallybell tallies what your logs say and rings when it matters.\n"
    "\n"
    "  tallybell replay [options] PATH...   what would have fired, from logs of the past\n"
    "  tallybell run --config FILE          follow logs and tell Alertmanager, Alerta, ...\n"
    "  tallybell check FILE...              rule files and configurations, every fault at once\n"
    "  tallybell test FILE...               tests of rules: which lines give which alerts\n"
    "  tallybell explain LINE...|-          how lines are read, and what rules make of them\n"
    "  tallybell history --state FILE       what fired, and who was told of it\n"
    "  tallybell outbox --state FILE        what receivers have not accepted\n"
    "  tallybell forget --state FILE ...    what a rule has counted of a group\n"
    "  tallybell version\n"
    "\n"
    "tallybell COMMAND --help says more.\n";

int Main(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  const std::vector<std::string> rest(words.begin() + (words.empty() ? 0 : 1), words.end());
  if (command == "replay") return ReplayCommand(rest);
  if (command == "run") return RunCommand(rest);
  if (command == "check") return CheckCommand(rest);
  if (command == "test") return TestCommand(rest);
  if (command == "explain") return ExplainCommand(rest);
  if (command == "history") return HistoryCommand(rest);
  if (command == "outbox") return OutboxCommand(rest);
  if (command == "forget") return ForgetCommand(rest);
  if (command == "version" || command == "--version") {
    printf("tallybell %s\n", TALLYBELL_VERSION);
    return kExitFine;
  }
  if (command == "help" || command == "--help" || command == "-h") {
    fwrite(kUsage.data(), 1, kUsage.size(), stdout);
    return kExitFine;
  }
  if (!command.empty()) {
    const std::string nearest =
        NearestWord(command, {"replay", "run", "check", "test", "explain", "history", "outbox",
                              "forget", "version", "help"});
    fprintf(stderr, "tallybell: unknown command \"%s\"%s%s%s\n\n", command.c_str(),
            nearest.empty() ? "" : "; did you mean ", nearest.c_str(), nearest.empty() ? "" : "?");
  }
  fwrite(kUsage.data(), 1, kUsage.size(), stderr);
  return kExitUsage;
}

}  // namespace
}  // namespace tallybell

int main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian's Abseil looks for cycles of locks with each lock that is taken, for twice its price.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  // A receiver that hangs up while it is written to must not end the process.
  signal(SIGPIPE, SIG_IGN);
  return tallybell::Main(std::vector<std::string>(argv + 1, argv + argc));
}
