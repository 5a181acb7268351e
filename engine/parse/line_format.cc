// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/line_format.h"

#include "absl/strings/str_join.h"
#include "engine/parse/capnslog_format.h"
#include "engine/parse/dated_format.h"
#include "engine/parse/glog_format.h"
#include "engine/parse/go_log_format.h"
#include "engine/parse/json_format.h"
#include "engine/parse/logfmt_format.h"
#include "engine/parse/syslog_format.h"
#include "engine/parse/zap_console_format.h"

namespace tallybell {
namespace {

void ParsePlainLine(absl::string_view /*text*/, const WantedFields& /*wanted*/, ParsedLine* line) {
  line->kind = ParsedLine::Kind::kRecord;
}

constexpr LineFormat kFormats[] = {
    {"glog", "klog", kGlogFirstBytes, ParseGlogLine},
    {"capnslog", "", kCapnslogFirstBytes, ParseCapnslogLine},
    {"zap-console", "", kZapConsoleFirstBytes, ParseZapConsoleLine},
    {"json", "zap", "{", ParseJsonLine},
    {"logfmt", "logrus", kLogfmtFirstBytes, ParseLogfmtLine},
    {"go", "", kGoLogFirstBytes, ParseGoLogLine},
    {"syslog", "journald", kSyslogFirstBytes, ParseSyslogLine},
    {"dated", "", kDatedFirstBytes, ParseDatedLine},
    {"plain", "", "", ParsePlainLine},
};

}  // namespace

absl::Span<const LineFormat> AllLineFormats() { return kFormats; }

const LineFormat* FindLineFormat(absl::string_view name) {
  for (const LineFormat& format : kFormats) {
    if (!name.empty() && (name == format.name || name == format.alias)) return &format;
  }
  return nullptr;
}

std::string LineFormatNames() {
  return absl::StrJoin(kFormats, ", ", [](std::string* out, const LineFormat& format) {
    absl::StrAppend(out, format.name);
  });
}

}  // namespace tallybell
