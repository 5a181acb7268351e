// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The subcommands. Each returns the process's exit status: 0 fine, 1 it ran and found trouble,
// 2 bad usage or a bad configuration, 3 the state file is a newer tallybell's or not tallybell's.
#ifndef TALLYBELL_ENGINE_CLI_COMMANDS_H_
#define TALLYBELL_ENGINE_CLI_COMMANDS_H_

#include <string>
#include <vector>

namespace tallybell {

inline constexpr int kExitFine = 0;
inline constexpr int kExitTrouble = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotOurs = 3;

int ReplayCommand(const std::vector<std::string>& words);
int RunCommand(const std::vector<std::string>& words);
int CheckCommand(const std::vector<std::string>& words);
int TestCommand(const std::vector<std::string>& words);
int ExplainCommand(const std::vector<std::string>& words);
int HistoryCommand(const std::vector<std::string>& words);
int OutboxCommand(const std::vector<std::string>& words);
int ForgetCommand(const std::vector<std::string>& words);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_CLI_COMMANDS_H_
