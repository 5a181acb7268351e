// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "rules/quantity.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "engine/base/time_ns.h"

namespace tallybell {
namespace {

struct Unit {
  absl::string_view name;
  double factor;
};

constexpr Unit kDurationUnits[] = {
    {"ns", 1},
    {"us", kMicrosecond},
    {"\u00b5s", kMicrosecond},  // the micro sign
    {"\u03bcs", kMicrosecond},  // the Greek letter
    {"ms", kMillisecond},
    {"s", kSecond},
    {"m", kMinute},
    {"h", kHour},
    {"d", kDay},
    {"w", 7.0 * kDay},
    {"y", 365.0 * kDay},
};

constexpr double kKi = 1024;

// A lone "m" is a minute, so it is not a size.
constexpr Unit kSizeUnits[] = {
    {"", 1},
    {"B", 1},
    {"k", 1e3},
    {"K", 1e3},
    {"kB", 1e3},
    {"KB", 1e3},
    {"Ki", kKi},
    {"KiB", kKi},
    {"M", 1e6},
    {"MB", 1e6},
    {"Mi", kKi* kKi},
    {"MiB", kKi* kKi},
    {"G", 1e9},
    {"GB", 1e9},
    {"Gi", kKi* kKi* kKi},
    {"GiB", kKi* kKi* kKi},
    {"T", 1e12},
    {"TB", 1e12},
    {"Ti", kKi* kKi* kKi* kKi},
    {"TiB", kKi* kKi* kKi* kKi},
    {"P", 1e15},
    {"PB", 1e15},
    {"Pi", kKi* kKi* kKi* kKi* kKi},
    {"PiB", kKi* kKi* kKi* kKi* kKi},
};

template <size_t N>
const Unit* FindUnit(const Unit (&units)[N], absl::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

// The length of the number at the front of `text`: digits, perhaps with a point among them.
size_t DecimalLength(absl::string_view text) {
  size_t length = 0;
  bool digit = false;
  bool point = false;
  for (; length < text.size(); ++length) {
    if (absl::ascii_isdigit(text[length])) {
      digit = true;
    } else if (text[length] == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  return digit ? length : 0;
}

size_t ExponentLength(absl::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  size_t length = 1;
  if (length < text.size() && (text[length] == '+' || text[length] == '-')) ++length;
  const size_t first_digit = length;
  while (length < text.size() && absl::ascii_isdigit(text[length])) ++length;
  return length > first_digit ? length : 0;
}

std::optional<double> ToDouble(absl::string_view text) {
  double value;
  if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Parts without a sign: 1h30m, 1.5s.
std::optional<double> ParseDurationParts(absl::string_view text) {
  double total = 0;
  while (!text.empty()) {
    const size_t digits = DecimalLength(text);
    if (digits == 0) return std::nullopt;
    const std::optional<double> value = ToDouble(text.substr(0, digits));
    text.remove_prefix(digits);
    size_t letters = 0;
    while (letters < text.size() && !absl::ascii_isdigit(text[letters]) && text[letters] != '.') {
      ++letters;
    }
    const Unit* const unit = FindUnit(kDurationUnits, text.substr(0, letters));
    if (unit == nullptr || !value) return std::nullopt;
    text.remove_prefix(letters);
    total += *value * unit->factor;
  }
  return total;
}

std::optional<double> ParseSize(absl::string_view text, size_t digits) {
  absl::string_view name = text.substr(digits);
  // "5 GB" has one space; "5 " is not a size.
  if (name.size() > 1 && name[0] == ' ') name.remove_prefix(1);
  const Unit* const unit = FindUnit(kSizeUnits, name);
  const std::optional<double> value = ToDouble(text.substr(0, digits));
  if (unit == nullptr || !value) return std::nullopt;
  return *value * unit->factor;
}

template <typename T>
std::optional<int> Order(const std::optional<T>& a, const std::optional<T>& b) {
  if (!a || !b) return std::nullopt;
  return *a < *b ? -1 : *a > *b ? 1 : 0;
}

}  // namespace

Quantity ParseQuantity(absl::string_view text) {
  Quantity quantity;
  // Nothing that a person or a program writes as a quantity is longer.
  if (text.empty() || text.size() > 64) return quantity;
  const bool negative = text[0] == '-';
  const absl::string_view digits = negative || text[0] == '+' ? text.substr(1) : text;
  const size_t decimal = DecimalLength(digits);
  if (decimal == 0) return quantity;
  if (decimal + ExponentLength(digits.substr(decimal)) == digits.size()) {
    quantity.number = ToDouble(digits);
    if (quantity.number && negative) quantity.number = -*quantity.number;
    int64_t integer;
    if (decimal == digits.size() && absl::SimpleAtoi(text, &integer)) quantity.integer = integer;
  }
  quantity.duration_ns = ParseDurationParts(digits);
  if (quantity.number && *quantity.number == 0) quantity.duration_ns = 0;
  if (quantity.duration_ns && negative) quantity.duration_ns = -*quantity.duration_ns;
  if (!negative) quantity.bytes = ParseSize(digits, decimal);
  return quantity;
}

std::optional<int> CompareQuantities(const Quantity& a, const Quantity& b) {
  // Whole numbers beyond 2^53 are not exact as doubles.
  if (const auto order = Order(a.integer, b.integer)) return order;
  if (const auto order = Order(a.number, b.number)) return order;
  if (const auto order = Order(a.duration_ns, b.duration_ns)) return order;
  return Order(a.bytes, b.bytes);
}

}  // namespace tallybell
