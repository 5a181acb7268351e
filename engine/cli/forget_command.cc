// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <algorithm>
#include <memory>
#include <optional>
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
#include "engine/run/transition_json.h"
#include "engine/serve/history_query.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"config", "FILE", "the configuration that names the state file"},
    {"state", "FILE", "the state file itself, at rest"},
    {"url", "URL", "a tallybell that runs; --config names the password"},
    {"rule", "NAME", "the rule"},
    {"group", "NAME=VALUE", "the group; may be repeated"},
    {"all", "", "all groups of the rule"},
    {"help", "", "this"},
};

// The alert of a row that EvaluatorState wrote, since what the receivers know (kNoTime: they know
// of none); nothing if it is not such a row.
std::optional<Alert> SavedAlertOf(const GroupRow& row) {
  const absl::StatusOr<Json> state = ParseJson(row.state);
  if (!state.ok() || !state->is_object()) return std::nullopt;
  const auto labels = state->find("labels");
  const auto names = state->find("alert");
  const auto told = state->find("told");
  if (labels == state->end() || !labels->is_object() || names == state->end() ||
      !names->is_array() || names->size() != 2 || told == state->end() ||
      !told->is_number_integer()) {
    return std::nullopt;
  }
  if (!(*names)[0].is_string() || !(*names)[1].is_string()) return std::nullopt;
  Alert alert;
  alert.rule_group = (*names)[0].get<std::string>();
  alert.rule = (*names)[1].get<std::string>();
  for (const auto& [name, value] : labels->items()) {
    if (value.is_string()) alert.labels.Set(name, value.get_ref<const std::string&>());
  }
  alert.starts_at = told->get<int64_t>();
  return alert;
}

// The step by which history knows that it ended.
HistoryRow EndRow(Alert alert, TimeNs now) {
  Transition end;
  end.time = alert.ends_at;
  end.state = AlertState::kResolved;
  end.value = alert.value;
  end.exact = alert.exact;
  end.alert = std::move(alert);
  Json detail = TransitionJson(end);
  detail["reason"] = "forgotten by hand";
  HistoryRow row;
  row.time = now;
  row.fingerprint = FormatFingerprint(end.alert.Fingerprint());
  row.kind = std::string(AlertStateName(end.state));
  row.rule = end.alert.rule;
  row.labels = FormatLabels(end.alert.labels);
  row.detail = DumpJson(detail);
  return row;
}

// Forgets what `alert` counts; where it fires, it ends, and whoever was told that it fires will be
// told.
void ForgetGroup(const GroupRow& row, Alert alert, TimeNs now, StoredOutbox* outbox, Delta* delta) {
  delta->groups.push_back({row.rule, row.group, "", true});
  if (alert.starts_at == kNoTime) return;
  alert.ends_at = std::max(now, alert.starts_at);
  const std::string fingerprint = FormatFingerprint(alert.Fingerprint());
  std::optional<Alert> told = outbox->End(fingerprint, alert.ends_at, delta);
  delta->history.push_back(EndRow(told.has_value() ? *std::move(told) : std::move(alert), now));
}

absl::Status Forget(const std::string& path, const std::string& rule,
                    const std::vector<Labels::Pair>& group, TimeNs now) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStateAtRest(path));
  ASSIGN_OR_RETURN(const Store::Snapshot snapshot, store->Load());
  StoredOutbox outbox(snapshot.outbox, {now, 0});
  Delta delta;
  std::string said;
  for (const GroupRow& row : snapshot.groups) {
    std::optional<Alert> alert = SavedAlertOf(row);
    if (!alert.has_value() || alert->rule != rule || !HasPairs(alert->labels, group)) continue;
    absl::StrAppend(&said, "forgotten: ", Printable(alert->rule), " ",
                    Printable(FormatLabels(alert->labels)),
                    alert->starts_at == kNoTime ? "" : ", which fired", "\n");
    ForgetGroup(row, *std::move(alert), now, &outbox, &delta);
  }
  if (delta.groups.empty()) return absl::NotFoundError("no such group counts anything");
  RETURN_IF_ERROR(store->Commit(delta, now));
  fputs(said.c_str(), stdout);
  return absl::OkStatus();
}

// The running one ends the alert, and tells it, at once.
absl::Status ForgetRunning(ServerClient* server, const std::string& rule,
                           const std::vector<Labels::Pair>& group) {
  std::string path = absl::StrCat("/api/v1/groups?rule=", QueryValue(rule));
  Labels shown;
  for (const auto& [name, value] : group) {
    absl::StrAppend(&path, "&group=", QueryValue(absl::StrCat(name, "=", value)));
    shown.Set(name, value);
  }
  RETURN_IF_ERROR(server->Ask("DELETE", path).status());
  printf("forgotten: %s %s\n", Printable(rule).c_str(), Printable(FormatLabels(shown)).c_str());
  return absl::OkStatus();
}

int Complain(const absl::Status& status, int code) {
  fprintf(stderr, "tallybell forget: %s\n", std::string(status.message()).c_str());
  return code;
}

absl::Status CheckArguments(const Arguments& arguments) {
  if (!arguments.operands().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected operand \"", arguments.operands()[0], "\""));
  }
  if (!arguments.Has("rule")) return absl::InvalidArgumentError("--rule NAME is missing");
  if (arguments.Has("group") == arguments.Has("all")) {
    return absl::InvalidArgumentError("say which groups: --group NAME=VALUE, or --all");
  }
  return absl::OkStatus();
}

}  // namespace

int ForgetCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (!arguments.ok()) return Complain(arguments.status(), kExitUsage);
  if (arguments->Has("help")) {
    printf(
        "tallybell forget --config FILE | --state FILE | --url URL --rule NAME --group "
        "NAME=VALUE...\n\n"
        "Makes a rule forget what it has counted of a group. An alert that fires ends, and who "
        "was\n"
        "told of it is told so, by the next start where none runs.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  if (const absl::Status status = CheckArguments(*arguments); !status.ok()) {
    return Complain(status, kExitUsage);
  }
  const absl::StatusOr<std::vector<Labels::Pair>> group = GroupPairs(*arguments);
  if (!group.ok()) return Complain(group.status(), kExitUsage);
  const absl::StatusOr<std::unique_ptr<ServerClient>> server = ServerClient::Choose(*arguments);
  if (!server.ok()) {
    return Complain(server.status(),
                    absl::IsInvalidArgument(server.status()) ? kExitUsage : kExitTrouble);
  }
  const std::string rule = arguments->Get("rule");
  absl::Status status;
  if (*server != nullptr) {
    status = ForgetRunning(server->get(), rule, *group);
  } else {
    const absl::StatusOr<std::string> path = StatePath(*arguments);
    if (!path.ok()) return Complain(path.status(), kExitUsage);
    status = Forget(*path, rule, *group, SystemClock().Now());
  }
  return status.ok() ? kExitFine : Complain(status, kExitTrouble);
}

}  // namespace tallybell
