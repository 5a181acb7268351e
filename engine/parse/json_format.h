// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The row of JSON in the table of formats: what zap, logrus, slog, pino and their like write.
#ifndef TALLYBELL_ENGINE_PARSE_JSON_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_JSON_FORMAT_H_

#include "absl/strings/string_view.h"
#include "engine/parse/line_format.h"

namespace tallybell {

// A record is a line that is one JSON object. Its time is the first of the keys ts, time,
// timestamp, @timestamp, t, datetime, date and eventTime that holds one: a date with a time, or
// seconds, ms, us or ns since 1970; a number below 1e8 is a duration. Its severity is the first of
// level, severity, lvl, loglevel, log_level, levelname and log.level that holds a word for one, or
// a number of pino's. Keys are known in any case. A line that begins with `{` and is no object is
// malformed. (docs/formats.md)
void ParseJsonLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_JSON_FORMAT_H_
