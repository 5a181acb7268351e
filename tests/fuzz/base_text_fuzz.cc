// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as an instant, a duration, JSON and a text to be shown: libraries that do the same
// agree, and what is written reads back.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/json_string.h"
#include "engine/base/json_text.h"
#include "engine/base/time_ns.h"
#include "engine/base/utf8.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

using tallybell::Require;

void CheckInstant(absl::string_view text) {
  const absl::StatusOr<tallybell::TimeNs> instant = tallybell::ParseRfc3339(text);
  if (!instant.ok()) return;
  Require(tallybell::ParseRfc3339(tallybell::FormatRfc3339(*instant)).value() == *instant);
  tallybell::FormatRfc3339Millis(*instant);
  // The library knows neither a blank in the middle nor a leap second.
  if (text[10] == ' ' || text.substr(17, 2) == "60") return;
  absl::Time theirs;
  std::string error;
  Require(absl::ParseTime(absl::RFC3339_full, std::string(text), &theirs, &error));
  Require(absl::ToUnixNanos(theirs) == *instant);
}

void CheckDuration(absl::string_view text) {
  const absl::StatusOr<tallybell::DurationNs> duration = tallybell::ParseDuration(text);
  if (!duration.ok()) return;
  Require(*duration >= 0);
  Require(tallybell::ParseDuration(tallybell::FormatDuration(*duration)).value() == *duration);
}

void CheckJsonString(absl::string_view raw) {
  std::string decoded;
  tallybell::DecodeJsonString(raw, &decoded);
  Require(decoded.size() <= 3 * raw.size());
  if (absl::StrContains(raw, '\0')) return;  // which the library takes for the end
  const std::string quoted = absl::StrCat("\"", raw, "\"");
  const tallybell::Json theirs =
      tallybell::Json::parse(quoted, nullptr, /*allow_exceptions=*/false);
  if (theirs.is_string()) Require(theirs.get_ref<const std::string&>() == decoded);
}

void CheckJson(absl::string_view text) {
  const absl::StatusOr<tallybell::Json> value = tallybell::ParseJson(text);
  if (!value.ok()) return;
  const std::string dumped = tallybell::DumpJson(*value);
  Require(!absl::StrContains(dumped, '\n'));
  const absl::StatusOr<tallybell::Json> again = tallybell::ParseJson(dumped);
  Require(again.ok() && tallybell::DumpJson(*again) == dumped);
}

void CheckShown(absl::string_view text) {
  std::string valid;
  tallybell::AppendValidUtf8(text, &valid);
  Require(tallybell::ValidUtf8Prefix(valid) == valid.size());
  Require(valid.size() <= 3 * text.size());
  const bool was_valid = tallybell::ValidUtf8Prefix(text) == text.size();
  Require(was_valid == (valid == text));
  const absl::string_view cut = tallybell::Utf8Truncate(valid, valid.size() / 2);
  Require(cut.size() <= valid.size() / 2 && cut.size() + 4 > valid.size() / 2);
  Require(tallybell::ValidUtf8Prefix(cut) == cut.size());

  std::string quoted;
  tallybell::AppendQuoted(text, &quoted);
  Require(tallybell::ValidUtf8Prefix(quoted) == quoted.size());
  for (size_t i = 0; i < quoted.size(); ++i) {
    const auto byte = static_cast<uint8_t>(quoted[i]);
    Require(byte >= 0x20 && byte != 0x7f);
    if (byte == 0xc2 && i + 1 < quoted.size()) {
      Require(static_cast<uint8_t>(quoted[i + 1]) >= 0xa0);
    }
  }
  std::string back;
  tallybell::DecodeJsonString(absl::string_view(quoted).substr(1, quoted.size() - 2), &back);
  Require(back == valid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tallybell::FuzzInput input(data, size);
  CheckJson(input.rest());
  CheckShown(input.rest());
  while (!input.empty()) {
    const absl::string_view line = input.Line();
    CheckInstant(line);
    CheckDuration(line);
    CheckJsonString(line);
  }
  return 0;
}
