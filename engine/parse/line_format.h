// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The formats of lines that tallybell can read, as one table: a format is a file of its own and a
// row here.
#ifndef TALLYBELL_ENGINE_PARSE_LINE_FORMAT_H_
#define TALLYBELL_ENGINE_PARSE_LINE_FORMAT_H_

#include <forward_list>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "engine/model/field_name.h"
#include "engine/model/record.h"
#include "engine/model/severity.h"
#include "engine/parse/stamp.h"

namespace tallybell {

struct LineFormat;

// What one line says. The views are into the line, or into text that it keeps itself: not to be
// copied.
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
  // By FieldName; what each format knows is in docs/formats.md. Fields that cost something to find
  // are there only where they are wanted. Of a file line `host` where it says that.
  Fields fields;
  // The line begins as a record of its format does, but what follows is broken. It is then a record
  // that states nothing.
  bool malformed = false;
  // The row of the table that read it; null for a continuation.
  const LineFormat* format = nullptr;

  // Keeps a value that had to be decoded; the view is good as long as this is, and until Clear.
  absl::string_view Keep(std::string value) {
    kept_.push_front(std::move(value));
    return kept_.front();
  }

  // As new.
  void Clear() {
    kind = Kind::kContinuation;
    severity = Severity::kUnknown;
    stamp.reset();
    fields.Clear();
    malformed = false;
    format = nullptr;
    kept_.clear();
  }

  ParsedLine() = default;
  ParsedLine(const ParsedLine&) = delete;
  ParsedLine& operator=(const ParsedLine&) = delete;

 private:
  std::forward_list<std::string> kept_;
};

struct LineFormat {
  absl::string_view name;   // as --format and people call it
  absl::string_view alias;  // another name for it; may be empty
  // The bytes with which a header can begin. Empty: with any.
  absl::string_view first_bytes;
  // Puts what `text` says into `*line`, which is as new. Any bytes are allowed. Of the fields that
  // cost something to find, only those in `wanted` are needed.
  void (*parse)(absl::string_view text, const WantedFields& wanted, ParsedLine* line);

  // Whether the first byte of `text` is one with which a header can begin.
  bool MayBegin(absl::string_view text) const {
    return first_bytes.empty() ||
           (!text.empty() && first_bytes.find(text[0]) != absl::string_view::npos);
  }
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
