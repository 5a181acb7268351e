// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include <stdio.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/cli/arguments.h"
#include "engine/cli/commands.h"
#include "engine/cli/text_file.h"
#include "engine/run/configuration.h"
#include "rules/rule_loader.h"
#include "rules/yaml_document.h"

namespace tallybell {
namespace {

constexpr OptionSpec kOptions[] = {{"help", "", "this"}};

// A configuration names sources or sinks; a rule file has groups.
bool IsConfiguration(const std::string& file, const std::string& text) {
  Diagnostics unused;
  const YamlDocument document = YamlDocument::Parse(file, text, &unused);
  if (!document.ok()) return false;
  for (const YamlNode::Entry& entry : document.root().entries) {
    if (entry.key->text == "groups") return false;
  }
  for (const YamlNode::Entry& entry : document.root().entries) {
    for (const absl::string_view key : {"sources", "sinks", "rules", "state"}) {
      if (entry.key->text == key) return true;
    }
  }
  return false;
}

std::string Rules(size_t n) { return absl::StrCat(n, n == 1 ? " rule" : " rules"); }

// What is in `file`, for the line that says it is good.
std::string Check(const std::string& file, Diagnostics* diagnostics) {
  if (absl::StartsWith(file, "pack:")) return Rules(LoadRules({file}, diagnostics).rules.size());
  const absl::StatusOr<std::string> text = ReadTextFile(file);
  if (!text.ok()) {
    diagnostics->Add({Diagnostic::Kind::kError, {file, 0, 0}, "",
                      std::string(text.status().message()), ""});
    return "";
  }
  if (!IsConfiguration(file, *text)) {
    return Rules(LoadRulesFromText(file, *text, diagnostics).rules.size());
  }
  if (const auto whole = ReadConfigurationFile(file); !whole.ok()) {
    diagnostics->Add({Diagnostic::Kind::kError, {file, 0, 0}, "",
                      std::string(whole.status().message()), ""});
  }
  const Configuration configuration = LoadConfiguration(file, *text, diagnostics);
  const RuleSet rules = LoadConfiguredRules(configuration, diagnostics);
  return absl::StrCat("configuration, ", Rules(rules.rules.size()));
}

}  // namespace

int CheckCommand(const std::vector<std::string>& words) {
  const absl::StatusOr<Arguments> arguments = Arguments::Parse(kOptions, words);
  if (!arguments.ok() || arguments->Has("help") || arguments->operands().empty()) {
    const bool help = arguments.ok() && arguments->Has("help");
    if (!arguments.ok()) fprintf(stderr, "tallybell check: %s\n",
                                 std::string(arguments.status().message()).c_str());
    fprintf(help ? stdout : stderr, "tallybell check FILE...\n\n"
            "Checks rule files and configurations (and the rules that they name) and prints\n"
            "every fault as file:line:column. FILE may be pack:NAME.\n");
    return help ? kExitFine : kExitUsage;
  }
  bool bad = false;
  for (const std::string& file : arguments->operands()) {
    Diagnostics diagnostics;
    const std::string what = Check(file, &diagnostics);
    fputs(diagnostics.ToString().c_str(), stderr);
    bad = bad || diagnostics.HasErrors();
    if (!diagnostics.HasErrors()) printf("%s: good, %s\n", file.c_str(), what.c_str());
  }
  return bad ? kExitUsage : kExitFine;
}

}  // namespace tallybell
