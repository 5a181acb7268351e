// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/envelope.h"

#include "absl/status/statusor.h"
#include "engine/frame/docker_line.h"

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

// Seconds east of UTC of an RFC 3339 time that is known to be well formed.
int UtcOffsetSeconds(absl::string_view rfc3339) {
  const char last = rfc3339.back();
  if (last == 'Z' || last == 'z') return 0;
  const absl::string_view offset = rfc3339.substr(rfc3339.size() - 6);  // +hh:mm
  const auto two_digits = [offset](int at) {
    return (offset[at] - '0') * 10 + (offset[at + 1] - '0');
  };
  const int seconds = (two_digits(1) * 60 + two_digits(4)) * 60;
  return offset[0] == '-' ? -seconds : seconds;
}

// Takes the word before the next space, and that space.
absl::string_view TakeWord(absl::string_view* rest) {
  const absl::string_view word = rest->substr(0, rest->find(' '));
  rest->remove_prefix(word.size() < rest->size() ? word.size() + 1 : word.size());
  return word;
}

EnvelopedLine UnwrapCri(absl::string_view line) {
  // The shortest stamp has 20 characters; the longest, nine fraction digits and an offset, has 35.
  static constexpr size_t kLongestStamp = 35;
  if (line.substr(0, kLongestStamp + 1).find(' ') == absl::string_view::npos) {
    return Malformed(line);
  }
  absl::string_view rest = line;
  const absl::string_view stamp = TakeWord(&rest);
  if (stamp.empty() || stamp[0] < '0' || stamp[0] > '9') return Malformed(line);
  const absl::StatusOr<TimeNs> time = ParseRfc3339(stamp);
  EnvelopedLine result;
  result.stream = KnownStream(TakeWord(&rest));
  const absl::string_view tags = TakeWord(&rest);
  const absl::string_view tag = tags.substr(0, tags.find(':'));
  if (!time.ok() || result.stream.empty() || (tag != "P" && tag != "F")) return Malformed(line);
  result.text = rest;
  result.time = *time;
  result.utc_offset_seconds = UtcOffsetSeconds(stamp);
  result.partial = tag == "P";
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
  }
  return "none";
}

EnvelopedLine Unwrap(EnvelopeKind kind, absl::string_view line, std::string* scratch) {
  switch (kind) {
    case EnvelopeKind::kDocker:
      return UnwrapDocker(line, scratch);
    case EnvelopeKind::kCri:
      return UnwrapCri(line);
    case EnvelopeKind::kNone:
      break;
  }
  EnvelopedLine result;
  result.text = line;
  return result;
}

}  // namespace tallybell
