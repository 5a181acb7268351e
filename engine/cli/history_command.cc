// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/history_event.h"
#include "engine/cli/history_table.h"
#include "engine/cli/state_path.h"
#include "engine/outbox/stored_outbox.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "the configuration that names the state file"},
    {"state", "FILE", "the state file itself"},
    {"rule", "NAME", "only alerts of that name"},
    {"group", "NAME=VALUE", "only alerts with that label; may be repeated"},
    {"since", "T", "from then on: 12h, 2024-05-01, 2024-05-01T12:00:00Z; default 24h"},
    {"until", "T", "up to then"},
    {"output", "table|jsonl", "for people, or one object for each event"},
    {"help", "", "this"},
};

struct Wanted {
  std::string rule;
  std::vector<Labels::Pair> group;
  TimeNs since = kNoTime;
  TimeNs until = kNever;
  bool jsonl = false;

  bool Fits(const HistoryEvent& event) const {
    return (rule.empty() || event.rule == rule) && HasPairs(event.labels, group);
  }
};

// A time, a day, or how long ago.
absl::StatusOr<TimeNs> ParseWhen(const std::string& text, TimeNs now) {
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"}) {
    const absl::StatusOr<TimeNs> when = ParseRfc3339(absl::StrCat(text, rest));
    if (when.ok()) return when;
  }
  const absl::StatusOr<DurationNs> ago = ParseDuration(text);
  if (ago.ok()) return SubtractNs(now, *ago);
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a time like 12h, 2024-05-01 or 2024-05-01T12:00:00Z"));
}

absl::StatusOr<Wanted> ReadWanted(const Arguments& arguments, TimeNs now) {
  Wanted wanted;
  if (!arguments.operands().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected operand \"", arguments.operands()[0], "\""));
  }
  wanted.rule = arguments.Get("rule");
  ASSIGN_OR_RETURN(wanted.group, GroupPairs(arguments));
  ASSIGN_OR_RETURN(wanted.since, ParseWhen(arguments.Get("since", "24h"), now));
  if (arguments.Has("until")) {
    ASSIGN_OR_RETURN(wanted.until, ParseWhen(arguments.Get("until"), now));
  }
  const std::string output = arguments.Get("output", "table");
  if (output != "table" && output != "jsonl") {
    return absl::InvalidArgumentError("--output must be table or jsonl");
  }
  wanted.jsonl = output == "jsonl";
  return wanted;
}

absl::Status PrintEvents(const Wanted& wanted, StateReader* state) {
  return state->ReadHistory([&](HistoryRow row) {
    if (row.time < wanted.since || row.time > wanted.until) return;
    const HistoryEvent event = ReadHistoryEvent(std::move(row));
    if (wanted.Fits(event)) printf("%s\n", DumpJson(HistoryEventJson(event)).c_str());
  });
}

absl::Status PrintTable(const Wanted& wanted, TimeNs now, StateReader* state) {
  HistoryTable table;
  RETURN_IF_ERROR(state->ReadHistory([&](HistoryRow row) {
    HistoryEvent event = ReadHistoryEvent(std::move(row));
    if (wanted.Fits(event)) table.Add(std::move(event));
  }));
  ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, state->ReadOutbox());
  const StoredOutbox outbox(rows, {now, 0});
  for (const Untold& untold : outbox.ListUntold()) table.AddUntold(untold);
  const std::string text = table.Render(wanted.since, wanted.until);
  fputs(text.c_str(), stdout);
  if (text.empty()) {
    fprintf(stderr, "nothing fired or resolved since %s\n", FormatRfc3339(wanted.since).c_str());
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
        "tallybell history --config FILE | --state FILE [options]\n\n"
        "What fired and resolved, and what became of it at each receiver. Only looks: a tallybell\n"
        "that runs on the state file does not notice.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  const TimeNs now = SystemClock().Now();
  const absl::StatusOr<Wanted> wanted = ReadWanted(*arguments, now);
  if (!wanted.ok()) return Complain(wanted.status(), kExitUsage);
  const absl::StatusOr<std::string> path = StatePath(*arguments);
  if (!path.ok()) return Complain(path.status(), kExitUsage);
  const absl::StatusOr<std::unique_ptr<StateReader>> state = ReadState(*path);
  if (!state.ok()) return Complain(state.status(), kExitTrouble);
  const absl::Status status =
      wanted->jsonl ? PrintEvents(*wanted, state->get()) : PrintTable(*wanted, now, state->get());
  return status.ok() ? kExitFine : Complain(status, kExitTrouble);
}

}  // namespace tallybell
