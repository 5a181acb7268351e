#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Checks that no SQL is built of strings: what is prepared stands in the code as it is, and values
# are bound to it. Only engine/store knows SQL; tests that look at a state file are no danger.
# Usage: sql_test.sh [ROOT]
set -euo pipefail

cd "${1:-$(dirname "${BASH_SOURCE[0]}")/..}"

faults=0
fault() {
  echo "$1" >&2
  faults=$((faults + 1))
}

# Words of SQL in a string that something is joined to, on either side of it.
readonly SQL='"[^"]*\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE (TABLE|INDEX)|ALTER TABLE|PRAGMA|ATTACH|VACUUM|DROP TABLE|WHERE|VALUES)\b[^"]*"'
readonly JOINED="(StrCat|StrAppend|StrFormat|Substitute|StrJoin|snprintf)[(][^;]*$SQL|$SQL *[+]|[+] *$SQL"

# The texts of all sources with their lines joined, so that a call is one line whatever its shape.
while read -r file; do
  statements=$(sed 's,^ *//.*,,' "$file" | tr '\n' ' ' | sed 's/;/;\n/g')
  if grep -qE "$SQL" <<<"$statements" && [[ $file != engine/store/* ]]; then
    fault "$file: SQL belongs in engine/store"
  fi
  if joined=$(grep -E "$JOINED" <<<"$statements"); then
    fault "$file: SQL that is built of strings: $joined"
  fi
  if grep -qE 'sqlite3_exec|sqlite3_mprintf|sqlite3_get_table' <<<"$statements"; then
    fault "$file: what is run must be prepared"
  fi
done < <(find engine rules sinks -name '*.cc' -o -name '*.h' | LC_ALL=C sort)

# A test that looks at nothing proves nothing, and one that finds nothing neither.
prepared=$(grep -rhoE 'Statement::Prepare\(' engine/store | wc -l)
[[ $prepared -ge 5 ]] || fault "only $prepared statements are prepared"
for wrong in 'absl::StrCat("SELECT x FROM y WHERE z = ", z);' 'sql = "DELETE FROM t " + w;'; do
  grep -qE "$JOINED" <<<"$wrong" || fault "does not find $wrong"
done

echo "$prepared statements, $faults faults"
exit $((faults > 0))
