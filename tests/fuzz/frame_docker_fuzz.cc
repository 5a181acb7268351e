// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a line of docker's json-file driver: what a library reads there is what we read.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "engine/base/json_string.h"
#include "engine/base/json_text.h"
#include "engine/frame/docker_line.h"
#include "engine/frame/runtime_stamp.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::DockerLine;
using tallybell::Json;
using tallybell::Require;

// The text of the last `key`, which the library keeps of a key that comes twice.
const std::string* TextOf(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get_ptr<const std::string*>() : nullptr;
}

void CompareWithLibrary(absl::string_view line, const Json& theirs) {
  DockerLine ours;
  std::string scratch;
  Require(tallybell::ScanDockerLine(line, &ours, &scratch));
  const std::string* const log = TextOf(theirs, "log");
  Require(ours.has_log == (log != nullptr));
  if (log != nullptr) {
    Require(ours.ends_line == absl::EndsWith(*log, "\n"));
    Require(ours.log == absl::StripSuffix(*log, "\n"));
  }
  const std::string* const time = TextOf(theirs, "time");
  Require(ours.has_time == (time != nullptr));
  std::string decoded;
  if (time != nullptr) {
    tallybell::DecodeJsonString(ours.time, &decoded);
    Require(decoded == *time);
  }
}

// What the library reads there: an object in which no key comes twice and none may be written with
// an escape, about which readers differ, and in which what counts is text. Else null.
Json ReadPlain(absl::string_view line) {
  if (absl::StrContains(line, "\\u") || absl::StrContains(line, '\0')) return nullptr;
  size_t keys = 0;
  const auto count = [&keys](int depth, Json::parse_event_t event, Json&) {
    keys += depth == 1 && event == Json::parse_event_t::key ? 1 : 0;
    return true;
  };
  Json theirs = Json::parse(line.begin(), line.end(), count, /*allow_exceptions=*/false);
  if (!theirs.is_object() || theirs.size() != keys) return nullptr;
  for (const char* const key : {"log", "stream", "time"}) {
    if (theirs.contains(key) && !theirs[key].is_string()) return nullptr;
  }
  return theirs;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  while (!input.empty()) {
    const absl::string_view line = input.Line();
    DockerLine ours;
    std::string scratch;
    if (tallybell::ScanDockerLine(line, &ours, &scratch)) {
      Require(ours.log.size() <= line.size() && !absl::EndsWith(ours.time, "\""));
    }
    const Json theirs = ReadPlain(line);
    if (!theirs.is_null()) CompareWithLibrary(line, theirs);

    absl::string_view rest = line;
    tallybell::RuntimeStamp stamp;
    if (tallybell::TakeRuntimeStamp(&rest, &stamp)) {
      Require(rest.size() < line.size() && absl::EndsWith(line, rest));
      const absl::string_view taken = line.substr(0, line.size() - rest.size());
      Require(tallybell::ParseRfc3339(absl::StripSuffix(taken, " ")).value() == stamp.time);
    } else {
      Require(rest == line);
    }
  }
  return 0;
}
