// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The formats of lines that tallybell can read, as one table: a format is a file of its own and a
// row here.
#ifndef TALLYBELL_ENGINE_PARSE_LINE_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_LINE_FORMAT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/model/record.h"
#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// What one line says. The views are into the line.
struct ParsedLine {
  enum class Kind {
    kRecord,        // a line with a header of its own, or any line of a format without headers
    kContinuation,  // a line without one: inherits from the record before it
    kFileLine,      // says something about the file; it is no record and matches nothing
  };
  Kind kind = Kind::kContinuation;
  Severity severity = Severity::kUnknown;
  // The time of a record; of a file line, when the file was begun. None if it states none.
  std::optional<Stamp> stamp;
  // Of a glog record `file`, `line`, `thread`, `caller` and `message`; of a file line `host` where
  // it says that.
  Fields fields;
};

struct LineFormat {
  absl::string_view name;   // as --format and people call it
  absl::string_view alias;  // another name for it; may be empty
  // Puts what `text` says into `*line`, which is as new. Any bytes are allowed.
  void (*parse)(absl::string_view text, ParsedLine* line);
};

// All formats, in the order in which the detector tries them. The last is "plain", whose lines have
// no header.
absl::Span<const LineFormat> AllLineFormats();

// The format of that name or alias, or null. Lives as long as the program.
const LineFormat* FindLineFormat(absl::string_view name);

// Their names, for a message: "glog, plain".
std::string LineFormatNames();

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_LINE_FORMAT_H_
