// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// What a SourceReader remembers over a restart.
#include <algorithm>
#include <utility>

#include "engine/base/json_text.h"
#include "engine/base/status_macros.h"
#include "engine/run/source_reader.h"

namespace tallybell {

uint64_t SourceReader::resume_offset() const {
  const uint64_t held = sequence_ == nullptr ? joiner_.HeldFrom() : sequence_->HeldFrom();
  return std::min(resume_offset_, held);
}

std::string SourceReader::SaveState() const {
  Json state = {{"counted", resume_offset_},
                {"boundary", marks_.next()},
                {"mark", times_.any()},
                {"first", times_.first()},
                {"last_mark", times_.last_mark()},
                {"clock", times_.clock().Encode()}};
  if (format_.has_value()) {
    state["format"] = std::string(format_->lines->name);
    state["envelope"] = std::string(EnvelopeKindName(format_->envelope));
    state["host"] = format_->host;
    state["found_out"] = format_->found_out;
    state["objects"] = format_->objects;
    state["settled"] = format_settled_;
  }
  Json contexts = Json::array();
  for (const SourceContexts::Context& context : contexts_.all()) {
    contexts.push_back({context.time, context.text});
  }
  state["contexts"] = std::move(contexts);
  if (early_.told()) state["early"] = early_.Save();
  if (sequence_ != nullptr) {
    state["names"] = streams_.names();
    state["unfinished"] = sequence_->Save();
  }
  return DumpJson(state);
}

namespace {

absl::Status Bad() { return absl::InvalidArgumentError("not the state of a source"); }

absl::StatusOr<std::vector<SourceContexts::Context>> ReadContexts(const Json& state) {
  constexpr size_t kMost = SourceStreams::kStreams + SourceStreams::kMaxNames + 1;
  if (!state.is_array() || state.size() < SourceStreams::kStreams || state.size() > kMost) {
    return Bad();
  }
  std::vector<SourceContexts::Context> contexts;
  for (const Json& context : state) {
    if (!context.is_array() || context.size() != 2 || !context[0].is_number_integer() ||
        !context[1].is_string()) {
      return Bad();
    }
    contexts.push_back({context[1].get<std::string>(), context[0].get<int64_t>()});
  }
  return contexts;
}

absl::StatusOr<SourceFormat> ReadFormat(const Json& state) {
  for (const char* key : {"format", "envelope", "host"}) {
    if (!state.contains(key) || !state[key].is_string()) return Bad();
  }
  ASSIGN_OR_RETURN(SourceFormat format, RestoreFormat(state["envelope"].get<std::string>(),
                                                      state["format"].get<std::string>()));
  format.host = state["host"].get<std::string>();
  format.found_out = state.contains("found_out") && state["found_out"] == true;
  format.objects = state.contains("objects") && state["objects"] == true;
  return format;
}

absl::StatusOr<std::vector<std::string>> ReadNames(const Json& state) {
  if (!state.is_array() || state.size() > SourceStreams::kMaxNames) return Bad();
  std::vector<std::string> names;
  for (const Json& name : state) {
    if (!name.is_string()) return Bad();
    names.push_back(name.get<std::string>());
  }
  return names;
}

}  // namespace

absl::Status SourceReader::RestoreState(absl::string_view text) {
  ASSIGN_OR_RETURN(const Json state, ParseJson(text));
  const auto is_number = [&state](const char* key) {
    return state.contains(key) && state[key].is_number_unsigned();
  };
  if (!state.is_object() || !is_number("counted") || !is_number("boundary") ||
      !state.contains("clock") || !state["clock"].is_string() || !state.contains("contexts")) {
    return Bad();
  }
  ASSIGN_OR_RETURN(std::vector<SourceContexts::Context> contexts, ReadContexts(state["contexts"]));
  counted_to_ = state["counted"].get<uint64_t>();
  if (state.contains("early") && !early_.Restore(state["early"])) return Bad();
  if (state.contains("names")) {
    ASSIGN_OR_RETURN(const std::vector<std::string> names, ReadNames(state["names"]));
    streams_.RestoreNames(names);
  }
  if (state.contains("format")) {
    ASSIGN_OR_RETURN(SourceFormat format, ReadFormat(state));
    SetFormat(std::move(format));
    format_settled_ = state.contains("settled") && state["settled"] == true;
    if (sequence_ != nullptr && state.contains("unfinished") &&
        !sequence_->Restore(state["unfinished"], counted_to_)) {
      return Bad();
    }
  }
  RETURN_IF_ERROR(times_.clock().Decode(state["clock"].get<std::string>()));
  const auto time = [&state](const char* key) {
    const bool stated = state.contains(key) && state[key].is_number_integer();
    return stated ? state[key].get<int64_t>() : kNoTime;
  };
  times_.Restore(state.contains("mark") && state["mark"] == true, time("first"), time("last_mark"));
  marks_.GoTo(std::max(state["boundary"].get<uint64_t>(), options_.offset));
  contexts_.Restore(std::move(contexts));
  return absl::OkStatus();
}

}  // namespace tallybell
