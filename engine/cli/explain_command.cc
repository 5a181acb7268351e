// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/stream_options.h"
#include "engine/run/line_explainer.h"
#include "engine/run/source_reader.h"
#include "rules/rule_loader.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {
    {"rules", "FILE|pack:NAME", "rules to try the lines with; may be repeated"},
    {"label", "NAME=VALUE", "a label of the stream; may be repeated"},
    {"format", "NAME", "what the lines look like (default: auto, found out from them)"},
    {"year", "N", "the year of the first line, where lines state none"},
    {"timezone", "ZONE", "the zone of stamps that state none (default: UTC)"},
    {"help", "", "this"},
};

// The format is found out from so many bytes, as a source does.
constexpr size_t kFirstBytes = SourceReader::kFormatBytes;

absl::StatusOr<LineExplainer::Options> ReadOptions(const Arguments& arguments) {
  ASSIGN_OR_RETURN(StreamOptions stream, StreamOptions::Read(arguments));
  if (arguments.operands().empty()) {
    return absl::InvalidArgumentError("no LINE; \"-\" reads lines from standard input");
  }
  LineExplainer::Options options;
  options.labels = std::move(stream.labels);
  options.format = std::move(stream.format);
  options.zone = stream.zone;
  options.first_year = stream.first_year;
  options.now = SystemClock().Now();
  return options;
}

void PrintRow(absl::string_view name, absl::string_view value) {
  printf("%-9s %.*s\n", std::string(name).c_str(), static_cast<int>(value.size()), value.data());
}

std::string Pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  return absl::StrJoin(pairs, " ", [](std::string* out, const auto& pair) {
    absl::StrAppend(out, pair.first, "=", DumpJson(pair.second));
  });
}

void PrintVerdicts(const RuleSet& rules, const std::vector<RuleVerdict>& verdicts) {
  size_t width = 0;
  for (const Rule& rule : rules.rules) width = std::max(width, rule.alert.size());
  constexpr const char* kWords[] = {"passes", "counts", "clears"};
  for (size_t i = 0; i < verdicts.size(); ++i) {
    const RuleVerdict& verdict = verdicts[i];
    printf("rule      %-*s  %s  %s", static_cast<int>(width), rules.rules[i].alert.c_str(),
           kWords[static_cast<int>(verdict.kind)], verdict.reason.c_str());
    if (!verdict.group.empty()) printf("  by %s", Pairs(verdict.group).c_str());
    printf("\n");
  }
}

void Print(absl::string_view line, const RuleSet& rules, const LineExplanation& explanation) {
  PrintRow("line", line);
  PrintRow("envelope", explanation.envelope.empty() ? "none" : explanation.envelope);
  PrintRow("format", explanation.format);
  const std::string time = explanation.time == kNoTime ? "none" : FormatRfc3339(explanation.time);
  PrintRow("time", explanation.time_origin.empty()
                       ? time
                       : absl::StrCat(time, " (", explanation.time_origin, ")"));
  PrintRow("severity", SeverityName(explanation.severity));
  if (!explanation.fields.empty()) PrintRow("fields", Pairs(explanation.fields));
  PrintVerdicts(rules, explanation.verdicts);
}

// Gives the lines of standard input, the first of them after enough to know the format.
class StandardInput {
 public:
  StandardInput() {
    while (bytes_.size() < kFirstBytes && Fill()) {
    }
  }

  absl::string_view first() const { return bytes_; }

  bool Next(std::string* line) {
    size_t newline;
    while ((newline = bytes_.find('\n', at_)) == std::string::npos &&
           bytes_.size() - at_ < kLongest && Fill()) {
    }
    if (at_ == bytes_.size()) return false;
    const size_t end = std::min(newline, bytes_.size());
    line->assign(bytes_, at_, end - at_);
    at_ = newline == std::string::npos ? bytes_.size() : newline + 1;
    if (at_ > kFirstBytes) bytes_.erase(0, std::exchange(at_, 0));
    return true;
  }

 private:
  static constexpr size_t kLongest = 1 << 20;  // bytes of a line; then it is shown in parts

  bool Fill() {
    char buffer[64 << 10];
    const size_t n = fread(buffer, 1, sizeof(buffer), stdin);
    bytes_.append(buffer, n);
    return n > 0;
  }

  std::string bytes_;
  size_t at_ = 0;
};

void ExplainStandardInput(const LineExplainer::Options& options, const RuleSet& rules) {
  StandardInput input;
  LineExplainer explainer(options, &rules, input.first());
  std::string line;
  for (bool first = true; input.Next(&line); first = false) {
    if (!first) printf("\n");
    Print(line, rules, explainer.Explain(line));
  }
}

}  // namespace

int ExplainCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (arguments.ok() && arguments->Has("help")) {
    printf(
        "tallybell explain [options] LINE...|-\n\n"
        "Says how lines are read (envelope, format, time and where it came from, severity,\n"
        "fields) and, with --rules, what each rule makes of them and why. The lines are read\n"
        "as one log: a line without a header inherits from the one before it.\n\n%s",
        DescribeOptions(kOptions).c_str());
    return kExitFine;
  }
  const absl::StatusOr<LineExplainer::Options> options =
      arguments.ok() ? ReadOptions(*arguments) : arguments.status();
  if (!options.ok()) {
    fprintf(stderr, "tallybell explain: %s\n", std::string(options.status().message()).c_str());
    return kExitUsage;
  }
  Diagnostics diagnostics;
  const RuleSet rules = LoadRules(arguments->All("rules"), &diagnostics);
  fputs(diagnostics.ToString().c_str(), stderr);
  if (diagnostics.HasErrors()) return kExitUsage;

  if (arguments->operands() == std::vector<std::string>{"-"}) {
    ExplainStandardInput(*options, rules);
    return kExitFine;
  }
  const std::string all = absl::StrJoin(arguments->operands(), "\n");
  LineExplainer explainer(*options, &rules, all);
  bool first = true;
  for (const absl::string_view line : absl::StrSplit(all, '\n')) {
    if (!std::exchange(first, false)) printf("\n");
    Print(line, rules, explainer.Explain(line));
  }
  return kExitFine;
}

}  // namespace tallybell
