// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/diagnostics.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tallybell {
namespace {

// Names and values of a file stand in messages; none of them may begin a line of its own or reach
// a terminal as a control sequence.
void AppendOnOneLine(absl::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out->append("\\n");
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(out, "\\x%02x", byte);
    } else {
      out->push_back(c);
    }
  }
}

// Optimal string alignment distance: a swap of neighbours is one slip of the fingers, not two.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

void Diagnostics::Add(Diagnostic diagnostic) {
  if (diagnostic.kind == Diagnostic::Kind::kError) ++error_count_;
  if (full()) {
    ++not_kept_;
  } else {
    all_.push_back(std::move(diagnostic));
  }
}

void Diagnostics::Append(Diagnostics others) {
  error_count_ += others.error_count_;
  not_kept_ += others.not_kept_;
  for (Diagnostic& diagnostic : others.all_) {
    if (full()) {
      ++not_kept_;
    } else {
      all_.push_back(std::move(diagnostic));
    }
  }
}

void Diagnostics::SortFrom(size_t first) {
  std::stable_sort(all_.begin() + first, all_.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.place.line, a.place.column) < std::tie(b.place.line, b.place.column);
  });
}

std::string Diagnostics::ToString() const {
  std::string text;
  for (const Diagnostic& diagnostic : all_) {
    AppendOnOneLine(diagnostic.place.file, &text);
    if (diagnostic.place.line > 0) {
      absl::StrAppend(&text, ":", diagnostic.place.line, ":", diagnostic.place.column);
    }
    text.append(diagnostic.kind == Diagnostic::Kind::kError ? ": error: " : ": warning: ");
    if (!diagnostic.chain.empty()) {
      AppendOnOneLine(diagnostic.chain, &text);
      text.append(": ");
    }
    AppendOnOneLine(diagnostic.message, &text);
    if (!diagnostic.advice.empty()) {
      text.append(" (");
      AppendOnOneLine(diagnostic.advice, &text);
      text.push_back(')');
    }
    text.push_back('\n');
  }
  if (not_kept_ > 0) absl::StrAppend(&text, "and ", not_kept_, " more\n");
  return text;
}

std::string NearestWord(absl::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return "";
  std::string nearest;
  // A third of the word may be wrong; more than that is another word.
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  size_t best_prefix = 0;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    const size_t prefix =
        std::mismatch(word.begin(), word.end(), candidate.begin(), candidate.end()).first -
        word.begin();
    // Of two that are as near, people mean the one that begins like what they wrote.
    if (distance > best || (distance == best && (nearest.empty() || prefix <= best_prefix))) {
      continue;
    }
    best = distance;
    best_prefix = prefix;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace tallybell
