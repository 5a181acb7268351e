#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Every path and every test that the documents name between backquotes is there.
set -euo pipefail
cd "${TALLYBELL_SOURCE_DIR:-$(dirname "${BASH_SOURCE[0]}")/../..}"

seen=0 faults=0
while IFS=: read -r document name; do
  seen=$((seen + 1))
  if ! compgen -G "$name" >/dev/null; then
    echo "$document names $name, which is not there" >&2
    faults=$((faults + 1))
  fi
done < <(grep -roE '`(engine|rules|sinks|tests|examples|docs|cmake)/[A-Za-z0-9_.*/{},-]*`' \
  README.md docs --include='*.md' | tr -d '`' |
  while IFS=: read -r document name; do
    # engine/scan/line_candidates.{h,cc} is two paths.
    eval "printf '$document:%s\n' $name" 2>/dev/null
  done | sort -u)

echo "$seen paths, $faults faults"
[[ $faults -eq 0 && $seen -ge 20 ]]
