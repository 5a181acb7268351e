// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/loki_query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"
#include "engine/net/retry_after.h"
#include "engine/source/loki_split.h"

namespace tallybell {
namespace {

constexpr size_t kMaxAnswer = 32 << 20;  // bytes
constexpr size_t kMaxReason = 300;       // of what the server says, in an error
constexpr int kInstantLines = 5000;
constexpr DurationNs kLeastSpan = kSecond;
constexpr size_t kMaxInstant = 256 << 20;  // bytes of lines of one time
constexpr int kMostSplits = 60;            // of one time, one inside the other

std::string PercentEncode(absl::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

std::string Shown(absl::string_view body) {
  body = absl::StripAsciiWhitespace(body.substr(0, body.find('\n')));
  std::string shown;
  AppendValidUtf8(Utf8Truncate(body, kMaxReason), &shown);
  return shown;
}

// What a Loki whose operator has set limits says to a question about too long a span.
bool IsTooMuch(absl::string_view body) {
  for (const absl::string_view phrase :
       {"would read too many bytes", "max number of chunks", "time range exceeds the limit"}) {
    if (absl::StrContains(body, phrase)) return true;
  }
  return false;
}

absl::Status StatusOf(const HttpResponse& response) {
  const std::string text =
      absl::StrCat("it answered ", response.status, ": ", Shown(response.body));
  switch (response.status) {
    case 401:
    case 403:
      return absl::UnauthenticatedError(text);
    case 429:
    case 502:
    case 503:
      return absl::UnavailableError(text);
    case 413:
    case 504:
      return absl::ResourceExhaustedError(text);
    default:
      if (response.status >= 500 || IsTooMuch(response.body)) {
        return absl::ResourceExhaustedError(text);
      }
      return absl::FailedPreconditionError(text);
  }
}

// The server gives fewer lines at a time than it was asked for.
bool IsOverLimit(const HttpResponse& response) {
  return response.status == 400 && absl::StrContains(response.body, "max_entries_limit");
}

class HttpLokiQuery : public LokiQuery {
 public:
  HttpLokiQuery(Options options, std::unique_ptr<HttpClient> client, const Clock* clock)
      : options_(std::move(options)),
        client_(std::move(client)),
        clock_(clock),
        page_(options_.page),
        most_(options_.page),
        instant_(std::max(options_.page, kInstantLines)),
        span_(options_.span),
        ample_page_(options_.page),
        ample_span_(options_.span) {}

  absl::StatusOr<LokiPage> Read(TimeNs from, TimeNs to) override;
  DurationNs asked_to_wait() const override { return asked_to_wait_; }
  void Cancel() override { client_->Cancel(); }

 private:
  void AskForLess(DurationNs span);
  void AskForMore(bool full);
  absl::StatusOr<LokiEntries> Ask(TimeNs from, TimeNs to, const std::string& filter, int* limit,
                                  bool* full);
  absl::Status ReadInstant(TimeNs at, const std::string& filter, int depth, LokiEntries* out);

  const Options options_;
  const std::unique_ptr<HttpClient> client_;
  const Clock* const clock_;
  int page_;         // lines asked for now
  int most_;         // and at most, as far as the server gives so many
  int instant_;      // the same of one instant
  DurationNs span_;  // and of how long
  // Half of what was refused last, before less was: up to there it is asked for twice as much after
  // each answer, beyond that slowly.
  int ample_page_;
  DurationNs ample_span_;
  bool refused_ = false;  // the last question, as too much
  DurationNs asked_to_wait_ = 0;
};

// One question. `*limit` lines are asked for, fewer where the server gives fewer; `*full`: there
// may be more than was answered.
absl::StatusOr<LokiEntries> HttpLokiQuery::Ask(TimeNs from, TimeNs to, const std::string& filter,
                                               int* limit, bool* full) {
  for (;;) {
    asked_to_wait_ = 0;
    LokiTarget target = options_.target;
    target.query += filter;
    HttpRequest request;
    request.method = "GET";
    request.path = absl::StrCat(LokiPath("query_range", target, from, *limit), "&end=", to,
                                "&direction=forward");
    request.headers = LokiHeaders(target);
    ASSIGN_OR_RETURN(const HttpResponse response, client_->Do(request, options_.timeout));
    if (IsOverLimit(response) && *limit > 1) {
      *limit = std::max(*limit / 2, 1);
      continue;
    }
    if (response.status != 200) {
      asked_to_wait_ = ParseRetryAfter(response.Header("Retry-After"), clock_->Now());
      return StatusOf(response);
    }
    ASSIGN_OR_RETURN(LokiEntries entries, DecodeLokiAnswer(response.body));
    *full = entries.entries.size() >= static_cast<size_t>(*limit);
    if (!entries.entries.empty() &&
        (entries.entries.front().time < from || entries.entries.back().time >= to)) {
      return absl::InvalidArgumentError("the answer holds lines that were not asked for");
    }
    return entries;
  }
}

absl::StatusOr<LokiPage> HttpLokiQuery::Read(TimeNs from, TimeNs to) {
  LokiPage page;
  page.asked_at = clock_->Now();
  page.complete_to = std::min(to, AddNs(from, span_));
  bool full = false;
  const int asked = page_;
  absl::StatusOr<LokiEntries> entries = Ask(from, page.complete_to, "", &page_, &full);
  if (absl::IsResourceExhausted(entries.status()) || absl::IsDeadlineExceeded(entries.status())) {
    AskForLess(page.complete_to - from);
  }
  RETURN_IF_ERROR(entries.status());
  if (page_ < asked) most_ = page_;
  AskForMore(full);
  if (!full) {
    page.entries = *std::move(entries);
    return page;
  }
  const TimeNs last = entries->entries.back().time;
  if (last > from) {
    // Of the last time there may be more than this.
    while (!entries->entries.empty() && entries->entries.back().time == last) {
      entries->entries.pop_back();
    }
    page.complete_to = last;
    page.entries = *std::move(entries);
    return page;
  }
  page.complete_to = from + 1;
  RETURN_IF_ERROR(ReadInstant(from, "", 0, &page.entries));
  return page;
}

void HttpLokiQuery::AskForLess(DurationNs span) {
  page_ = std::max(page_ / 2, 1);
  span_ = std::max(std::min(span_, span) / 2, kLeastSpan);
  if (!std::exchange(refused_, true)) {
    ample_page_ = page_;
    ample_span_ = span_;
  }
}

// A server that was merely away is soon asked as before; what was too much will be too much again.
void HttpLokiQuery::AskForMore(bool full) {
  refused_ = false;
  page_ = page_ <= ample_page_ / 2 ? 2 * page_ : page_ + page_ / 16 + 1;
  page_ = std::min(page_, most_);
  // A span that held more than a page was not read to its end.
  if (full) return;
  span_ = span_ <= ample_span_ / 2 ? 2 * span_ : span_ + span_ / 8;
  span_ = std::min(span_, options_.span);
}

// All lines of one instant that pass `filter`: where they are more than are given at a time, those
// that pass one more filter, then those that do not.
absl::Status HttpLokiQuery::ReadInstant(TimeNs at, const std::string& filter, int depth,
                                        LokiEntries* out) {
  bool full = false;
  ASSIGN_OR_RETURN(LokiEntries entries, Ask(at, at + 1, filter, &instant_, &full));
  if (!full) {
    AppendLokiEntries(std::move(entries), out);
    return absl::OkStatus();
  }
  const LokiSplit split = SplitLokiEntries(entries);
  if (depth == kMostSplits || split.with.empty() || out->memory > kMaxInstant) {
    return absl::OutOfRangeError(
        absl::StrCat("more than ", instant_, " lines have the time ", FormatRfc3339(at),
                     ", and cannot be told apart: raise max_entries_limit_per_query"));
  }
  RETURN_IF_ERROR(ReadInstant(at, absl::StrCat(filter, split.with), depth + 1, out));
  return ReadInstant(at, absl::StrCat(filter, split.without), depth + 1, out);
}

// Where the query's text goes on after blanks and comments.
absl::string_view SkipBlanks(absl::string_view query) {
  for (;;) {
    query = absl::StripLeadingAsciiWhitespace(query);
    if (query.empty() || query[0] != '#') return query;
    query.remove_prefix(std::min(query.find('\n'), query.size()));
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<LokiQuery>> LokiQuery::Create(Options options, const Clock* clock) {
  HttpClient::Options http = options.target.http;
  http.max_body = kMaxAnswer;
  ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> client, HttpClient::Create(std::move(http)));
  return std::make_unique<HttpLokiQuery>(std::move(options), std::move(client), clock);
}

std::string LokiPath(absl::string_view endpoint, const LokiTarget& target, TimeNs start,
                     int limit) {
  return absl::StrCat("/loki/api/v1/", endpoint, "?query=", PercentEncode(target.query),
                      "&start=", start, "&limit=", limit);
}

HttpHeaders LokiHeaders(const LokiTarget& target) {
  HttpHeaders headers = {{"X-Loki-Response-Encoding-Flags", "categorize-labels"},
                         {"Cache-Control", "no-cache"}};
  if (!target.tenant.empty()) headers.emplace_back("X-Scope-OrgID", target.tenant);
  return headers;
}

absl::Status CheckLogQuery(absl::string_view query) {
  query = SkipBlanks(query);
  if (query.empty()) return absl::InvalidArgumentError("the query is empty");
  while (!query.empty() && query[0] == '(') query = SkipBlanks(query.substr(1));
  if (!query.empty() && query[0] == '{') return absl::OkStatus();
  return absl::InvalidArgumentError(
      "a query must give lines: write a selector like '{job=\"anka-agent\"}'; what is counted, and "
      "in how long, is for the rules");
}

}  // namespace tallybell
