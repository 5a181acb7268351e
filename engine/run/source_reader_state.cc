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
  return std::min(resume_offset_, joiner_.HeldFrom());
}

std::string SourceReader::SaveState() const {
  Json state = {{"counted", resume_offset_},
                {"boundary", next_boundary_},
                {"mark", any_mark_},
                {"last_mark", last_mark_},
                {"clock", clock_.Encode()}};
  if (format_.has_value()) {
    state["format"] = std::string(format_->lines->name);
    state["envelope"] = std::string(EnvelopeKindName(format_->envelope));
    state["host"] = format_->host;
    state["found_out"] = format_->found_out;
    state["settled"] = format_settled_;
  }
  Json contexts = Json::array();
  for (const Context& context : contexts_) contexts.push_back({context.time, context.text});
  state["contexts"] = std::move(contexts);
  return DumpJson(state);
}

absl::Status SourceReader::RestoreState(absl::string_view text) {
  ASSIGN_OR_RETURN(const Json state, ParseJson(text));
  const auto bad = [] { return absl::InvalidArgumentError("not the state of a source"); };
  const auto is_number = [&state](const char* key) {
    return state.contains(key) && state[key].is_number_unsigned();
  };
  if (!state.is_object() || !is_number("counted") || !is_number("boundary") ||
      !state.contains("clock") || !state["clock"].is_string() || !state.contains("contexts") ||
      !state["contexts"].is_array() || state["contexts"].size() != SourceStreams::kStreams) {
    return bad();
  }
  for (const Json& context : state["contexts"]) {
    if (!context.is_array() || context.size() != 2 || !context[0].is_number_integer() ||
        !context[1].is_string()) {
      return bad();
    }
  }
  if (state.contains("format")) {
    for (const char* key : {"format", "envelope", "host"}) {
      if (!state.contains(key) || !state[key].is_string()) return bad();
    }
    ASSIGN_OR_RETURN(SourceFormat format, RestoreFormat(state["envelope"].get<std::string>(),
                                                        state["format"].get<std::string>()));
    format.host = state["host"].get<std::string>();
    format.found_out = state.contains("found_out") && state["found_out"] == true;
    SetFormat(std::move(format));
    format_settled_ = state.contains("settled") && state["settled"] == true;
  }
  any_mark_ = state.contains("mark") && state["mark"] == true;
  if (state.contains("last_mark") && state["last_mark"].is_number_integer()) {
    last_mark_ = state["last_mark"].get<int64_t>();
  }
  RETURN_IF_ERROR(clock_.Decode(state["clock"].get<std::string>()));
  counted_to_ = state["counted"].get<uint64_t>();
  next_boundary_ = std::max(state["boundary"].get<uint64_t>(), options_.offset);
  for (int i = 0; i < SourceStreams::kStreams; ++i) {
    contexts_[i].time = state["contexts"][i][0].get<int64_t>();
    contexts_[i].text = state["contexts"][i][1].get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace tallybell
