// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/frame/docker_line.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/strip.h"
#include "engine/base/json_string.h"

namespace tallybell {
namespace {

void SkipSpace(absl::string_view* rest) {
  while (!rest->empty() && ((*rest)[0] == ' ' || (*rest)[0] == '\t' || (*rest)[0] == '\r')) {
    rest->remove_prefix(1);
  }
}

bool TakeChar(absl::string_view* rest, char c) {
  SkipSpace(rest);
  if (rest->empty() || (*rest)[0] != c) return false;
  rest->remove_prefix(1);
  return true;
}

// Takes a JSON string whose first quote is gone; `*raw` is what stands before the last.
bool TakeRestOfString(absl::string_view* rest, absl::string_view* raw) {
  const char* const begin = rest->data();
  const char* const end = begin + rest->size();
  const char* from = begin;
  while (true) {
    const auto* quote = static_cast<const char*>(std::memchr(from, '"', end - from));
    if (quote == nullptr) return false;
    // A quote behind an odd number of backslashes is part of the text. Only those behind `from` are
    // counted: before it stands a quote.
    const char* backslash = quote;
    while (backslash > from && backslash[-1] == '\\') --backslash;
    if ((quote - backslash) % 2 == 0) {
      *raw = absl::string_view(begin, quote - begin);
      rest->remove_prefix(quote + 1 - begin);
      return true;
    }
    from = quote + 1;
  }
}

// Takes a JSON string; `*raw` is what stands between the quotes.
bool TakeString(absl::string_view* rest, absl::string_view* raw) {
  return TakeChar(rest, '"') && TakeRestOfString(rest, raw);
}

// Passes over one value of any kind. Checks only as much as it takes to find its end.
bool SkipValue(absl::string_view* rest) {
  absl::string_view ignored;
  SkipSpace(rest);
  int64_t depth = 0;
  while (!rest->empty()) {
    const char c = (*rest)[0];
    if (c == '"') {
      if (!TakeString(rest, &ignored)) return false;
      if (depth == 0) return true;
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth < 0) return false;
    rest->remove_prefix(1);
    if (depth == 0 && (c == '}' || c == ']')) return true;
  }
  return false;
}

// Reads a line as the driver writes nearly all of them; false for any other.
bool ScanUsualLine(absl::string_view line, absl::string_view* log, DockerLine* docker) {
  return absl::ConsumePrefix(&line, "{\"log\":\"") && TakeRestOfString(&line, log) &&
         absl::ConsumePrefix(&line, ",\"stream\":\"") && TakeRestOfString(&line, &docker->stream) &&
         absl::ConsumePrefix(&line, ",\"time\":\"") && TakeRestOfString(&line, &docker->time) &&
         line == "}";
}

// Puts the text between the quotes into `*docker`. Every whole line ends with an escaped newline;
// where that is its only escape, nothing is copied.
void PutLog(absl::string_view raw, DockerLine* docker, std::string* scratch) {
  docker->has_log = true;
  const size_t backslash = raw.find('\\');
  if (backslash == absl::string_view::npos) {
    docker->log = raw;
  } else if (backslash + 2 == raw.size() && raw.back() == 'n') {
    docker->log = raw.substr(0, backslash);
    docker->ends_line = true;
  } else {
    DecodeJsonString(raw, scratch);
    docker->log = *scratch;
    docker->ends_line = absl::ConsumeSuffix(&docker->log, "\n");
  }
}

}  // namespace

bool ScanDockerLine(absl::string_view line, DockerLine* docker, std::string* scratch) {
  *docker = DockerLine();
  absl::string_view rest = line;
  absl::string_view raw_log;
  bool has_log = false;
  if (ScanUsualLine(line, &raw_log, docker)) {
    docker->has_time = true;
    PutLog(raw_log, docker, scratch);
    return true;
  }
  *docker = DockerLine();
  if (!TakeChar(&rest, '{')) return false;
  bool more = !TakeChar(&rest, '}');
  while (more) {
    absl::string_view key;
    if (!TakeString(&rest, &key) || !TakeChar(&rest, ':')) return false;
    if (key == "log") {
      if (!TakeString(&rest, &raw_log)) return false;
      has_log = true;
    } else if (key == "stream") {
      if (!TakeString(&rest, &docker->stream)) return false;
    } else if (key == "time") {
      if (!TakeString(&rest, &docker->time)) return false;
      docker->has_time = true;
    } else if (!SkipValue(&rest)) {
      return false;
    }
    more = TakeChar(&rest, ',');
    if (!more && !TakeChar(&rest, '}')) return false;
  }
  SkipSpace(&rest);
  if (!rest.empty()) return false;
  if (has_log) PutLog(raw_log, docker, scratch);
  return true;
}

}  // namespace tallybell
