// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#ifndef TALLYBELL_ENGINE_SERVE_STATUS_HTML_H_
#define TALLYBELL_ENGINE_SERVE_STATUS_HTML_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "engine/base/time_ns.h"

namespace tallybell {

// A piece of the status page under construction. Markup comes from literals alone, so that nothing
// from a log can become any; everything else goes through Text or Line, which escape it. What comes
// out is UTF-8, and XML as well as HTML.
class StatusHtml {
 public:
  // A value longer than this is cut, and says by how much.
  static constexpr size_t kMaxLine = 256;
  static constexpr size_t kMaxText = 640;

  template <size_t kSize>
  StatusHtml& Tag(const char (&markup)[kSize]) {
    text_.append(markup, kSize - 1);
    return *this;
  }

  // Any bytes, to stand between tags or in a quoted attribute. Characters that cannot be seen, or
  // that would turn what is around them, are named: ␛, [U+202E]. Line also shows newlines.
  StatusHtml& Text(absl::string_view text, size_t max_bytes = kMaxText);
  StatusHtml& Line(absl::string_view text, size_t max_bytes = kMaxLine);

  // 1,234,567.
  StatusHtml& Number(int64_t number);
  // An instant as a person at `now` reads it, in a <time> that has it whole. "not yet" for kNoTime.
  StatusHtml& Time(TimeNs t, TimeNs now);

  StatusHtml& Add(const StatusHtml& part);

  size_t size() const { return text_.size(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_SERVE_STATUS_HTML_H_
