// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/bench/dressed_log.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace tallybell {
namespace {

constexpr uint64_t kMicrosPerSecond = 1000000;

struct Day {
  uint64_t month;
  uint64_t day;
};

// `days` after 1 May.
Day DayAt(uint64_t days) {
  static constexpr uint64_t kDaysFromMay[] = {31, 30, 31, 31, 30, 31, 30};
  uint64_t month = 5;
  for (const uint64_t length : kDaysFromMay) {
    if (days < length) break;
    days -= length;
    ++month;
  }
  return {month, days + 1};
}

// Appends `digits` digits of `value`, with zeros in front.
void AppendDigits(uint64_t value, int digits, std::string* out) {
  const size_t end = out->size() + static_cast<size_t>(digits);
  out->resize(end);
  for (int i = 1; i <= digits; ++i, value /= 10) {
    (*out)[end - static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  }
}

// 12:32:30.426698
void AppendClock(uint64_t micros, std::string* out) {
  const uint64_t seconds = micros / kMicrosPerSecond;
  AppendDigits(seconds / 3600 % 24, 2, out);
  out->push_back(':');
  AppendDigits(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendDigits(seconds % 60, 2, out);
  out->push_back('.');
  AppendDigits(micros % kMicrosPerSecond, 6, out);
}

// 2024-05-01T12:32:30.426698
void AppendIso(uint64_t micros, std::string* out) {
  const Day day = DayAt(micros / kMicrosPerSecond / 86400);
  out->append("2024-");
  AppendDigits(day.month, 2, out);
  out->push_back('-');
  AppendDigits(day.day, 2, out);
  out->push_back('T');
  AppendClock(micros, out);
}

absl::string_view ZapLevel(char severity) {
  return severity == 'E' ? "error" : severity == 'W' ? "warn" : "info";
}

}  // namespace

void DressedLog::AppendLine(std::string* out) {
  Next();
  switch (options_.dress) {
    case Dress::kGlog:
      AppendGlog(out);
      break;
    case Dress::kDocker:
      out->append("{\"log\":\"");
      AppendGlog(out);
      out->append("\\n\",\"stream\":\"stderr\",\"time\":\"");
      AppendIso(line_.micros, out);
      out->append("021Z\"}");
      break;
    case Dress::kCri:
      AppendIso(line_.micros, out);
      out->append("021Z stderr F ");
      AppendGlog(out);
      break;
    case Dress::kZap:
      AppendZap(out);
      break;
  }
  out->push_back('\n');
}

void DressedLog::Next() {
  ++number_;
  log_.Next(&line_);
  const bool json = options_.dress == Dress::kDocker || options_.dress == Dress::kZap;
  if (json) line_.text = absl::StrReplaceAll(line_.text, {{"\"", "\\\""}});
  if (options_.jobs > 0) {
    const int64_t job = number_ % options_.jobs;
    line_.micros = static_cast<uint64_t>(number_) * 1000;
    line_.text = absl::StrFormat("unit%02d lost job %08d", job % 100, job);
  }
  if (options_.hosts > 0 && options_.dress != Dress::kZap) {
    absl::StrAppendFormat(&line_.text, " on mac%04d", number_ % options_.hosts);
  }
}

void DressedLog::AppendGlog(std::string* out) const {
  const Day day = DayAt(line_.micros / kMicrosPerSecond / 86400);
  out->push_back(line_.severity);
  AppendDigits(day.month, 2, out);
  AppendDigits(day.day, 2, out);
  out->push_back(' ');
  AppendClock(line_.micros, out);
  absl::StrAppend(out, "       1 ", line_.place, "] ");
  AppendText(options_.dress == Dress::kDocker, out);
}

void DressedLog::AppendZap(std::string* out) const {
  absl::StrAppend(out, "{\"level\":\"", ZapLevel(line_.severity), "\",\"ts\":\"");
  AppendIso(line_.micros, out);
  absl::StrAppend(out, "Z\",\"caller\":\"server/", line_.place, "\",\"msg\":\"");
  AppendText(true, out);
  out->push_back('"');
  if (options_.hosts > 0) {
    absl::StrAppendFormat(out, ",\"host\":\"mac%04d\"", number_ % options_.hosts);
  }
  out->push_back('}');
}

void DressedLog::AppendText(bool escape, std::string* out) const {
  const absl::string_view esc = escape ? "\\u001b" : "\x1b";
  if (options_.colour) absl::StrAppend(out, esc, "[0;34m");
  out->append(line_.text);
  if (options_.colour) absl::StrAppend(out, esc, "[0m");
}

}  // namespace tallybell
