// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/base/clock.h"
#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/line_summary.h"
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
    {"summary", "", "count what the lines of files are instead: each operand is a PATH"},
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

void Print(const RuleSet& rules, const LineExplanation& explanation) {
  PrintRow("line", explanation.text);
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

// Gives the lines of a stream, the first of them after enough to know the format.
class LineInput {
 public:
  explicit LineInput(FILE* stream) : stream_(stream) {
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
    const size_t n = fread(buffer, 1, sizeof(buffer), stream_);
    bytes_.append(buffer, n);
    return n > 0;
  }

  FILE* const stream_;
  std::string bytes_;
  size_t at_ = 0;
};

using NextLine = absl::FunctionRef<bool(std::string*)>;

// Prints what is explained, with a blank line between each two.
void ExplainLines(const LineExplainer::Options& options, const RuleSet& rules,
                  absl::string_view first_lines, NextLine next) {
  LineExplainer explainer(options, &rules, first_lines);
  bool first = true;
  const auto print = [&](const LineExplanation& explanation) {
    if (!std::exchange(first, false)) printf("\n");
    Print(rules, explanation);
  };
  std::string line;
  while (next(&line)) explainer.Explain(line, print);
  explainer.Finish(print);
}

// A row for each file.
int Summarize(const LineExplainer::Options& options, const std::vector<std::string>& files) {
  const RuleSet no_rules;
  fputs(LineSummary::Head().c_str(), stdout);
  for (const std::string& file : files) {
    FILE* const stream = file == "-" ? stdin : fopen(file.c_str(), "r");
    if (stream == nullptr) {
      fprintf(stderr, "tallybell explain: %s: %s\n", file.c_str(), strerror(errno));
      return kExitTrouble;
    }
    LineInput input(stream);
    LineExplainer explainer(options, &no_rules, input.first());
    LineSummary summary(file, explainer.format());
    const auto add = [&](const LineExplanation& explanation) { summary.Add(explanation); };
    std::string line;
    while (input.Next(&line)) explainer.Explain(line, add);
    explainer.Finish(add);
    fputs(summary.Row().c_str(), stdout);
    if (stream != stdin) fclose(stream);
  }
  return kExitFine;
}

}  // namespace

int ExplainCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (arguments.ok() && arguments->Has("help")) {
    printf(
        "tallybell explain [options] LINE...|-\ntallybell explain --summary [options] PATH...\n\n"
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

  if (arguments->Has("summary")) return Summarize(*options, arguments->operands());
  if (arguments->operands() == std::vector<std::string>{"-"}) {
    LineInput input(stdin);
    ExplainLines(*options, rules, input.first(),
                 [&](std::string* line) { return input.Next(line); });
    return kExitFine;
  }
  const std::string all = absl::StrJoin(arguments->operands(), "\n");
  std::vector<std::string> lines = absl::StrSplit(all, '\n');
  size_t next = 0;
  ExplainLines(*options, rules, all, [&](std::string* line) {
    if (next == lines.size()) return false;
    *line = std::move(lines[next++]);
    return true;
  });
  return kExitFine;
}

}  // namespace tallybell
