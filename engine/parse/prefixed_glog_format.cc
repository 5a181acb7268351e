// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/prefixed_glog_format.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "engine/parse/date_stamp.h"
#include "engine/parse/glog.h"
#include "engine/parse/glog_format.h"
#include "engine/parse/local_time.h"

namespace tallybell {
namespace {

constexpr size_t kLongestPrefix = 120;

// Where a whole header begins; npos if there is none. A line that is indented, or that has quotes
// or braces before the header, quotes it.
size_t FindHeader(absl::string_view text) {
  const absl::string_view front = text.substr(0, kLongestPrefix + 1);
  const size_t end = front.size();
  if (text.empty() || absl::ascii_isspace(static_cast<unsigned char>(text[0]))) {
    return absl::string_view::npos;
  }
  for (size_t at = front.find_first_of(" \t"); at < end; at = front.find_first_of(" \t", at + 1)) {
    const absl::string_view rest = text.substr(at + 1);
    Stamp stamp;
    GlogHeader header;
    if (rest.size() < 2 || !absl::ascii_isdigit(static_cast<unsigned char>(rest[1])) ||
        !ParseGlog(rest, &stamp, &header) || header.file.empty()) {
      continue;
    }
    const bool quotes = text.substr(0, at).find_first_of("\"'`{}<>\\") != absl::string_view::npos;
    return quotes ? absl::string_view::npos : at + 1;
  }
  return absl::string_view::npos;
}

// Of a central log's "172.24.14.137:16156 (XXX1.local)" the address and the host.
void AddOrigin(absl::string_view prefix, Fields* fields) {
  const size_t open = prefix.find(" (");
  if (open == absl::string_view::npos || open == 0 || !absl::EndsWith(prefix, ")")) return;
  const absl::string_view instance = prefix.substr(0, open);
  const absl::string_view host = prefix.substr(open + 2, prefix.size() - open - 3);
  if (host.empty() || host.find(' ') != absl::string_view::npos ||
      instance.find(' ') != absl::string_view::npos || !absl::StrContains(instance, ':')) {
    return;
  }
  fields->Add("instance", instance);
  fields->Add("host", host);
}

}  // namespace

bool ParsePrefixedGlog(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  const size_t at = FindHeader(text);
  if (at == absl::string_view::npos) return false;
  ParseGlogLine(text.substr(at), wanted, line);
  const absl::string_view prefix = absl::StripTrailingAsciiWhitespace(text.substr(0, at));
  AddOrigin(prefix, &line->fields);
  Stamp outer;
  if (ParseDateStamp(prefix, &outer) > 0 && outer.has_zone) {
    line->stamp = EnclosedStamp(*line->stamp, outer);
  }
  return true;
}

}  // namespace tallybell
