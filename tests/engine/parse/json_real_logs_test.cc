// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Every line of JSON that real programs wrote into tests/data/logs has its time and severity, as
// another reader finds them.

#include <cstdint>
#include <fstream>
#include <map>
#include <ostream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "engine/base/json_text.h"
#include "engine/base/time_ns.h"
#include "engine/parse/json_format.h"
#include "gtest/gtest.h"

namespace tallybell {
namespace {

// Nanoseconds of what stands behind "ts": or "time":, by text and absl alone.
int64_t ExpectedTime(const Json& object, const std::string& line) {
  const char* const key = object.contains("ts") ? "ts" : "time";
  if (object[key].is_string()) {
    absl::Time time;
    std::string error;
    const std::string text = object[key].get<std::string>();
    EXPECT_TRUE(absl::ParseTime("%Y-%m-%dT%H:%M:%E*S%Ez", text, &time, &error)) << text << error;
    return absl::ToUnixNanos(time);
  }
  const size_t begin = line.find(absl::StrCat("\"", key, "\":")) + std::string(key).size() + 3;
  std::string number = line.substr(begin, line.find_first_of(",}", begin) - begin);
  const size_t point = number.find('.');
  std::string fraction = point == std::string::npos ? "" : number.substr(point + 1);
  const std::string whole = number.substr(0, point);
  // Ten digits are seconds, thirteen ms, nineteen ns.
  fraction.resize(19 - whole.size(), '0');
  int64_t nanos = 0;
  EXPECT_TRUE(absl::SimpleAtoi(whole + fraction, &nanos)) << number;
  return nanos;
}

int64_t InstantOf(const Stamp& stamp) {
  if (stamp.instant != kNoTime) return stamp.instant;
  EXPECT_TRUE(stamp.has_zone);
  const absl::CivilSecond local(stamp.year, stamp.month, stamp.day, stamp.hour, stamp.minute,
                                stamp.second);
  const absl::TimeZone zone = absl::FixedTimeZone(stamp.utc_offset_seconds);
  return absl::ToUnixNanos(absl::FromCivil(local, zone)) + stamp.nanos;
}

Severity ExpectedSeverity(const Json& object) {
  static const std::map<std::string, Severity> kLevels = {
      {"debug", Severity::kDebug},     {"info", Severity::kInfo},   {"warn", Severity::kWarning},
      {"warning", Severity::kWarning}, {"error", Severity::kError}, {"dpanic", Severity::kFatal},
      {"panic", Severity::kFatal},     {"fatal", Severity::kFatal}};
  return kLevels.at(object["level"].get<std::string>());
}

// How many lines are JSON, begin as JSON, and are anything else.
struct Log {
  const char* name;
  const char* lines;
};

void PrintTo(const Log& log, std::ostream* out) { *out << log.name; }

class JsonRealLogsTest : public testing::TestWithParam<Log> {};

TEST_P(JsonRealLogsTest, EveryLineHasItsTimeAndSeverity) {
  std::ifstream file(absl::StrCat(TALLYBELL_SOURCE_DIR, "/tests/data/logs/", GetParam().name));
  ASSERT_TRUE(file.is_open());
  int counts[3] = {};
  for (std::string text; std::getline(file, text);) {
    ParsedLine line;
    ParseJsonLine(text, WantedFields::All(), &line);
    const bool begins = !text.empty() && text[0] == '{';
    ASSERT_EQ(line.kind == ParsedLine::Kind::kRecord, begins) << text;
    const auto object = ParseJson(text);
    ASSERT_EQ(begins && !line.malformed, begins && object.ok()) << text;
    ++counts[!begins ? 2 : line.malformed ? 1 : 0];
    if (!begins || line.malformed) continue;
    ASSERT_TRUE(line.stamp.has_value()) << text;
    EXPECT_EQ(InstantOf(*line.stamp), ExpectedTime(*object, text)) << text;
    EXPECT_EQ(line.severity, ExpectedSeverity(*object)) << text;
    EXPECT_EQ(line.fields.Get("message"), (*object)["msg"].get<std::string>());
    if (!object->contains("caller")) continue;
    const std::string caller = (*object)["caller"].get<std::string>();
    EXPECT_EQ(line.fields.Get("caller"), caller);
    const std::string base = caller.substr(caller.rfind('/') + 1);
    EXPECT_EQ(absl::StrCat(line.fields.Get("file"), ":", line.fields.Get("line")), base) << text;
  }
  EXPECT_EQ(absl::StrCat(counts[0], " ", counts[1], " ", counts[2]), GetParam().lines);
}

INSTANTIATE_TEST_SUITE_P(Logs, JsonRealLogsTest,
                         testing::Values(Log{"zap/zap_json_epoch.log", "8 0 0"},
                                         Log{"zap/zap_json_epochmillis.log", "8 0 0"},
                                         Log{"zap/zap_json_epochnanos.log", "8 0 0"},
                                         Log{"zap/zap_json_etcd36.log", "8 0 0"},
                                         Log{"zap/zap_json_iso8601.log", "8 0 0"},
                                         Log{"zap/zap_json_rfc3339nano.log", "8 0 0"},
                                         Log{"logrus/logrus_json.log", "5 0 0"},
                                         Log{"etcd/etcd34_zap_default.stderr.log", "49 0 0"},
                                         Log{"etcd/etcd34_zap_default.etcdctl.log", "15 0 22"},
                                         Log{"etcd/etcd34_zap_warn.stderr.log", "5 0 0"},
                                         Log{"etcd_real.log", "209 0 71"}),
                         [](const testing::TestParamInfo<Log>& log) {
                           std::string name = log.param.name;
                           for (char& c : name)
                             c = absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace tallybell
