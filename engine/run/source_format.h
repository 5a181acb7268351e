// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_RUN_SOURCE_FORMAT_H_
#define TALLYBELL_ENGINE_RUN_SOURCE_FORMAT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/frame/envelope.h"
#include "engine/frame/multiline_joiner.h"
#include "engine/parse/line_parser.h"

namespace tallybell {

// What the lines of one source look like.
struct SourceFormat {
  EnvelopeKind envelope = EnvelopeKind::kNone;
  const LineFormat* lines = nullptr;  // a row of the table; lives for ever
  bool found_out = false;             // nobody named `lines`: some lines may be of another format
  // JSON objects are printed over several lines each, from a line that begins with { to one that
  // begins with }.
  bool objects = false;
  std::string host;  // that the file's header names; may be empty

  // "glog", "plain in docker json-file".
  std::string Describe() const;
  // Whether no line states a time or inherits anything: plain lines without an envelope.
  bool states_nothing() const;
  // How lines are joined, if they are; `objects` is so.
  static MultilineJoiner::Options JoinObjects();
  // Reads its lines; `wanted` outlives that.
  LineParser Parser(const WantedFields* wanted) const {
    return found_out ? LineParser::Mostly(*lines, wanted) : LineParser::Only(*lines, wanted);
  }
};

// Whether `name` is "auto", an envelope ("docker", "docker-logs", ...) or a line format.
bool IsFormatName(absl::string_view name);

// "auto, docker, cri, docker-logs, compose, glog, ...".
std::string FormatNames();

// Decides from the first lines of a source, of which `name` fixes what it names: an envelope
// (its lines are still found out) or a line format (without envelope). `name` is IsFormatName.
SourceFormat DetectFormat(absl::string_view name, absl::string_view first_lines);

// From the names of its two parts, as a state file keeps them; NotFound if they are of no format.
absl::StatusOr<SourceFormat> RestoreFormat(absl::string_view envelope, absl::string_view lines);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_RUN_SOURCE_FORMAT_H_
