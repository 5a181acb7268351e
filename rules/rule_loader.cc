// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/rule_loader.h"

#include <glob.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rules/packs.h"
#include "rules/rule_reader.h"
#include "rules/yaml_document.h"

namespace tallybell {
namespace {

constexpr absl::string_view kPackPrefix = "pack:";

void AddWholeFile(Diagnostic::Kind kind, absl::string_view file, std::string message,
                  std::string advice, Diagnostics* diagnostics) {
  diagnostics->Add({kind, {std::string(file), 0, 0}, "", std::move(message), std::move(advice)});
}

// Reads at most one byte more than a rule file may have. False with errno set.
bool ReadFile(const std::string& path, std::string* text) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (file == nullptr) return false;
  char buffer[16 * 1024];
  while (text->size() <= kMaxYamlBytes) {
    const size_t got = std::fread(buffer, 1, sizeof(buffer), file.get());
    text->append(buffer, got);
    if (got < sizeof(buffer)) break;
  }
  return std::ferror(file.get()) == 0;
}

// The paths that `pattern` names, sorted. A name without wildcards, or of a file that is there as
// it is written, names itself.
std::vector<std::string> ExpandGlob(const std::string& pattern) {
  struct stat status;
  if (absl::string_view(pattern).find_first_of("*?[") == absl::string_view::npos ||
      stat(pattern.c_str(), &status) == 0) {
    return {pattern};
  }
  std::vector<std::string> paths;
  glob_t found;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return paths;
}

// Takes file after file, and at the end looks at what they are to one another.
class RuleSetLoader {
 public:
  explicit RuleSetLoader(Diagnostics* diagnostics) : diagnostics_(diagnostics) {}

  void Load(const std::string& name) {
    if (absl::StartsWith(name, kPackPrefix)) {
      LoadPack(name);
      return;
    }
    const std::vector<std::string> paths = ExpandGlob(name);
    if (paths.empty()) {
      AddWholeFile(Diagnostic::Kind::kWarning, name, "no file fits this pattern", "", diagnostics_);
    }
    for (const std::string& path : paths) LoadFile(path);
  }

  void LoadText(absl::string_view file, absl::string_view text) {
    const size_t before = diagnostics_->all().size();
    const YamlDocument document = YamlDocument::Parse(file, text, diagnostics_);
    ReadRuleFile(document, diagnostics_, &set_.rules);
    diagnostics_->SortFrom(before);
  }

  RuleSet Finish() {
    RefuseTwins();
    std::map<std::pair<std::string, std::string>, int> seen;
    for (Rule& rule : set_.rules) rule.ordinal = seen[{rule.group, rule.alert}]++;
    return std::move(set_);
  }

 private:
  void LoadPack(const std::string& name) {
    if (!names_.insert(name).second) return;
    std::vector<std::string> known;
    for (const Pack& pack : BuiltInPacks()) {
      known.push_back(absl::StrCat(kPackPrefix, pack.name));
      if (known.back() == name) return LoadText(name, pack.text);
    }
    AddWholeFile(Diagnostic::Kind::kError, name, "there is no such pack",
                 absl::StrCat("the packs are ", absl::StrJoin(known, ", ")), diagnostics_);
  }

  void LoadFile(const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0) return CannotRead(path, std::strerror(errno));
    if (S_ISDIR(status.st_mode)) {
      AddWholeFile(Diagnostic::Kind::kError, path, "this is a directory",
                   absl::StrCat("write ", absl::StripSuffix(path, "/"), "/*.yaml"), diagnostics_);
      return;
    }
    // Globs may overlap; a file is one file under whatever name.
    if (S_ISREG(status.st_mode) && !files_.insert({status.st_dev, status.st_ino}).second) return;
    std::string text;
    if (!ReadFile(path, &text)) return CannotRead(path, std::strerror(errno));
    LoadText(path, text);
  }

  void CannotRead(const std::string& path, absl::string_view why) {
    AddWholeFile(Diagnostic::Kind::kError, path, absl::StrCat("cannot read this file: ", why), "",
                 diagnostics_);
  }

  // Two rules with equal group, name and labels would be one alert told by two.
  void RefuseTwins() {
    std::map<std::tuple<std::string, std::string, std::string>, Place> seen;
    for (const Rule& rule : set_.rules) {
      const auto [it, fresh] = seen.insert({{rule.group, rule.alert, rule.labels_key}, rule.place});
      if (fresh) continue;
      diagnostics_->Add({Diagnostic::Kind::kError, rule.place,
                         absl::StrCat("group ", rule.group, " > alert ", rule.alert),
                         absl::StrCat("a rule with this group, name and labels is at ",
                                      it->second.file, ":", it->second.line),
                         "give one of them another name or label"});
    }
  }

  Diagnostics* diagnostics_;
  RuleSet set_;
  std::set<std::string> names_;
  std::set<std::pair<dev_t, ino_t>> files_;
};

}  // namespace

RuleSet LoadRules(const std::vector<std::string>& names, Diagnostics* diagnostics) {
  RuleSetLoader loader(diagnostics);
  for (const std::string& name : names) loader.Load(name);
  return loader.Finish();
}

RuleSet LoadRulesFromText(absl::string_view file, absl::string_view text,
                          Diagnostics* diagnostics) {
  RuleSetLoader loader(diagnostics);
  loader.LoadText(file, text);
  return loader.Finish();
}

}  // namespace tallybell
