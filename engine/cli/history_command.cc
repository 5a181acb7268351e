// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/history_table.h"
#include "engine/cli/server_client.h"
#include "engine/cli/state_path.h"
#include "engine/outbox/stored_outbox.h"
#include "engine/serve/history_event.h"
#include "engine/serve/history_query.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "the configuration that names the state file"},
    {"state", "FILE", "the state file itself"},
    {"url", "URL", "a tallybell that runs; --config names the password"},
    {"rule", "NAME", "only alerts of that name"},
    {"group", "NAME=VALUE", "only alerts with that label; may be repeated"},
    {"since", "T", "from then on: 12h, 2024-05-01, 2024-05-01T12:00:00Z; default 24h"},
    {"until", "T", "up to then"},
    {"output", "table|jsonl", "for people, or one object for each event"},
    {"help", "", "this"},
};

struct Wanted {
  HistoryQuery query;
  bool jsonl = false;
};

absl::StatusOr<Wanted> ReadWanted(const Arguments& arguments, TimeNs now) {
  Wanted wanted;
  if (!arguments.operands().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected operand \"", arguments.operands()[0], "\""));
  }
  wanted.query.rule = arguments.Get("rule");
  ASSIGN_OR_RETURN(wanted.query.group, GroupPairs(arguments));
  ASSIGN_OR_RETURN(wanted.query.since, ParseWhen(arguments.Get("since", "24h"), now));
  if (arguments.Has("until")) {
    ASSIGN_OR_RETURN(wanted.query.until, ParseWhen(arguments.Get("until"), now));
  }
  const std::string output = arguments.Get("output", "table");
  if (output != "table" && output != "jsonl") {
    return absl::InvalidArgumentError("--output must be table or jsonl");
  }
  wanted.jsonl = output == "jsonl";
  return wanted;
}

// What happened, and what has not been accepted: of a state file, or of the tallybell that runs.
struct Past {
  std::unique_ptr<ServerClient> server;  // null: the state file
  std::unique_ptr<StateReader> state;

  // In the order in which they were recorded.
  absl::Status ReadEvents(const HistoryQuery& query, absl::FunctionRef<void(HistoryEvent)> take) {
    if (server != nullptr) return server->ReadHistory(query, take);
    return state->ReadHistory([&](HistoryRow row) {
      HistoryEvent event = ReadHistoryEvent(std::move(row));
      if (query.Fits(event)) take(std::move(event));
    });
  }

  absl::StatusOr<std::vector<Untold>> ListUntold(TimeNs now) {
    int64_t total = 0;
    if (server != nullptr) return server->ListUntold(&total);
    ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, state->ReadOutbox());
    return StoredOutbox(rows, {now, 0}).ListUntold();
  }
};

absl::StatusOr<Past> OpenPast(const Arguments& arguments) {
  Past past;
  ASSIGN_OR_RETURN(past.server, ServerClient::Choose(arguments));
  if (past.server != nullptr) return past;
  ASSIGN_OR_RETURN(const std::string path, StatePath(arguments));
  absl::StatusOr<std::unique_ptr<StateReader>> state = ReadState(path);
  // Not the fault of whoever asked.
  if (!state.ok()) return absl::UnavailableError(state.status().message());
  past.state = *std::move(state);
  return past;
}

absl::Status PrintEvents(const Wanted& wanted, Past* past) {
  return past->ReadEvents(wanted.query, [&](const HistoryEvent& event) {
    printf("%s\n", DumpJson(HistoryEventJson(event)).c_str());
  });
}

absl::Status PrintTable(const Wanted& wanted, TimeNs now, Past* past) {
  HistoryTable table;
  // An alert is shown whole.
  HistoryQuery query = wanted.query;
  query.since = kNoTime;
  query.until = kNever;
  RETURN_IF_ERROR(
      past->ReadEvents(query, [&](HistoryEvent event) { table.Add(std::move(event)); }));
  ASSIGN_OR_RETURN(const std::vector<Untold> list, past->ListUntold(now));
  for (const Untold& untold : list) table.AddUntold(untold);
  const std::string text = table.Render(wanted.query.since, wanted.query.until);
  fputs(text.c_str(), stdout);
  if (text.empty()) {
    fprintf(stderr, "nothing fired or resolved since %s\n",
            FormatRfc3339(wanted.query.since).c_str());
  }
  return absl::OkStatus();
}

int Complain(const absl::Status& status, int code) {
  fprintf(stderr, "tallybell history: %s\n", std::string(status.message()).c_str());
  return code;
}

}  // namespace

int HistoryCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (!arguments.ok()) return Complain(arguments.status(), kExitUsage);
  if (arguments->Has("help")) {
    printf(
        "tallybell history --config FILE | --state FILE | --url URL [options]\n\n"
        "What fired and resolved, and what became of it at each receiver. Only looks: a tallybell\n"
        "that runs on the state file does not notice.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  const TimeNs now = SystemClock().Now();
  const absl::StatusOr<Wanted> wanted = ReadWanted(*arguments, now);
  if (!wanted.ok()) return Complain(wanted.status(), kExitUsage);
  absl::StatusOr<Past> past = OpenPast(*arguments);
  if (!past.ok()) {
    return Complain(past.status(),
                    absl::IsInvalidArgument(past.status()) ? kExitUsage : kExitTrouble);
  }
  const absl::Status status =
      wanted->jsonl ? PrintEvents(*wanted, &*past) : PrintTable(*wanted, now, &*past);
  return status.ok() ? kExitFine : Complain(status, kExitTrouble);
}

}  // namespace tallybell
