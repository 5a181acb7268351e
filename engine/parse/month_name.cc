// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

#include "engine/parse/month_name.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace tallybell {
namespace {

// The names of each month, in lower case, parted by spaces. Where languages share one it is there
// once; no name means two months.
constexpr absl::string_view kNames[] = {
    "jan ene janv gen jän",
    "feb fev fév févr febr",
    "mar mär mrz mars märz",
    "apr abr avr avril",
    "may mai mag maio mayo",
    "jun juin giu juni",
    "jul juil lug juli",
    "aug ago août aoû aout",
    "sep sept set",
    "oct okt out ott",
    "nov",
    "dec dez dic déc",
};

// The number before a sign that means month, or 0.
int MonthFromNumber(absl::string_view name) {
  if (!absl::ConsumeSuffix(&name, "月") && !absl::ConsumeSuffix(&name, "월")) return 0;
  if (name.empty() || name.size() > 2) return 0;
  int month = 0;
  for (const char c : name) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return 0;
    month = month * 10 + (c - '0');
  }
  return month <= 12 ? month : 0;
}

}  // namespace

int MonthFromName(absl::string_view name) {
  constexpr size_t kLongest = 8;
  if (name.empty() || name.size() > kLongest) return 0;
  if (absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return MonthFromNumber(name);
  absl::ConsumeSuffix(&name, ".");
  if (name.empty()) return 0;
  for (int month = 1; month <= 12; ++month) {
    absl::string_view names = kNames[month - 1];
    while (!names.empty()) {
      const size_t space = names.find(' ');
      // The first letter alone tells nearly all of them apart.
      if ((names[0] | 0x20) == (name[0] | 0x20) &&
          absl::EqualsIgnoreCase(names.substr(0, space), name)) {
        return month;
      }
      names.remove_prefix(space == absl::string_view::npos ? names.size() : space + 1);
    }
  }
  return 0;
}

}  // namespace tallybell
