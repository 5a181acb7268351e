// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Takes off what a container runtime puts around a line.
#ifndef TALLYBELL_ENGINE_FRAME_ENVELOPE_H_
#define TALLYBELL_ENGINE_FRAME_ENVELOPE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

enum class EnvelopeKind {
  kNone,
  kDocker,      // {"log":"text\n","stream":"stdout","time":"2024-05-01T12:32:30.4Z"}
  kCri,         // 2024-05-01T12:32:30.4Z stdout F text
  kDockerLogs,  // 2024-05-01T12:32:30.426698000Z text, as `docker logs -t` prints it
  kCompose,     // anka-registry-1  | text, as `docker compose logs` does; with -t the time, too
};

// "none", "docker", "cri", "docker-logs", "compose".
absl::string_view EnvelopeKindName(EnvelopeKind kind);

// One line without its envelope.
struct EnvelopedLine {
  absl::string_view text;
  // "stdout" or "stderr", for as long as the program runs; empty where nothing says which.
  absl::string_view stream;
  // The container that said it, where the envelope names one. A view of the line.
  absl::string_view name;
  // When the runtime read the line; kNoTime where nothing says when.
  TimeNs time = kNoTime;
  // The zone in which the envelope writes `time`, in seconds east of UTC.
  int utc_offset_seconds = 0;
  // The line goes on in the next one of its stream.
  bool partial = false;
  // The line does not wear the envelope; `text` is then the whole line as it came.
  bool malformed = false;
};

// Takes the envelope off `line`, one physical line without its newline. The text is a view of
// `line`, or of `*scratch` where escapes had to be decoded. Any bytes are allowed: escapes that
// mean nothing and lone surrogates become U+FFFD. Takes time linear in the line. Thread-safe.
EnvelopedLine Unwrap(EnvelopeKind kind, absl::string_view line, std::string* scratch);

// Whether `line` wears the envelope so plainly that it is no coincidence: with all that its kind
// states, and as precisely as runtimes write it.
bool Wears(EnvelopeKind kind, absl::string_view line, std::string* scratch);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_FRAME_ENVELOPE_H_
