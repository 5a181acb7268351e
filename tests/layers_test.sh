#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Checks what the compiler does not: that includes go one way, that time and other people's
# libraries come in where they should, and that names and sizes keep the house readable.
# Usage: layers_test.sh [ROOT]
set -euo pipefail

cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

find engine rules sinks tests -type f | LC_ALL=C sort | awk '
function fault(where, what) {
  print where ": " what > "/dev/stderr"
  faults++
}

# The folder of a path: engine/base, rules, ...
function room_of(path,   parts) {
  split(path, parts, "/")
  return parts[1] == "engine" ? parts[1] "/" parts[2] : parts[1]
}

function rank_rooms(rank, rooms,   list, n, i) {
  n = split(rooms, list, " ")
  for (i = 1; i <= n; i++) RANK[list[i]] = rank
}

BEGIN {
  # A folder may include itself and those of a lower rank; equal ranks do not meet.
  rank_rooms(1, "engine/base")
  rank_rooms(2, "engine/net engine/model")
  rank_rooms(3, "rules")
  rank_rooms(4, "engine/source engine/scan engine/frame engine/parse engine/window engine/alert")
  rank_rooms(4, "engine/store sinks")
  rank_rooms(5, "engine/match engine/outbox")
  rank_rooms(6, "engine/run")
  rank_rooms(7, "engine/serve")
  rank_rooms(8, "engine/cli")

  # Where the headers of a library may be included.
  LIBRARY["httplib[.]h"] = "^engine/net/"
  LIBRARY["sqlite3[.]h"] = "^engine/store/"
  LIBRARY["hs(_[a-z]+)?[.]h"] = "^engine/scan/"
  LIBRARY["yaml-cpp/[a-z_/.]+"] = "^(rules|engine/run)/"

  # Only there time may come in; everywhere else it is an argument.
  CLOCK_FILES = "^engine/base/(clock|log)[.]cc$"
  CLOCK_WORDS = "absl::Now *[(]|system_clock|sleep_for|sleep_until|absl::SleepFor"
  FORBIDDEN_WORDS = "std::regex|std::string_view|#include <(regex|string_view)>"
  BAD_NAMES = "(^|[/_])(utils?|helpers?|common|misc|managers?)([/_.]|$)"
  MAX_LINES = 500
}

function check_include(file, line, name,   room, target) {
  if (name !~ /^(engine|rules|sinks|tests)\//) return
  room = room_of(file)
  target = room_of(name)
  if (target == room) return
  if (!(target in RANK)) {
    fault(file ":" line, "includes " name ", which has no place in the order of layers")
  } else if (RANK[target] >= RANK[room]) {
    fault(file ":" line, room " includes " name ", which is not below it")
  }
}

function check_line(file, line, text,   name, header) {
  sub(/\/\/.*/, "", text)
  if (text ~ FORBIDDEN_WORDS || (file !~ CLOCK_FILES && text ~ CLOCK_WORDS)) {
    fault(file ":" line, "not here: " text)
  }
  if (text !~ /^[ \t]*#[ \t]*include[ \t]*[<"]/) return
  name = text
  gsub(/^[^<"]*[<"]|[>"].*$/, "", name)
  check_include(file, line, name)
  for (header in LIBRARY) {
    if (name ~ "(^|/)" header "$" && file !~ LIBRARY[header]) {
      fault(file ":" line, name " belongs in " substr(LIBRARY[header], 2))
    }
  }
}

{
  file = $0
  seen++
  if (file ~ BAD_NAMES) fault(file, "a name that says nothing")
  if (file !~ /[.](cc|h)$/) next
  is_test = file ~ /^tests\//
  if (!is_test && !(room_of(file) in RANK)) fault(file, "its folder has no place in the layers")
  lines = 0
  while ((getline text < file) > 0) {
    lines++
    if (!is_test) check_line(file, lines, text)
  }
  close(file)
  if (lines > MAX_LINES) fault(file, lines " lines, more than " MAX_LINES)
}

END {
  # A test that looks at nothing proves nothing.
  if (seen < 10) fault(".", "only " seen + 0 " files found")
  print seen + 0 " files, " faults + 0 " faults"
  exit faults > 0
}
'
