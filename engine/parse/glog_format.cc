// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/glog_format.h"

#include "engine/parse/glog.h"
#include "engine/parse/glog_file_lines.h"
#include "engine/parse/klog_pairs.h"

namespace tallybell {

void ParseGlogLine(absl::string_view text, const WantedFields& wanted, ParsedLine* line) {
  GlogHeader header;
  if (ParseGlog(text, &line->stamp.emplace(), &header)) {
    line->kind = ParsedLine::Kind::kRecord;
    line->severity = header.severity;
    line->fields.Add("file", header.file);
    line->fields.Add("line", header.line);
    line->fields.Add("thread", header.thread);
    line->fields.Add("caller", header.caller);
    const absl::string_view message = text.substr(header.message_offset);
    const bool may_have_pairs = !wanted.empty() && !message.empty() && message[0] == '"';
    if (!may_have_pairs || !AddKlogPairs(message, wanted, line)) {
      line->fields.Add("message", message);
    }
    return;
  }
  line->stamp.reset();
  GlogFileLine file_line;
  if (!ParseGlogFileLine(text, &file_line)) return;
  line->kind = ParsedLine::Kind::kFileLine;
  if (file_line.kind == GlogFileLine::Kind::kCreated) line->stamp = file_line.created;
  if (!file_line.host.empty()) line->fields.Add("host", file_line.host);
}

}  // namespace tallybell
