// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/server_client.h"
#include "engine/cli/state_path.h"
#include "engine/outbox/stored_outbox.h"
#include "engine/serve/untold_json.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "the configuration that names the state file"},
    {"state", "FILE", "the state file itself"},
    {"url", "URL", "a tallybell that runs; --config names the password"},
    {"retry", "ID", "offer what is parked anew; all: everything that is parked"},
    {"drop", "ID", "give up what waits or is parked"},
    {"output", "table|jsonl", "for people, or one object for each alert and receiver"},
    {"help", "", "this"},
};

bool IsAll(absl::string_view id) { return id == "all" || id == "--all"; }

std::string TimeOrDash(TimeNs t) { return t == kNoTime ? "-" : FormatRfc3339Millis(t); }

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

void Print(const std::vector<Untold>& list, bool jsonl) {
  for (const Untold& untold : list) {
    const std::string text =
        jsonl ? DumpJson(UntoldJson(untold)) + "\n" : PrintableLines(UntoldText(untold));
    fputs(text.c_str(), stdout);
  }
  if (list.empty()) fputs("nothing waits and nothing is parked\n", stderr);
}

absl::Status ListStored(const std::string& path, bool jsonl, TimeNs now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateReader> state, ReadState(path));
  ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, state->ReadOutbox());
  Print(StoredOutbox(rows, {now, 0}).ListUntold(), jsonl);
  return absl::OkStatus();
}

absl::Status ListRunning(ServerClient* server, bool jsonl) {
  int64_t total = 0;
  ASSIGN_OR_RETURN(const std::vector<Untold> list, server->ListUntold(&total));
  Print(list, jsonl);
  if (total > static_cast<int64_t>(list.size())) {
    fprintf(stderr, "these are %zu of %lld\n", list.size(), static_cast<long long>(total));
  }
  return absl::OkStatus();
}

// "?id=a&id=b" for what the option names.
std::string IdsOf(const Arguments& arguments, const char* option) {
  std::string ids;
  for (const std::string& id : arguments.All(option)) {
    absl::StrAppend(&ids, ids.empty() ? "?" : "&",
                    IsAll(id) ? "all=true" : absl::StrCat("id=", QueryValue(id)));
  }
  return ids;
}

absl::Status ChangeRunning(ServerClient* server, const Arguments& arguments) {
  int64_t changed = 0;
  const auto ask = [&](absl::string_view method, const std::string& path) -> absl::Status {
    ASSIGN_OR_RETURN(const Json data, server->Ask(method, path));
    if (!data.is_object()) return absl::UnavailableError("the answer says nothing");
    const auto count = data.find("changed");
    if (count != data.end() && count->is_number_integer()) changed += count->get<int64_t>();
    return absl::OkStatus();
  };
  if (arguments.Has("retry")) {
    RETURN_IF_ERROR(ask("POST", absl::StrCat("/api/v1/outbox/retry", IdsOf(arguments, "retry"))));
  }
  if (arguments.Has("drop")) {
    RETURN_IF_ERROR(ask("DELETE", absl::StrCat("/api/v1/outbox", IdsOf(arguments, "drop"))));
  }
  fprintf(stderr, "%lld changed\n", static_cast<long long>(changed));
  return absl::OkStatus();
}

absl::Status ChangeStored(const std::string& path, const Arguments& arguments, TimeNs now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStateAtRest(path));
  ASSIGN_OR_RETURN(const Store::Snapshot snapshot, store->Load());
  StoredOutbox outbox(snapshot.outbox, {now, 0});
  Delta delta;
  int changed = 0;
  for (const std::string& id : arguments.All("retry")) {
    if (IsAll(id)) {
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
        "tallybell outbox --config FILE | --state FILE | --url URL [options]\n\n"
        "What receivers have not accepted yet, and what they refused (parked). With "
        "--state,\n"
        "--retry and --drop need the state file at rest; to look works also while one runs on it."
        "\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  if (const absl::Status status = CheckArguments(*arguments); !status.ok()) {
    return Complain(status, kExitUsage);
  }
  const bool jsonl = arguments->Get("output", "table") == "jsonl";
  const bool change = arguments->Has("retry") || arguments->Has("drop");
  const absl::StatusOr<std::unique_ptr<ServerClient>> server = ServerClient::Choose(*arguments);
  if (!server.ok()) {
    return Complain(server.status(),
                    absl::IsInvalidArgument(server.status()) ? kExitUsage : kExitTrouble);
  }
  absl::Status status;
  if (*server != nullptr) {
    status = change ? ChangeRunning(server->get(), *arguments) : ListRunning(server->get(), jsonl);
  } else {
    const absl::StatusOr<std::string> path = StatePath(*arguments);
    if (!path.ok()) return Complain(path.status(), kExitUsage);
    const TimeNs now = SystemClock().Now();
    status = change ? ChangeStored(*path, *arguments, now) : ListStored(*path, jsonl, now);
  }
  return status.ok() ? kExitFine : Complain(status, kExitTrouble);
}

}  // namespace tallybell
