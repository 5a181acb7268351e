// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/run/push_streams.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/source/push_digest.h"

namespace tallybell {
namespace {

std::string SaveStream(const PushStream& stream) {
  Json labels = Json::object();
  for (const Labels::Pair& pair : stream.pushed.pairs()) labels[pair.first] = pair.second;
  Json state = {{"labels", std::move(labels)},
                {"tenant", stream.tenant},
                {"entries", stream.entries},
                {"severity", std::string(SeverityName(stream.severity))},
                {"header", stream.header}};
  if (stream.format_found) {
    state["envelope"] = std::string(EnvelopeKindName(stream.format.envelope));
    state["format"] = std::string(stream.format.lines->name);
  }
  return DumpJson(state);
}

// The text under `key`, or nothing.
std::string TextOf(const Json& state, const char* key) {
  const auto found = state.find(key);
  return found != state.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

PushStreams::PushStreams(absl::string_view key, const LabelTemplates* templates,
                         const RuleMatcher* matcher, const std::vector<PositionRow>& stored)
    : prefix_(absl::StrCat(key, "\nstream ")), templates_(templates), matcher_(matcher) {
  for (const PositionRow& row : stored) {
    if (!absl::StartsWith(row.source, prefix_)) continue;
    if (streams_.size() == kMost || !Restore(row)) erased_.push_back({row.source, "", true});
  }
}

std::string PushStreams::RowSuffix(const Labels& pushed, absl::string_view tenant) {
  return FormatPushDigest(DigestOf({tenant, FormatLabels(pushed)}));
}

void PushStreams::Derive(PushStream* stream) const {
  Labels labels = stream->pushed;
  if (!stream->tenant.empty()) labels.Set("tenant", stream->tenant);
  TemplateInput input;
  const Labels before = labels;
  input.labels = &before;
  for (const auto& [name, text] : *templates_) {
    // A template that finds nothing to say takes nothing away.
    const std::string value = text.Render(input);
    if (!value.empty()) labels.Set(name, value);
  }
  stream->labels = std::move(labels);
  stream->rules = matcher_->RulesOf(stream->labels);
  stream->watched = false;
  stream->started = false;
}

PushStream* PushStreams::Get(const Labels& pushed, absl::string_view tenant) {
  const std::string row = absl::StrCat(prefix_, RowSuffix(pushed, tenant));
  const auto found = by_row_.find(row);
  if (found != by_row_.end()) {
    streams_.splice(streams_.begin(), streams_, found->second);
    streams_.front().changed = true;
    return &streams_.front();
  }
  if (streams_.size() == kMost) {
    erased_.push_back({streams_.back().row, "", true});
    by_row_.erase(streams_.back().row);
    streams_.pop_back();
  }
  PushStream& stream = streams_.emplace_front();
  stream.pushed = pushed;
  stream.tenant = std::string(tenant);
  stream.row = row;
  Derive(&stream);
  by_row_.emplace(row, streams_.begin());
  return &stream;
}

bool PushStreams::Restore(const PositionRow& row) {
  const absl::StatusOr<Json> state = ParseJson(row.state);
  if (!state.ok() || !state->is_object() || !state->contains("labels") ||
      !(*state)["labels"].is_object()) {
    return false;
  }
  Labels pushed;
  for (const auto& [name, value] : (*state)["labels"].items()) {
    if (value.is_string()) pushed.Set(name, value.get_ref<const std::string&>());
  }
  PushStream* const stream = Get(pushed, TextOf(*state, "tenant"));
  // A row that is not under the name that its labels give it is no row of ours.
  if (stream->row != row.source) return false;
  const std::string format = TextOf(*state, "format");
  if (!format.empty()) {
    absl::StatusOr<SourceFormat> restored = RestoreFormat(TextOf(*state, "envelope"), format);
    if (restored.ok()) {
      stream->format = *std::move(restored);
      stream->format.found_out = true;
      stream->format_found = true;
    }
  }
  stream->header = TextOf(*state, "header");
  stream->severity = SeverityFromWord(TextOf(*state, "severity"));
  if (state->contains("entries") && (*state)["entries"].is_number_unsigned()) {
    stream->entries = (*state)["entries"].get<uint64_t>();
  }
  stream->changed = false;
  return true;
}

void PushStreams::UseRules(const RuleMatcher* matcher) {
  matcher_ = matcher;
  for (PushStream& stream : streams_) Derive(&stream);
}

void PushStreams::Save(Delta* delta) {
  for (PositionRow& row : erased_) delta->positions.push_back(std::move(row));
  erased_.clear();
  // What was pushed since stands in front.
  for (PushStream& stream : streams_) {
    if (!stream.changed) break;
    stream.changed = false;
    delta->positions.push_back({stream.row, SaveStream(stream)});
  }
}

bool PushStreams::Unsaved() const {
  return !erased_.empty() || (!streams_.empty() && streams_.front().changed);
}

}  // namespace tallybell
