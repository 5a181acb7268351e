// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/serve/history_query.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/status_macros.h"

namespace tallybell {
namespace {

absl::StatusOr<int64_t> ParseCount(absl::string_view name, absl::string_view text, int64_t most) {
  int64_t count = 0;
  if (absl::SimpleAtoi(text, &count) && count > 0 && count <= most) return count;
  return absl::InvalidArgumentError(absl::StrCat(name, " should be a number from 1 to ", most));
}

}  // namespace

bool HistoryQuery::Fits(const HistoryEvent& event) const {
  return (rule.empty() || event.rule == rule) && event.time >= since && event.time <= until &&
         HasPairs(event.labels, group);
}

absl::StatusOr<TimeNs> ParseWhen(absl::string_view text, TimeNs now) {
  for (const char* rest : {"", "Z", ":00Z", "T00:00:00Z"}) {
    const absl::StatusOr<TimeNs> when = ParseRfc3339(absl::StrCat(text, rest));
    if (when.ok()) return when;
  }
  const absl::StatusOr<DurationNs> ago = ParseDuration(text);
  if (ago.ok()) return SubtractNs(now, *ago);
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is not a time like 12h, 2024-05-01 or 2024-05-01T12:00:00Z"));
}

absl::StatusOr<Labels::Pair> ParsePair(absl::string_view text) {
  const size_t at = text.find('=');
  if (at == absl::string_view::npos || !IsLabelName(text.substr(0, at))) {
    return absl::InvalidArgumentError(
        absl::StrCat("group ", text, ": it should be like host=mac1"));
  }
  return Labels::Pair(std::string(text.substr(0, at)), std::string(text.substr(at + 1)));
}

bool HasPairs(const Labels& labels, const std::vector<Labels::Pair>& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [&](const Labels::Pair& pair) {
    return labels.Get(pair.first) == pair.second;
  });
}

absl::StatusOr<HistoryQuery> ReadHistoryQuery(const HttpFields& fields, TimeNs now) {
  HistoryQuery query;
  for (const auto& [name, value] : fields) {
    if (name == "rule") {
      query.rule = value;
    } else if (name == "group") {
      ASSIGN_OR_RETURN(Labels::Pair pair, ParsePair(value));
      query.group.push_back(std::move(pair));
    } else if (name == "since") {
      ASSIGN_OR_RETURN(query.since, ParseWhen(value, now));
    } else if (name == "until") {
      ASSIGN_OR_RETURN(query.until, ParseWhen(value, now));
    } else if (name == "limit") {
      ASSIGN_OR_RETURN(query.limit, ParseCount(name, value, HistoryQuery::kMaxLimit));
    } else if (name == "before") {
      ASSIGN_OR_RETURN(query.before, ParseCount(name, value, std::numeric_limits<int64_t>::max()));
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "nobody knows ", name, "; there are rule, group, since, until, limit and before"));
    }
  }
  return query;
}

std::string HistoryPath(const HistoryQuery& query) {
  std::string path = absl::StrCat("/api/v1/history?limit=", query.limit);
  if (!query.rule.empty()) absl::StrAppend(&path, "&rule=", QueryValue(query.rule));
  for (const auto& [name, value] : query.group) {
    absl::StrAppend(&path, "&group=", QueryValue(absl::StrCat(name, "=", value)));
  }
  if (query.since != kNoTime) {
    absl::StrAppend(&path, "&since=", QueryValue(FormatRfc3339(query.since)));
  }
  if (query.until != kNever) {
    absl::StrAppend(&path, "&until=", QueryValue(FormatRfc3339(query.until)));
  }
  if (query.before != std::numeric_limits<int64_t>::max()) {
    absl::StrAppend(&path, "&before=", query.before);
  }
  return path;
}

std::string QueryValue(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("-._~").find(c) != absl::string_view::npos) {
      out.push_back(c);
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace tallybell
