// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope.h"

#include "absl/status/statusor.h"
#include "engine/frame/compose_prefix.h"
#include "engine/frame/docker_line.h"
#include "engine/frame/runtime_stamp.h"

namespace tallybell {
namespace {

// The same name in storage that outlives every line.
absl::string_view KnownStream(absl::string_view name) {
  if (name == "stdout") return "stdout";
  if (name == "stderr") return "stderr";
  return "";
}

EnvelopedLine Malformed(absl::string_view line) {
  EnvelopedLine result;
  result.text = line;
  result.malformed = true;
  return result;
}

EnvelopedLine UnwrapDocker(absl::string_view line, std::string* scratch) {
  DockerLine docker;
  if (!ScanDockerLine(line, &docker, scratch)) return Malformed(line);
  // The driver leaves `log` out when the line is empty, so that one without it is a line only if it
  // has the time.
  if (!docker.has_log && !docker.has_time) return Malformed(line);
  EnvelopedLine result;
  result.text = docker.log;
  result.stream = KnownStream(docker.stream);
  result.partial = docker.has_log && !docker.ends_line;
  if (docker.has_time) {
    const absl::StatusOr<TimeNs> time = ParseRfc3339(docker.time);
    if (time.ok()) result.time = *time;
  }
  return result;
}

// Takes the word before the next space, and that space.
absl::string_view TakeWord(absl::string_view* rest) {
  const absl::string_view word = rest->substr(0, rest->find(' '));
  rest->remove_prefix(word.size() < rest->size() ? word.size() + 1 : word.size());
  return word;
}

EnvelopedLine UnwrapCri(absl::string_view line) {
  RuntimeStamp stamp;
  absl::string_view rest = line;
  if (!TakeRuntimeStamp(&rest, &stamp)) return Malformed(line);
  EnvelopedLine result;
  result.stream = KnownStream(TakeWord(&rest));
  const absl::string_view tags = TakeWord(&rest);
  const absl::string_view tag = tags.substr(0, tags.find(':'));
  if (result.stream.empty() || (tag != "P" && tag != "F")) return Malformed(line);
  result.text = rest;
  result.time = stamp.time;
  result.utc_offset_seconds = stamp.utc_offset_seconds;
  result.partial = tag == "P";
  return result;
}

EnvelopedLine UnwrapDockerLogs(absl::string_view line) {
  RuntimeStamp stamp;
  EnvelopedLine result;
  result.text = line;
  result.malformed = !TakeRuntimeStamp(&result.text, &stamp);
  if (result.malformed) return result;
  result.time = stamp.time;
  result.utc_offset_seconds = stamp.utc_offset_seconds;
  return result;
}

EnvelopedLine UnwrapCompose(absl::string_view line) {
  EnvelopedLine result;
  result.text = line;
  result.malformed = !TakeComposePrefix(&result.text, &result.name);
  if (result.malformed) return result;
  // A program's own stamp stays; that of the runtime is as fine as no program writes it.
  RuntimeStamp stamp;
  absl::string_view rest = result.text;
  if (TakeRuntimeStamp(&rest, &stamp) && stamp.fraction_digits >= RuntimeStamp::kSurelyDigits) {
    result.text = rest;
    result.time = stamp.time;
    result.utc_offset_seconds = stamp.utc_offset_seconds;
  }
  return result;
}

}  // namespace

absl::string_view EnvelopeKindName(EnvelopeKind kind) {
  switch (kind) {
    case EnvelopeKind::kNone:
      return "none";
    case EnvelopeKind::kDocker:
      return "docker";
    case EnvelopeKind::kCri:
      return "cri";
    case EnvelopeKind::kDockerLogs:
      return "docker-logs";
    case EnvelopeKind::kCompose:
      return "compose";
  }
  return "none";
}

EnvelopedLine Unwrap(EnvelopeKind kind, absl::string_view line, std::string* scratch) {
  switch (kind) {
    case EnvelopeKind::kDocker:
      return UnwrapDocker(line, scratch);
    case EnvelopeKind::kCri:
      return UnwrapCri(line);
    case EnvelopeKind::kDockerLogs:
      return UnwrapDockerLogs(line);
    case EnvelopeKind::kCompose:
      return UnwrapCompose(line);
    case EnvelopeKind::kNone:
      break;
  }
  EnvelopedLine result;
  result.text = line;
  return result;
}

bool Wears(EnvelopeKind kind, absl::string_view line, std::string* scratch) {
  if (kind == EnvelopeKind::kDockerLogs) {
    // Programs state a time at the front of a line as well, but hardly ever nanoseconds.
    RuntimeStamp stamp;
    return TakeRuntimeStamp(&line, &stamp) && stamp.fraction_digits >= RuntimeStamp::kSurelyDigits;
  }
  const EnvelopedLine unwrapped = Unwrap(kind, line, scratch);
  if (unwrapped.malformed) return false;
  if (kind == EnvelopeKind::kCompose) return !unwrapped.name.empty();
  // A program's own JSON may have a `log` of its own; it has hardly the other two beside it.
  return unwrapped.time != kNoTime && !unwrapped.stream.empty();
}

}  // namespace tallybell
