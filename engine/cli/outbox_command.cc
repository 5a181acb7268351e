// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/state_path.h"
#include "engine/outbox/stored_outbox.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "the configuration that names the state file"},
    {"state", "FILE", "the state file itself"},
    {"retry", "ID", "offer what is parked anew at the next start; all: everything that is parked"},
    {"drop", "ID", "give up what waits or is parked"},
    {"output", "table|jsonl", "for people, or one object for each alert and receiver"},
    {"help", "", "this"},
};

std::string TimeOrDash(TimeNs t) { return t == kNoTime ? "-" : FormatRfc3339Millis(t); }

Json TimeOrNull(TimeNs t) { return t == kNoTime ? Json(nullptr) : Json(FormatRfc3339(t)); }

Json UntoldJson(const Untold& untold) {
  Json labels = Json::object();
  for (const Labels::Pair& pair : untold.alert->labels.pairs()) labels[pair.first] = pair.second;
  return {{"id", untold.id},
          {"receiver", untold.receiver},
          {"alert", untold.alert->rule},
          {"labels", std::move(labels)},
          {"fingerprint", FormatFingerprint(untold.alert->Fingerprint())},
          {"state", untold.end ? "resolved" : "firing"},
          {"parked", untold.parked},
          {"since", TimeOrNull(untold.since())},
          {"startsAt", TimeOrNull(untold.alert->starts_at)},
          {"offeredAt", TimeOrNull(untold.offered_at)},
          {"attempts", untold.attempts},
          {"nextAttempt", TimeOrNull(untold.next_attempt)},
          {"answer", untold.answer}};
}

std::string UntoldText(const Untold& untold) {
  Labels shown = untold.alert->labels;
  shown.Set("alertname", "");
  std::string text =
      absl::StrCat(untold.id, "  ", untold.parked ? "parked" : "waits", "  ", untold.alert->rule,
                   " ", shown.empty() ? "" : absl::StrCat(FormatLabels(shown), " "),
                   untold.end ? "resolved" : "firing", " since ", TimeOrDash(untold.since()), "\n");
  absl::StrAppend(&text, "              ", untold.receiver);
  if (untold.attempts > 0) {
    absl::StrAppend(&text, ", ", untold.attempts, untold.attempts == 1 ? " attempt" : " attempts",
                    " since ", TimeOrDash(untold.offered_at));
  }
  if (untold.next_attempt != kNoTime) {
    absl::StrAppend(&text, ", next ", TimeOrDash(untold.next_attempt));
  }
  if (!untold.answer.empty()) absl::StrAppend(&text, ": ", untold.answer);
  return text;
}

std::string PrintableLines(const std::string& text) {
  const size_t end = text.find('\n');
  return absl::StrCat(Printable(text.substr(0, end)), "\n", Printable(text.substr(end + 1)), "\n");
}

absl::Status List(const std::string& path, bool jsonl, TimeNs now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateReader> state, ReadState(path));
  ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, state->ReadOutbox());
  const StoredOutbox outbox(rows, {now, 0});
  const std::vector<Untold> list = outbox.ListUntold();
  for (const Untold& untold : list) {
    const std::string text =
        jsonl ? DumpJson(UntoldJson(untold)) + "\n" : PrintableLines(UntoldText(untold));
    fputs(text.c_str(), stdout);
  }
  if (list.empty()) fputs("nothing waits and nothing is parked\n", stderr);
  return absl::OkStatus();
}

absl::Status Change(const std::string& path, const Arguments& arguments, TimeNs now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStateAtRest(path));
  ASSIGN_OR_RETURN(const Store::Snapshot snapshot, store->Load());
  StoredOutbox outbox(snapshot.outbox, {now, 0});
  Delta delta;
  int changed = 0;
  for (const std::string& id : arguments.All("retry")) {
    if (id == "all" || id == "--all") {
      changed += outbox.RetryAllParked(&delta);
    } else {
      RETURN_IF_ERROR(outbox.RetryParked(id, &delta));
      ++changed;
    }
  }
  for (const std::string& id : arguments.All("drop")) {
    RETURN_IF_ERROR(outbox.Drop(id, &delta));
    ++changed;
  }
  RETURN_IF_ERROR(store->Commit(delta, now));
  fprintf(stderr, "%d changed; the next start goes on from there\n", changed);
  return absl::OkStatus();
}

int Complain(const absl::Status& status, int code) {
  fprintf(stderr, "tallybell outbox: %s\n", std::string(status.message()).c_str());
  return code;
}

absl::Status CheckArguments(const Arguments& arguments) {
  if (!arguments.operands().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected operand \"", arguments.operands()[0], "\""));
  }
  const std::string output = arguments.Get("output", "table");
  if (output != "table" && output != "jsonl") {
    return absl::InvalidArgumentError("--output must be table or jsonl");
  }
  return absl::OkStatus();
}

}  // namespace

int OutboxCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (!arguments.ok()) return Complain(arguments.status(), kExitUsage);
  if (arguments->Has("help")) {
    printf(
        "tallybell outbox --config FILE | --state FILE [options]\n\n"
        "What receivers have not accepted yet, and what they refused (parked). To look works "
        "while\n"
        "a tallybell runs on the state file; --retry and --drop need it at rest.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  if (const absl::Status status = CheckArguments(*arguments); !status.ok()) {
    return Complain(status, kExitUsage);
  }
  const absl::StatusOr<std::string> path = StatePath(*arguments);
  if (!path.ok()) return Complain(path.status(), kExitUsage);
  const TimeNs now = SystemClock().Now();
  const bool change = arguments->Has("retry") || arguments->Has("drop");
  const absl::Status status = change
                                  ? Change(*path, *arguments, now)
                                  : List(*path, arguments->Get("output", "table") == "jsonl", now);
  return status.ok() ? kExitFine : Complain(status, kExitTrouble);
}

}  // namespace tallybell
