// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/source/push_labels.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status_macros.h"
#include "engine/base/utf8.h"

namespace tallybell {
namespace {

// What of a stream's labels is shown to whoever pushed them.
constexpr size_t kMaxShownBytes = 256;

absl::Status Refuse(absl::string_view stream, absl::string_view why) {
  std::string message;
  // Control characters and bytes that are not UTF-8 do not go back.
  AppendQuoted(Utf8Truncate(stream, kMaxShownBytes), &message);
  return absl::InvalidArgumentError(absl::StrCat("stream ", message, " ", why));
}

void AppendUtf8(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
    return;
  }
  const int following = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr uint32_t kFirst[] = {0, 0xC0, 0xE0, 0xF0};
  out->push_back(static_cast<char>(kFirst[following] | c >> (6 * following)));
  for (int i = following - 1; i >= 0; --i) {
    out->push_back(static_cast<char>(0x80 | (c >> (6 * i) & 0x3F)));
  }
}

// Reads the text of labels from left to right.
class LabelReader {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  LabelReader(absl::string_view text, size_t max_pairs) : text_(text), max_pairs_(max_pairs) {}

  absl::StatusOr<Pairs> Read() {
    Pairs pairs;
    SkipSpace();
    if (!Take('{')) return Fault("expected {");
    SkipSpace();
    while (!Take('}')) {
      ASSIGN_OR_RETURN(auto pair, ReadPair());
      // Enough to say that there are too many.
      if (pairs.size() <= max_pairs_) pairs.push_back(std::move(pair));
      SkipSpace();
      if (Take('}')) break;
      if (!Take(',')) return Fault("expected , or }");
      SkipSpace();
    }
    SkipSpace();
    if (pos_ != text_.size()) return Fault("unexpected text behind the labels");
    return pairs;
  }

 private:
  absl::StatusOr<Pairs::value_type> ReadPair() {
    Pairs::value_type pair;
    const size_t begin = pos_;
    while (pos_ < text_.size() && (absl::ascii_isalnum(text_[pos_]) || text_[pos_] == '_')) ++pos_;
    pair.first = std::string(text_.substr(begin, pos_ - begin));
    if (!IsLabelName(pair.first)) {
      return Fault("unexpected character inside braces");
    }
    SkipSpace();
    if (!Take('=')) return Fault("unexpected character inside braces");
    SkipSpace();
    if (Take('`')) {
      const size_t end = text_.find('`', pos_);
      if (end == absl::string_view::npos) return Fault("unterminated raw string");
      pair.second = std::string(text_.substr(pos_, end - pos_));
      pos_ = end + 1;
      return pair;
    }
    if (!Take('"')) return Fault("expected a quoted value");
    RETURN_IF_ERROR(ReadQuoted(&pair.second));
    return pair;
  }

  absl::Status ReadQuoted(std::string* value) {
    while (pos_ < text_.size()) {
      const char c = text_[pos_++];
      if (c == '"') return absl::OkStatus();
      if (c != '\\') {
        value->push_back(c);
      } else if (!TakeEscape(value)) {
        return Fault("unknown escape sequence");
      }
    }
    return Fault("unterminated quoted string");
  }

  // Behind the backslash.
  bool TakeEscape(std::string* value) {
    static constexpr absl::string_view kLetters = "abfnrtv\\\"'";
    static constexpr absl::string_view kBytes = "\a\b\f\n\r\t\v\\\"'";
    if (pos_ == text_.size()) return false;
    const char c = text_[pos_];
    if (const size_t letter = kLetters.find(c); letter != absl::string_view::npos) {
      ++pos_;
      value->push_back(kBytes[letter]);
      return true;
    }
    uint32_t number = 0;
    if (c >= '0' && c <= '7') {
      if (!TakeDigits(3, 8, &number) || number > 255) return false;
      value->push_back(static_cast<char>(number));
      return true;
    }
    const int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    ++pos_;
    if (digits == 0 || !TakeDigits(digits, 16, &number)) return false;
    if (c == 'x') {
      value->push_back(static_cast<char>(number));
      return true;
    }
    if (number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) return false;
    AppendUtf8(number, value);
    return true;
  }

  bool TakeDigits(int count, uint32_t base, uint32_t* number) {
    for (int i = 0; i < count; ++i, ++pos_) {
      if (pos_ == text_.size() || !absl::ascii_isxdigit(text_[pos_])) return false;
      const char c = absl::ascii_tolower(text_[pos_]);
      const uint32_t digit = static_cast<uint32_t>(c >= 'a' ? c - 'a' + 10 : c - '0');
      if (digit >= base) return false;
      *number = *number * base + digit;
    }
    return true;
  }

  absl::Status Fault(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("couldn't parse labels: 1:", pos_ + 1, ": parse error: ", what));
  }

  void SkipSpace() {
    while (pos_ < text_.size() && absl::ascii_isspace(text_[pos_])) ++pos_;
  }

  bool Take(char c) {
    if (pos_ == text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  const absl::string_view text_;
  const size_t max_pairs_;
  size_t pos_ = 0;
};

// The labels as Prometheus prints them, as far as they are shown.
std::string Describe(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string text = "{";
  for (const auto& [name, value] : pairs) {
    if (text.size() > kMaxShownBytes) break;
    absl::StrAppend(&text, text.size() > 1 ? ", " : "", name, "='",
                    absl::string_view(value).substr(0, kMaxShownBytes), "'");
  }
  return text + "}";
}

}  // namespace

absl::StatusOr<Labels> MakePushLabels(std::vector<std::pair<std::string, std::string>> pairs,
                                      const PushLabelLimits& limits) {
  for (const auto& [name, value] : pairs) {
    if (name.size() > limits.name_bytes) {
      return Refuse(Describe(pairs), "has label name too long");
    }
    if (value.size() > limits.value_bytes) {
      return Refuse(Describe(pairs), "has label value too long");
    }
    if (!IsLabelName(name)) {
      std::string shown;
      AppendQuoted(name, &shown);
      return absl::InvalidArgumentError(absl::StrCat(
          "couldn't parse labels: parse error: unexpected character inside braces: ", shown));
    }
  }
  std::sort(pairs.begin(), pairs.end());
  const auto twice = std::adjacent_find(
      pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first == b.first; });
  if (twice != pairs.end()) {
    return Refuse(Describe(pairs), absl::StrCat("has duplicate label name: '", twice->first, "'"));
  }
  Labels labels;
  for (const auto& [name, value] : pairs) labels.Set(name, value);
  if (labels.pairs().size() > limits.names || pairs.size() > 2 * limits.names) {
    return absl::InvalidArgumentError(
        absl::StrCat("entry for ", Refuse(Describe(pairs), "has ").message(), pairs.size(),
                     " label names; limit ", limits.names));
  }
  return labels;
}

absl::StatusOr<Labels> ParsePushLabels(absl::string_view text, const PushLabelLimits& limits) {
  // Twice the limit leaves room for labels with an empty value, and bounds the work.
  ASSIGN_OR_RETURN(auto pairs, LabelReader(text, 2 * limits.names).Read());
  return MakePushLabels(std::move(pairs), limits);
}

}  // namespace tallybell
