// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Any bytes as a line of JSON: a library agrees on whether it is one, and what it states does not
// depend on which fields are wanted.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "engine/base/json_text.h"
#include "engine/base/utf8.h"
#include "engine/parse/json_format.h"

namespace {

using tallybell::ParsedLine;
using tallybell::Stamp;
using tallybell::WantedFields;

void Require(bool condition) {
  if (!condition) std::abort();
}

bool SameStamp(const Stamp& a, const Stamp& b) {
  return a.instant == b.instant && a.year == b.year && a.month == b.month && a.day == b.day &&
         a.hour == b.hour && a.minute == b.minute && a.second == b.second &&
         a.has_zone == b.has_zone && a.utc_offset_seconds == b.utc_offset_seconds &&
         a.nanos == b.nanos;
}

// Whether the library may refuse what we take: bytes that are not UTF-8, surrogates that are alone,
// numbers that no double can hold; those have an exponent or hundreds of digits.
bool MayDiffer(absl::string_view text) {
  constexpr size_t kDigitsOfADouble = 300;
  if (tallybell::ValidUtf8Prefix(text) != text.size() || text.size() > kDigitsOfADouble ||
      absl::StrContains(text, "\\ud") || absl::StrContains(text, "\\uD")) {
    return true;
  }
  for (size_t i = 1; i < text.size(); ++i) {
    const bool digit_before = text[i - 1] >= '0' && text[i - 1] <= '9';
    if (digit_before && (text[i] == 'e' || text[i] == 'E')) return true;
  }
  return false;
}

// Whether no more than 64 arrays and objects can stand inside each other.
bool IsSurelyFlat(absl::string_view text) {
  constexpr int kMaxDepth = 64;
  int opened = 0;
  for (const char c : text) opened += c == '{' || c == '[' ? 1 : 0;
  return opened <= kMaxDepth;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  static const WantedFields kNone;
  static const WantedFields kAll = WantedFields::All();
  ParsedLine none, all;
  tallybell::ParseJsonLine(text, kNone, &none);
  tallybell::ParseJsonLine(text, kAll, &all);
  Require(none.kind == all.kind && none.malformed == all.malformed);
  Require(none.severity == all.severity && none.stamp.has_value() == all.stamp.has_value());
  if (none.stamp.has_value()) Require(SameStamp(*none.stamp, *all.stamp));
  Require(none.fields.all().empty());
  const bool begins = !text.empty() && text[0] == '{';
  Require((none.kind == ParsedLine::Kind::kRecord) == begins);
  if (!begins) return 0;
  if (none.malformed) Require(all.fields.all().empty() && !none.stamp.has_value());
  const bool theirs = tallybell::Json::accept(text.begin(), text.end());
  // The library takes a NUL byte for the end.
  const bool ends_early = absl::StrContains(text, '\0');
  if (theirs && IsSurelyFlat(text) && !ends_early) Require(!none.malformed);
  if (!none.malformed && !MayDiffer(text)) Require(theirs);
  // What one rule asks for is what everybody is told.
  for (const tallybell::Field& field : all.fields.all()) {
    WantedFields one;
    one.Add(field.name);
    ParsedLine parsed;
    tallybell::ParseJsonLine(text, one, &parsed);
    Require(!parsed.fields.all().empty());
    Require(parsed.severity == none.severity && !parsed.malformed);
    if (&field - all.fields.all().data() >= 8) break;
  }
  return 0;
}
