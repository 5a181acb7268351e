// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

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
#include "engine/base/usable_cores.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/loki_options.h"
#include "engine/cli/progress_bar.h"
#include "engine/cli/stream_options.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "engine/run/loki_replay.h"
#include "engine/run/replay.h"
#include "engine/run/source_format.h"
#include "engine/run/transition_json.h"
#include "engine/serve/history_query.h"
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
    {"since", "T", "print nothing earlier than 12h ago, 2024-05-01 or 2024-05-01T12:00:00Z"},
    {"until", "T", "take T for the end of the input; written as --since is"},
    {"drain", "", "go on after the end until every window is empty"},
    {"output", "table|jsonl", "for people (default), or one object a transition"},
    {"fail-on", "firing", "exit with 1 if any alert fired"},
    {"threads", "N", "how many look through the files (default: as many as there are cores)"},
    {"block-size", "BYTES", "how much is read at a time (the result does not depend on it)"},
    {"loki-url", "URL", "read what this Loki stores, in the place of files"},
    {"loki-query", "QUERY", "which lines of it: a selector, filters if you like"},
    {"loki-tenant", "NAME", "whose; may be repeated"},
    {"loki-user", "NAME", "come in by name, with"},
    {"loki-password-file", "FILE", "what is in this file"},
    {"loki-token-file", "FILE", "come in with the token that is in this file"},
    {"loki-ca-file", "FILE", "who vouches for its certificate (PEM)"},
    {"loki-cert-file", "FILE", "our certificate, with"},
    {"loki-key-file", "FILE", "its key"},
    {"loki-page", "LINES", "asked for at a time (the result does not depend on it)"},
    {"help", "", "this"},
};

constexpr int kMaxThreads = 64;

// Everything that the command line asks for.
struct Request {
  Replay::Options options;
  std::optional<Pattern> labels_from_path;
  RuleSet rules;
  std::vector<Pattern> redact;
  std::vector<std::string> paths;
  std::vector<LokiTarget> lokis;  // in their place
  int loki_page = 5000;
  bool jsonl = false;
  bool fail_on_firing = false;
};

absl::Status ReadTimes(const Arguments& arguments, Replay::Options* options) {
  // So long ago is from one moment on for both.
  const TimeNs now = SystemClock().Now();
  if (arguments.Has("since")) {
    ASSIGN_OR_RETURN(options->since, ParseWhen(arguments.Get("since"), now));
  }
  if (arguments.Has("until")) {
    ASSIGN_OR_RETURN(options->until, ParseWhen(arguments.Get("until"), now));
  }
  if (options->since != kNoTime && options->until != kNoTime && options->until < options->since) {
    return absl::InvalidArgumentError("--until is before --since");
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
  request->options.threads = std::min(UsableCores(), kMaxThreads);
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
  ASSIGN_OR_RETURN(request->lokis, ReadLokiTargets(arguments));
  if (request->paths.empty() && request->lokis.empty()) {
    return absl::InvalidArgumentError("no PATH; \"-\" is standard input");
  }
  if (!request->paths.empty() && !request->lokis.empty()) {
    return absl::InvalidArgumentError("files and a Loki are not replayed together");
  }
  if (arguments.Has("loki-page") &&
      (!absl::SimpleAtoi(arguments.Get("loki-page"), &request->loki_page) ||
       request->loki_page < 1 || request->loki_page > 1'000'000)) {
    return absl::InvalidArgumentError("--loki-page must be from 1 to 1000000");
  }
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

// Shows transitions as they are told, and what was read at the end.
class Shown {
 public:
  explicit Shown(bool jsonl)
      : jsonl_(jsonl), table_(isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nullptr) {}

  void Add(const Transition& transition) {
    fired_ = fired_ || transition.state == AlertState::kFiring;
    if (jsonl_) {
      const std::string line = DumpJson(TransitionJson(transition)) + "\n";
      fwrite(line.data(), 1, line.size(), stdout);
    } else {
      table_.Add(transition);
    }
  }
  bool fired() const { return fired_; }

  // False if it cannot be written.
  bool End(const std::vector<std::unique_ptr<RuleEvaluator>>& rules, const ReplaySummary& summary) {
    if (jsonl_) {
      fputs(RenderSummary(summary).c_str(), stderr);
    } else {
      fputs(table_.Render(rules, summary).c_str(), stdout);
    }
    if (fflush(stdout) == 0) return true;
    fprintf(stderr, "tallybell replay: the output cannot be written\n");
    return false;
  }

 private:
  const bool jsonl_;
  ReplayTable table_;
  bool fired_ = false;
};

// Runs a replay of files or of a Loki: `run` is given what is told and how far it is.
template <typename AnyReplay, typename Run>
int RunAny(const Request& request, AnyReplay* replay, Run run) {
  const SystemClock clock;
  const TimeNs started = clock.Monotonic();
  Shown shown(request.jsonl);
  absl::Status status;
  {
    ProgressBar bar(&clock);
    status = run([&shown](const Transition& transition) { shown.Add(transition); },
                 [&bar](uint64_t read, uint64_t of) { bar.Show(read, of); });
  }
  ReplaySummary summary = replay->Summary();
  summary.took = clock.Monotonic() - started;
  if (!shown.End(replay->rules(), summary)) return kExitTrouble;
  if (!status.ok() && !request.lokis.empty()) {
    fprintf(stderr, "tallybell replay: not read to its end: %s\n",
            std::string(status.message()).c_str());
  }
  if (!status.ok() || summary.unread > 0) return kExitTrouble;
  return request.fail_on_firing && shown.fired() ? kExitTrouble : kExitFine;
}

absl::StatusOr<PushStreams::LabelTemplates> LabelTemplatesOf(const Labels& labels) {
  PushStreams::LabelTemplates templates;
  for (const Labels::Pair& pair : labels.pairs()) {
    ASSIGN_OR_RETURN(Template text, Template::Parse(pair.second));
    templates.emplace_back(pair.first, std::move(text));
  }
  return templates;
}

int RunLokiReplay(const Request& request, const Redactor& redactor, Metrics* metrics) {
  const SystemClock clock;
  LokiReplay::Options options;
  absl::StatusOr<PushStreams::LabelTemplates> labels = LabelTemplatesOf(request.options.labels);
  if (!labels.ok()) {
    fprintf(stderr, "tallybell replay: --label: %s\n",
            std::string(labels.status().message()).c_str());
    return kExitUsage;
  }
  options.labels = *std::move(labels);
  options.targets = request.lokis;
  options.external_labels = request.options.external_labels;
  options.zone = request.options.zone;
  options.lateness = request.options.lateness;
  options.since = request.options.since;
  options.until = request.options.until;
  options.drain = request.options.drain;
  options.page = request.loki_page;
  LokiReplay replay(&request.rules, &redactor, std::move(options), &clock, metrics);
  return RunAny(request, &replay, [&replay](auto on_transition, auto on_progress) {
    return replay.Run(on_transition, on_progress);
  });
}

int RunReplay(Request* request, Metrics* metrics) {
  AllowManyFiles();
  if (request->labels_from_path.has_value()) {
    request->options.labels_from_path = &*request->labels_from_path;
  }
  const Redactor redactor(std::move(request->redact));
  if (!request->lokis.empty()) return RunLokiReplay(*request, redactor, metrics);
  Replay replay(&request->rules, &redactor, request->options, metrics);
  return RunAny(*request, &replay, [&](auto on_transition, auto on_progress) {
    return replay.Run(request->paths, on_transition, on_progress);
  });
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
  // Never given back: the process ends after it, and to take a thousand rules and their metrics
  // apart takes as long as to read thirty megabytes.
  static Request* const request = new Request;
  static Metrics* const metrics = new Metrics;
  const absl::Status status =
      arguments.ok() ? ReadRequest(*arguments, request) : arguments.status();
  if (!status.ok()) {
    fprintf(stderr, "tallybell replay: %s\n", std::string(status.message()).c_str());
    return kExitUsage;
  }
  if (!LoadRulesAndConfiguration(*arguments, request)) return kExitUsage;
  return RunReplay(request, metrics);
}

}  // namespace tallybell
