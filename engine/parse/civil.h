// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// Days of the Gregorian calendar as numbers, with integer arithmetic only: it runs for every line
// that counts.
#ifndef TALLYBELL_ENGINE_PARSE_CIVIL_H_
#define TALLYBELL_ENGINE_PARSE_CIVIL_H_

#include <cstdint>

namespace tallybell {

constexpr bool IsLeapYear(int year) {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

// Of months 1 to 12; February as in a leap year.
constexpr int LongestMonthDays(int month) {
  constexpr int8_t kDays[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month];
}

constexpr bool IsDate(int year, int month, int day) {
  return month >= 1 && month <= 12 && day >= 1 && day <= LongestMonthDays(month) &&
         (month != 2 || day < 29 || IsLeapYear(year));
}

// Days from 1970-01-01 to that day. Years from 1 on; a 29 February of a common year is 1 March.
constexpr int64_t DaysFromCivil(int year, int month, int day) {
  constexpr int kDaysBeforeMonth[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  constexpr int64_t kDaysBefore1970 = 719'162;  // from 0001-01-01
  const int64_t years = year - 1;
  const int64_t days = years * 365 + years / 4 - years / 100 + years / 400;
  const int leap_day = month > 2 && IsLeapYear(year) ? 1 : 0;
  return days - kDaysBefore1970 + kDaysBeforeMonth[month - 1] + leap_day + day - 1;
}
static_assert(DaysFromCivil(1970, 1, 1) == 0);
static_assert(DaysFromCivil(2000, 3, 1) == 11'017);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_CIVIL_H_
