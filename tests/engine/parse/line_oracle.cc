// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/parse/line_oracle.h"

#include <cstdint>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "re2/re2.h"

namespace tallybell {
namespace {

const char* SeverityOfWord(const std::string& word) {
  static const std::map<std::string, const char*>* const kWords =
      new std::map<std::string, const char*>{
          {"I", "info"},       {"W", "warning"},       {"E", "error"},         {"F", "fatal"},
          {"C", "fatal"},      {"N", "info"},          {"D", "debug"},         {"T", "debug"},
          {"INFO", "info"},    {"WARNING", "warning"}, {"WARN", "warning"},    {"ERROR", "error"},
          {"ERRO", "error"},   {"FATA", "fatal"},      {"DEBUG", "debug"},     {"debug", "debug"},
          {"info", "info"},    {"warn", "warning"},    {"warning", "warning"}, {"error", "error"},
          {"dpanic", "fatal"}, {"panic", "fatal"},     {"fatal", "fatal"}};
  const auto found = kWords->find(word);
  return found == kWords->end() ? "unknown" : found->second;
}

// Any full date, with a zone or without one, or a number of seconds, ms, us or ns.
std::string Time(const std::string& text) {
  static const RE2* const kDate =
      new RE2(R"((\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?)");
  std::string year, month, day, time, fraction, zone;
  if (RE2::FullMatch(text, *kDate, &year, &month, &day, &time, &fraction, &zone)) {
    fraction.resize(9, '0');
    std::string offset;
    if (zone == "Z") offset = " 0";
    if (zone.size() >= 5) {
      const int minutes = std::atoi(zone.substr(1, 2).c_str()) * 60 +
                          std::atoi(zone.substr(zone.size() - 2).c_str());
      offset = absl::StrCat(" ", zone[0] == '-' ? -minutes : minutes);
    }
    return absl::StrCat(year, "-", month, "-", day, " ", time, ".", fraction, offset);
  }
  const long double number = std::strtold(text.c_str(), nullptr);
  const long double micros = number < 1e11L   ? number * 1e6L
                             : number < 1e14L ? number * 1e3L
                             : number < 1e17L ? number
                                              : number / 1e3L;
  return absl::StrCat(static_cast<int64_t>(micros + 0.0005L));
}

std::string Glog(const std::string& line) {
  static const RE2* const kHeader =
      new RE2(R"(^([IWEFC])(\d{4})?(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) +\d+ [^:\]]+:\d+\])");
  static const RE2* const kFileLine = new RE2(
      R"(Log file created at: .*|Running on machine: .*|Binary: Built with .*|Previous log: .*|)"
      R"(Next log: .*|Log line format: \[.*|CONTINUED IN NEXT FILE|Running duration \(.*)");
  std::string letter, year, month, day, time;
  if (RE2::PartialMatch(line, *kHeader, &letter, &year, &month, &day, &time)) {
    return absl::StrCat("glog ", SeverityOfWord(letter), " ", year.empty() ? "0000" : year, "-",
                        month, "-", day, " ", time, "000");
  }
  return RE2::FullMatch(line, *kFileLine) ? "glog file line" : "";
}

std::string Capnslog(const std::string& line) {
  static const RE2* const kHeader =
      new RE2(R"(^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}) (?:\[[^\]]+:\d+\] )?([CEWNIDT]) \|)");
  std::string time, letter;
  if (RE2::PartialMatch(line, *kHeader, &time, &letter)) {
    return absl::StrCat("capnslog ", SeverityOfWord(letter), " ", Time(time));
  }
  static const RE2* const kDeprecated = new RE2(R"(^\[WARNING\] Deprecated )");
  return RE2::PartialMatch(line, *kDeprecated) ? "capnslog warning" : "";
}

std::string ZapConsole(const std::string& line) {
  static const RE2* const kHeader =
      new RE2("^([0-9][^\t]+)\t(debug|info|warn|error|dpanic|panic|fatal)\t");
  std::string time, level;
  if (!RE2::PartialMatch(line, *kHeader, &time, &level)) return "";
  return absl::StrCat("zap-console ", SeverityOfWord(level), " ", Time(time));
}

std::string Logfmt(const std::string& line) {
  static const RE2* const kHeader = new RE2(R"re(^time="([^"]+)" level=(\w+))re");
  static const RE2* const kTerminal = new RE2(R"(^(INFO|WARN|ERRO|FATA)\[\d{4}\] )");
  std::string time, level;
  if (RE2::PartialMatch(line, *kHeader, &time, &level)) {
    return absl::StrCat("logfmt ", SeverityOfWord(level), " ", Time(time));
  }
  if (!RE2::PartialMatch(line, *kTerminal, &level)) return "";
  return absl::StrCat("logfmt ", SeverityOfWord(level));
}

std::string Json(const std::string& line) {
  static const RE2* const kLevel = new RE2(R"re("level":"(\w+)")re");
  static const RE2* const kTime = new RE2(R"re("(?:ts|time)":"?([-+0-9.:TZe]+)"?[,}])re");
  std::string level, time;
  if (line.empty() || line.front() != '{' || line.back() != '}' ||
      !RE2::PartialMatch(line, *kLevel, &level) || !RE2::PartialMatch(line, *kTime, &time)) {
    return "";
  }
  return absl::StrCat("json ", SeverityOfWord(level), " ", Time(time));
}

std::string GoLog(const std::string& line) {
  static const RE2* const kHeader = new RE2(
      R"(^(?:raft|([A-Z]+): )?(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) (?:([A-Z]+): )?(http: panic)?)");
  static const RE2* const kPanic = new RE2("^(?:panic|fatal error): ");
  std::string before, time, after, panic;
  if (RE2::PartialMatch(line, *kHeader, &before, &time, &after, &panic)) {
    const std::string word = before.empty() ? after : before;
    return absl::StrCat("go ", panic.empty() ? SeverityOfWord(word) : "error", " ", Time(time));
  }
  return RE2::PartialMatch(line, *kPanic) ? "go fatal" : "";
}

}  // namespace

std::string LineByRegex(const std::string& line) {
  for (const auto format : {Glog, Capnslog, ZapConsole, Logfmt, Json, GoLog}) {
    std::string said = format(line);
    if (!said.empty()) return said;
  }
  return "";
}

std::string LineAsParsed(const ParsedLine& parsed) {
  if (parsed.kind == ParsedLine::Kind::kContinuation) return "";
  if (parsed.kind == ParsedLine::Kind::kFileLine) {
    return absl::StrCat(parsed.format->name, " file line");
  }
  std::string said = absl::StrCat(parsed.format->name, " ", SeverityName(parsed.severity));
  if (!parsed.stamp.has_value()) return said;
  const Stamp& stamp = *parsed.stamp;
  if (stamp.instant != kNoTime) return absl::StrCat(said, " ", stamp.instant / kMicrosecond);
  absl::StrAppend(&said,
                  absl::StrFormat(" %04d-%02d-%02d %02d:%02d:%02d.%09d", stamp.year, stamp.month,
                                  stamp.day, stamp.hour, stamp.minute, stamp.second, stamp.nanos));
  if (stamp.has_zone) absl::StrAppend(&said, " ", stamp.utc_offset_seconds / 60);
  return said;
}

}  // namespace tallybell
