// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "tests/engine/parse/json_oracle.h"

#include <cctype>
#include <cmath>
#include <cstdlib>

#include "engine/model/field_name.h"

namespace tallybell {
namespace {

constexpr size_t kLongestName = 256;

std::string Utf8(unsigned long code) {
  std::string out;
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  const auto tail = [code](int shift) {
    return static_cast<char>(0x80 + ((code >> shift) & 0x3F));
  };
  if (code < 0x800) {
    out += static_cast<char>(0xC0 + (code >> 6));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 + (code >> 12));
    out += tail(6);
  } else {
    out += static_cast<char>(0xF0 + (code >> 18));
    out += tail(12);
    out += tail(6);
  }
  return out + tail(0);
}

}  // namespace

JsonOracle::JsonOracle(const std::string& text) : text_(text) {
  Space();
  valid_ = Object(1, "");
  Space();
  valid_ = valid_ && at_ == text_.size();
}

const JsonOracle::Entry* JsonOracle::Find(const std::string& name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool JsonOracle::Next(char c) {
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void JsonOracle::Space() {
  while (Next(' ') || Next('\t') || Next('\n') || Next('\r')) {
  }
}

// The entry of an object is put before those in it.
bool JsonOracle::Value(int depth, const std::string& name) {
  const bool is_field = !in_array_ && !name.empty() && name.size() <= kLongestName;
  const size_t begin = at_;
  const size_t place = entries_.size();
  const bool outer = in_array_;
  Entry entry;
  entry.name = name;
  entry.top = depth == 1;
  bool is_null = false;
  if (at_ == text_.size()) return false;
  if (text_[at_] == '"') {
    entry.is_string = true;
    if (!String(&entry.value)) return false;
  } else if (text_[at_] == '{') {
    if (!is_field) in_array_ = true;
    if (!Object(depth + 1, name + "_")) return false;
    entry.full_object = text_.substr(begin, at_ - begin).find('"') != std::string::npos;
  } else if (text_[at_] == '[') {
    in_array_ = true;
    if (!Array(depth + 1)) return false;
  } else if (text_.compare(at_, 4, "null") == 0) {
    at_ += 4;
    is_null = true;
  } else if (text_.compare(at_, 4, "true") == 0) {
    at_ += 4;
  } else if (text_.compare(at_, 5, "false") == 0) {
    at_ += 5;
  } else if (!Number()) {
    return false;
  }
  in_array_ = outer;
  if (!entry.is_string) entry.value = text_.substr(begin, at_ - begin);
  if (is_field && !is_null) entries_.insert(entries_.begin() + static_cast<long>(place), entry);
  return true;
}

bool JsonOracle::Object(int depth, const std::string& name) {
  if (depth > 64 || !Next('{')) return false;
  Space();
  if (Next('}')) return true;
  while (true) {
    Space();
    std::string key;
    if (!String(&key)) return false;
    Space();
    if (!Next(':')) return false;
    Space();
    if (!Value(depth, name + FieldName(key))) return false;
    Space();
    if (Next('}')) return true;
    if (!Next(',')) return false;
  }
}

bool JsonOracle::Array(int depth) {
  if (depth > 64 || !Next('[')) return false;
  Space();
  if (Next(']')) return true;
  while (true) {
    Space();
    if (!Value(depth, "")) return false;
    Space();
    if (Next(']')) return true;
    if (!Next(',')) return false;
  }
}

bool JsonOracle::String(std::string* decoded) {
  if (!Next('"')) return false;
  while (at_ < text_.size()) {
    if (Next('"')) return true;
    if (Next('\\')) {
      if (!Escape(decoded)) return false;
      continue;
    }
    if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
    *decoded += text_[at_++];
  }
  return false;
}

bool JsonOracle::Escape(std::string* decoded) {
  const std::string letters = "\"\\/bfnrt";
  const std::string meanings = "\"\\/\b\f\n\r\t";
  for (size_t i = 0; i < letters.size(); ++i) {
    if (Next(letters[i])) {
      *decoded += meanings[i];
      return true;
    }
  }
  const auto unit_at = [this](size_t at, unsigned long* unit) {
    if (text_.size() < at + 5 || text_[at] != 'u') return false;
    for (size_t i = at + 1; i < at + 5; ++i) {
      if (std::isxdigit(static_cast<unsigned char>(text_[i])) == 0) return false;
    }
    *unit = std::strtoul(text_.substr(at + 1, 4).c_str(), nullptr, 16);
    return true;
  };
  unsigned long unit, second;
  if (!unit_at(at_, &unit)) return false;
  at_ += 5;
  if (unit >= 0xD800 && unit <= 0xDBFF && at_ < text_.size() && text_[at_] == '\\' &&
      unit_at(at_ + 1, &second) && second >= 0xDC00 && second <= 0xDFFF) {
    at_ += 6;
    unit = 0x10000 + (unit - 0xD800) * 0x400 + (second - 0xDC00);
  } else if (unit >= 0xD800 && unit <= 0xDFFF) {
    unit = 0xFFFD;
  }
  *decoded += Utf8(unit);
  return true;
}

bool JsonOracle::Digits() {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
  return at_ > begin;
}

bool JsonOracle::Number() {
  const size_t begin = at_;
  Next('-');
  if (!Next('0') && !Digits()) return false;
  if (Next('.') && !Digits()) return false;
  if (Next('e') || Next('E')) {
    if (!Next('+')) Next('-');
    if (!Digits()) return false;
  }
  if (std::isinf(std::strtod(text_.substr(begin, at_ - begin).c_str(), nullptr))) {
    has_huge_number_ = true;
  }
  return true;
}

}  // namespace tallybell
