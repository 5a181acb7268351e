// SPDX-License-Identifier: Apache-2.0
// Copyright The tallybell Authors

// The ways in which formats write a full date and time.
#ifndef TALLYBELL_ENGINE_PARSE_DATE_STAMP_H_
#define TALLYBELL_ENGINE_PARSE_DATE_STAMP_H_

#include <cstddef>

#include "absl/strings/string_view.h"
#include "engine/parse/stamp.h"

namespace tallybell {

// Reads a date and time from the beginning of `text`: 2024-05-01T12:32:30.426698Z and its like. The
// date is written with `-` or `/`, parted from the time by `T`, `t` or one space; the second may
// have a fraction of any length after `.` or `,`, of which nine digits count; the zone is Z, z,
// +05:30, +0530 or +05, or left out. 60 seconds are a leap second, 61 are none. Returns how many
// bytes were read, or 0 if that is not what stands there or no such day exists; `*stamp` is then as
// it was. Thread-safe.
size_t ParseDateStamp(absl::string_view text, Stamp* stamp);

// Reads all of `number` as a time since 1970 in UTC: digits with an optional fraction and exponent,
// exact to the nanosecond. What the unit is shows in how great it is: below 1e11 seconds, below
// 1e14 ms, below 1e17 us, else ns. False if that is not what it is, or lies after the year 2261.
bool ParseEpochStamp(absl::string_view number, Stamp* stamp);

}  // namespace tallybell

#endif  // TALLYBELL_ENGINE_PARSE_DATE_STAMP_H_
