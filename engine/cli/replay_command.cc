// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/progress_bar.h"
#include "engine/cli/stream_options.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/run/replay.h"
#include "engine/run/source_format.h"
#include "engine/run/transition_json.h"
#include "rules/packs.h"
#include "rules/pattern_list.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"rules", "FILE|pack:NAME", "rules to try; may be repeated (default: all built-in packs)"},
    {"config", "FILE", "take rules, external_labels and redact from a configuration"},
    {"label", "NAME=VALUE", "a label of every stream; may be repeated"},
    {"label-from-path", "/REGEX/", "named groups that match a path become labels"},
    {"format", "NAME", "what the lines look like (default: auto, found out for each file)"},
    {"year", "N", "the year of each source's first record, where lines state none"},
    {"timezone", "ZONE", "the zone of stamps that state none (default: UTC)"},
    {"multiline-first", "/REGEX/", "join lines into records: the lines that begin one"},
    {"multiline-last", "/REGEX/", "the lines that end one"},
    {"lateness", "D", "how far a record may come behind its time (default: 45s)"},
    {"since", "T", "print nothing earlier; records before it still fill windows"},
    {"until", "T", "take T for the end of the input"},
    {"drain", "", "go on after the end until every window is empty"},
    {"output", "table|jsonl", "for people (default), or one object a transition"},
    {"fail-on", "firing", "exit with 1 if any alert fired"},
    {"threads", "N", "how many look through the files (default: as many as there are cores)"},
    {"block-size", "BYTES", "how much is read at a time (the result does not depend on it)"},
    {"help", "", "this"},
};

constexpr int kMaxThreads = 64;

// Those that this process may use.
int Cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::clamp(CPU_COUNT(&set), 1, kMaxThreads);
}

// Everything that the command line asks for.
struct Request {
  Replay::Options options;
  std::optional<Pattern> labels_from_path;
  RuleSet rules;
  std::vector<Pattern> redact;
  std::vector<std::string> paths;
  bool jsonl = false;
  bool fail_on_firing = false;
};

absl::StatusOr<TimeNs> ParseMoment(const std::string& text) {
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"}) {
    const absl::StatusOr<TimeNs> moment = ParseRfc3339(absl::StrCat(text, rest));
    if (moment.ok()) return moment;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a time like 2024-05-01T12:00:00Z or 2024-05-01"));
}

absl::Status ReadTimes(const Arguments& arguments, Replay::Options* options) {
  if (arguments.Has("since")) {
    ASSIGN_OR_RETURN(options->since, ParseMoment(arguments.Get("since")));
  }
  if (arguments.Has("until")) {
    ASSIGN_OR_RETURN(options->until, ParseMoment(arguments.Get("until")));
  }
  if (arguments.Has("lateness")) {
    ASSIGN_OR_RETURN(options->lateness, ParseDuration(arguments.Get("lateness")));
  }
  return absl::OkStatus();
}

// A pattern of a line, or null where the option is not given.
absl::StatusOr<std::shared_ptr<const Pattern>> ReadLinePattern(const Arguments& arguments,
                                                               absl::string_view option) {
  if (!arguments.Has(option)) return nullptr;
  ASSIGN_OR_RETURN(Pattern pattern, ParsePattern(arguments.Get(option)));
  return std::make_shared<const Pattern>(std::move(pattern));
}

absl::Status ReadStreams(const Arguments& arguments, Request* request) {
  ASSIGN_OR_RETURN(StreamOptions stream, StreamOptions::Read(arguments));
  request->options.labels = std::move(stream.labels);
  request->options.format = std::move(stream.format);
  request->options.first_year = stream.first_year;
  request->options.zone = stream.zone;
  MultilineJoiner::Options& multiline = request->options.multiline;
  ASSIGN_OR_RETURN(multiline.first, ReadLinePattern(arguments, "multiline-first"));
  ASSIGN_OR_RETURN(multiline.last, ReadLinePattern(arguments, "multiline-last"));
  if (arguments.Has("label-from-path")) {
    ASSIGN_OR_RETURN(Pattern pattern, ParsePattern(arguments.Get("label-from-path")));
    if (pattern.capture_names().empty()) {
      return absl::InvalidArgumentError(
          "--label-from-path has no named group; write '/logs/(?P<host>[^/]+)/'");
    }
    request->labels_from_path.emplace(std::move(pattern));
  }
  return absl::OkStatus();
}

absl::Status ReadOutput(const Arguments& arguments, Request* request) {
  request->options.drain = arguments.Has("drain");
  const std::string output = arguments.Get("output", "table");
  if (output != "table" && output != "jsonl") {
    return absl::InvalidArgumentError("--output is table or jsonl");
  }
  request->jsonl = output == "jsonl";
  if (arguments.Has("fail-on") && arguments.Get("fail-on") != "firing") {
    return absl::InvalidArgumentError("--fail-on is firing");
  }
  request->fail_on_firing = arguments.Has("fail-on");
  if (arguments.Has("block-size") &&
      (!absl::SimpleAtoi(arguments.Get("block-size"), &request->options.block) ||
       request->options.block < 1 || request->options.block > (64 << 20))) {
    return absl::InvalidArgumentError("--block-size must be from 1 to 67108864");
  }
  if (arguments.Has("block-size")) request->options.chunk = request->options.block;
  request->options.threads = Cores();
  if (arguments.Has("threads") &&
      (!absl::SimpleAtoi(arguments.Get("threads"), &request->options.threads) ||
       request->options.threads < 1 || request->options.threads > kMaxThreads)) {
    return absl::InvalidArgumentError(absl::StrCat("--threads must be from 1 to ", kMaxThreads));
  }
  return absl::OkStatus();
}

// False: what is wrong has been said.
bool LoadRulesAndConfiguration(const Arguments& arguments, Request* request) {
  std::vector<std::string> names = arguments.All("rules");
  Diagnostics diagnostics;
  if (arguments.Has("config")) {
    const std::string file = arguments.Get("config");
    const absl::StatusOr<std::string> text = ReadTextFile(file);
    if (!text.ok()) {
      fprintf(stderr, "%s: error: %s\n", file.c_str(),
              std::string(text.status().message()).c_str());
      return false;
    }
    Configuration configuration = LoadConfiguration(file, *text, &diagnostics);
    request->options.external_labels = configuration.external_labels;
    request->redact = std::move(configuration.redact);
    names.insert(names.end(), configuration.rules.begin(), configuration.rules.end());
  }
  if (names.empty()) {
    for (const Pack& pack : BuiltInPacks()) names.push_back(absl::StrCat("pack:", pack.name));
  }
  request->rules = LoadRules(names, &diagnostics);
  fputs(diagnostics.ToString().c_str(), stderr);
  return !diagnostics.HasErrors();
}

absl::Status ReadRequest(const Arguments& arguments, Request* request) {
  request->paths = arguments.operands();
  if (request->paths.empty()) return absl::InvalidArgumentError("no PATH; \"-\" is standard input");
  RETURN_IF_ERROR(ReadTimes(arguments, &request->options));
  RETURN_IF_ERROR(ReadStreams(arguments, request));
  return ReadOutput(arguments, request);
}

// Each source is an open file until its end.
void AllowManyFiles() {
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int RunReplay(Request request) {
  AllowManyFiles();
  if (request.labels_from_path.has_value()) {
    request.options.labels_from_path = &*request.labels_from_path;
  }
  const SystemClock clock;
  const TimeNs started = clock.Monotonic();
  const Redactor redactor(std::move(request.redact));
  Metrics metrics;
  Replay replay(&request.rules, &redactor, request.options, &metrics);
  ReplayTable table(isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nullptr);
  bool fired = false;
  const auto on_transition = [&](const Transition& transition) {
    fired = fired || transition.state == AlertState::kFiring;
    if (request.jsonl) {
      const std::string line = DumpJson(TransitionJson(transition)) + "\n";
      fwrite(line.data(), 1, line.size(), stdout);
    } else {
      table.Add(transition);
    }
  };
  absl::Status status;
  {
    ProgressBar bar(&clock);
    status = replay.Run(request.paths, on_transition,
                        [&bar](uint64_t read, uint64_t of) { bar.Show(read, of); });
  }
  ReplaySummary summary = replay.Summary();
  summary.took = clock.Monotonic() - started;
  if (request.jsonl) {
    fputs(RenderSummary(summary).c_str(), stderr);
  } else {
    fputs(table.Render(replay.rules(), summary).c_str(), stdout);
  }
  if (fflush(stdout) != 0) {
    fprintf(stderr, "tallybell replay: the output cannot be written\n");
    return kExitTrouble;
  }
  if (!status.ok() || summary.unread > 0) return kExitTrouble;
  return request.fail_on_firing && fired ? kExitTrouble : kExitFine;
}

}  // namespace

int ReplayCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (arguments.ok() && arguments->Has("help")) {
    printf(
        "tallybell replay [options] PATH...\n\n"
        "Reads logs of the past and says which alerts would have fired, by the time that the\n"
        "logs state. PATH is a file, plain, gzip or zstd, or a directory of them; \"-\" is\n"
        "standard input.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  Request request;
  const absl::Status status =
      arguments.ok() ? ReadRequest(*arguments, &request) : arguments.status();
  if (!status.ok()) {
    fprintf(stderr, "tallybell replay: %s\n", std::string(status.message()).c_str());
    return kExitUsage;
  }
  if (!LoadRulesAndConfiguration(*arguments, &request)) return kExitUsage;
  return RunReplay(std::move(request));
}

}  // namespace tallybell
