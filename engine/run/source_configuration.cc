// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/source_configuration.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/run/configuration_fields.h"
#include "engine/run/source_format.h"
#include "engine/run/zone_field.h"
#include "rules/pattern_list.h"

namespace tallybell {
namespace {

using Kind = FileSourceConfig::Kind;

constexpr absl::string_view kPush = "loki_push";
constexpr absl::string_view kStdin = "stdin";
constexpr absl::string_view kLoki = "loki";

constexpr int64_t kMostLines = 10'000;  // of a record that is joined

struct KindRow {
  Kind kind;
  absl::string_view name;
  absl::string_view root;    // where the directory is, if nobody says otherwise
  absl::string_view format;  // of its lines
  DurationNs lateness;
};

// Containers write each line when it comes; Go's glog holds lines back for up to 30 s.
constexpr KindRow kKinds[] = {
    {Kind::kFile, "file", "", "auto", 45 * kSecond},
    {Kind::kDocker, "docker", "/var/lib/docker/containers", "docker", 10 * kSecond},
    {Kind::kKubernetes, "kubernetes", "/var/log/pods", "auto", 10 * kSecond},
};

// Of what is written into our standard input: mostly by a container or a journal.
constexpr DurationNs kPipeLateness = 10 * kSecond;

const KindRow& RowOf(Kind kind) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [kind](const KindRow& row) { return row.kind == kind; });
}

// A regex as it is written, because paths are full of the slashes that patterns stand between.
std::optional<Pattern> ReadPathPattern(ConfigurationFields* fields) {
  const std::string regex = fields->plain().String("labels_from_path", "");
  if (regex.empty()) return std::nullopt;
  const YamlScope scope = fields->scope().Within("labels_from_path");
  absl::StatusOr<Pattern> pattern = Pattern::Regex(regex, /*ignore_case=*/false);
  if (!pattern.ok()) {
    scope.Error(fields->NodeOf("labels_from_path"), pattern.status());
    return std::nullopt;
  }
  if (pattern->capture_names().empty()) {
    scope.Error(fields->NodeOf("labels_from_path"), "there is no named group in it",
                "write it like '/logs/(?P<host>[^/]+)/'");
  }
  return *std::move(pattern);
}

// A pattern as rules have it; null where the key is absent or wrong.
std::shared_ptr<const Pattern> ReadLinePattern(ConfigurationFields* fields, absl::string_view key) {
  const std::string text = fields->plain().String(key, "");
  if (text.empty()) return nullptr;
  absl::StatusOr<Pattern> pattern = ParsePattern(text);
  if (pattern.ok()) return std::make_shared<const Pattern>(*std::move(pattern));
  fields->scope().Within(key).Error(fields->NodeOf(key), pattern.status());
  return nullptr;
}

void ReadMultiline(ConfigurationFields* source, MultilineJoiner::Options* multiline) {
  const YamlNode* const node = source->plain().Find("multiline");
  if (node == nullptr) return;
  ConfigurationFields fields(source->scope().Within("multiline"), *node, source->directory());
  multiline->first = ReadLinePattern(&fields, "first");
  multiline->last = ReadLinePattern(&fields, "last");
  YamlFields& plain = fields.plain();
  multiline->max_lines =
      static_cast<int>(plain.Integer("max_lines", multiline->max_lines, 1, kMostLines));
  multiline->max_wait = plain.Duration("max_wait", multiline->max_wait, kHour);
  if (plain.Find("first") == nullptr && plain.Find("last") == nullptr) {
    fields.scope().Error(*node, "neither first nor last is there",
                         "first: '/^\\S/' begins a record with each line that is not indented");
  }
  plain.Finish();
}

// What every kind of source of lines has.
void ReadLineSource(ConfigurationFields* fields, absl::string_view format, DurationNs lateness,
                    LineSourceConfig* source) {
  source->labels = fields->LabelMap("labels");
  source->format = fields->Text("format", format);
  if (!IsFormatName(source->format)) {
    fields->scope().Within("format").Error(fields->NodeOf("format"),
                                           absl::StrCat("\"", source->format, "\" is not a format"),
                                           absl::StrCat("one of ", FormatNames()));
    source->format = "auto";
  }
  source->zone = ReadZone(fields);
  ReadMultiline(fields, &source->multiline);
  YamlFields& plain = fields->plain();
  source->lateness = plain.Duration("lateness", lateness, kDay);
  source->max_future = plain.Duration("max_future", source->max_future, 365 * kDay);
}

// What every kind of files has.
void ReadCommon(ConfigurationFields* fields, FileSourceConfig* source) {
  const KindRow& row = RowOf(source->kind);
  ReadLineSource(fields, row.format, row.lateness, source);
  source->stall_after = fields->plain().Duration("stall_after", source->stall_after, kDay);
  source->partial_flush = fields->plain().Duration("partial_flush", source->partial_flush, kDay);
  const std::string start_at = fields->Text("start_at", "beginning");
  if (start_at != "beginning" && start_at != "end") {
    fields->scope()
        .Within("start_at")
        .Error(fields->NodeOf("start_at"), "expected beginning or end");
  }
  source->start_at_end = start_at == "end";
}

void ReadContainers(ConfigurationFields* fields, FileSourceConfig* source) {
  source->root = fields->Path("root");
  if (source->root.empty()) source->root = std::string(RowOf(source->kind).root);
  while (source->root.size() > 1 && source->root.back() == '/') source->root.pop_back();
  source->include = fields->Texts("include");
  source->exclude = fields->Texts("exclude");
  const std::string keep = fields->plain().String("keep", "");
  if (keep.empty()) return;
  absl::StatusOr<Selector> selector = Selector::Parse(keep);
  if (selector.ok()) {
    source->keep = *std::move(selector);
  } else {
    fields->scope().Within("keep").Error(fields->NodeOf("keep"), selector.status());
  }
}

FileSourceConfig ReadSource(Kind kind, ConfigurationFields* fields) {
  FileSourceConfig source;
  source.kind = kind;
  if (kind == Kind::kFile) {
    source.paths = fields->Paths("paths");
    if (source.paths.empty()) fields->scope().Error(fields->node(), "paths are missing");
    source.labels_from_path = ReadPathPattern(fields);
  } else {
    ReadContainers(fields, &source);
  }
  ReadCommon(fields, &source);
  fields->plain().Finish();
  return source;
}

StdinSourceConfig ReadStdin(ConfigurationFields* fields) {
  StdinSourceConfig source;
  ReadLineSource(fields, "auto", kPipeLateness, &source);
  fields->plain().Finish();
  return source;
}

// A source is known by where its files are: that must be true of one only.
void RefuseTwice(const YamlScope& scope, const YamlNode& node, const FileSourceConfig& source,
                 const std::vector<FileSourceConfig>& sources) {
  const bool twice =
      std::any_of(sources.begin(), sources.end(),
                  [&source](const FileSourceConfig& other) { return other.Key() == source.Key(); });
  if (!twice || (source.kind == Kind::kFile && source.paths.empty())) return;
  scope.Error(node,
              source.kind == Kind::kFile
                  ? absl::StrCat("there is a source of these paths already: ",
                                 absl::StrJoin(source.paths, " "))
                  : absl::StrCat("there is a source of this kind for ", source.root, " already"));
}

void RefusePushTwice(const YamlScope& scope, const YamlNode& node,
                     const std::vector<PushSourceConfig>& pushes) {
  const std::string key = pushes.back().Key();
  for (size_t i = 0; i + 1 < pushes.size(); ++i) {
    if (pushes[i].Key() == key) scope.Error(node, "there is a source that listens there already");
  }
}

// The settings of a kind of source; a key without a value is enough: `docker:`.
const YamlNode* FindKind(YamlFields* kinds, const YamlNode& item, absl::string_view kind) {
  kinds->Find(kind);
  const auto entry = std::find_if(item.entries.begin(), item.entries.end(),
                                  [kind](const auto& each) { return each.key->text == kind; });
  return entry == item.entries.end() ? nullptr : entry->value;
}

void AddLokis(ConfigurationFields* fields, const YamlNode& item,
              std::vector<LokiSourceConfig>* lokis) {
  for (LokiSourceConfig& loki : ReadLokiSources(fields)) {
    const std::string key = loki.Key();
    const bool twice = std::any_of(lokis->begin(), lokis->end(),
                                   [&key](const auto& other) { return other.Key() == key; });
    if (twice) fields->scope().Error(item, "there is a source of this tenant and query already");
    lokis->push_back(std::move(loki));
  }
}

std::string KindNames() {
  std::string names = absl::StrCat(kLoki, ", ", kPush, ", ", kStdin);
  for (const KindRow& row : kKinds) absl::StrAppend(&names, ", ", row.name);
  return absl::StrCat("one of ", names);
}

}  // namespace

std::string FileSourceConfig::Key() const {
  return absl::StrCat(RowOf(kind).name, " ",
                      kind == Kind::kFile ? absl::StrJoin(paths, " ") : root);
}

void ReadSources(const YamlScope& scope, const YamlNode& node, const std::string* directory,
                 Configuration* configuration) {
  if (node.kind != YamlNode::Kind::kSequence) {
    scope.Error(node, "expected a list of sources", "- file: {paths: [...]}");
    return;
  }
  for (const YamlNode* const item : node.items) {
    YamlFields kinds(scope, *item);
    int found = 0;
    for (const KindRow& row : kKinds) {
      const YamlNode* const value = FindKind(&kinds, *item, row.name);
      if (value == nullptr) continue;
      ++found;
      ConfigurationFields fields(scope.Within(row.name), *value, directory);
      FileSourceConfig source = ReadSource(row.kind, &fields);
      RefuseTwice(fields.scope(), *item, source, configuration->files);
      configuration->files.push_back(std::move(source));
    }
    if (const YamlNode* const push = kinds.Find(kPush)) {
      ++found;
      ConfigurationFields fields(scope.Within(kPush), *push, directory);
      configuration->pushes.push_back(ReadPushSource(&fields));
      RefusePushTwice(fields.scope(), *item, configuration->pushes);
    }
    if (const YamlNode* const loki = kinds.Find(kLoki)) {
      ++found;
      ConfigurationFields fields(scope.Within(kLoki), *loki, directory);
      AddLokis(&fields, *item, &configuration->lokis);
    }
    if (const YamlNode* const value = FindKind(&kinds, *item, kStdin)) {
      ++found;
      ConfigurationFields fields(scope.Within(kStdin), *value, directory);
      if (configuration->standard_input.has_value()) {
        fields.scope().Error(*item, "there is a source of standard input already");
      }
      configuration->standard_input = ReadStdin(&fields);
    }
    if (found == 0) scope.Error(*item, "expected a kind of source", KindNames());
    if (found > 1)
      scope.Error(*item, "two kinds of source in one item", "an item of the list each");
    kinds.Finish();
  }
}

}  // namespace tallybell
