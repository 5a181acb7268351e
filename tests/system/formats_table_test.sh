#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# The table of docs/formats.md is what the binary makes of the real logs.
set -euo pipefail

root=${TALLYBELL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root/tests/data/logs"
find . -type f ! -name '*.tsv' ! -name '*.md' | sed 's|^\./||' | LC_ALL=C sort |
  xargs "${TALLYBELL:?the built binary}" explain --summary >"$work/printed"
sed -n '/^| file | read as /,$p' "$root/docs/formats.md" >"$work/documented"
[ "$(wc -l <"$work/printed")" -gt 50 ]
diff "$work/documented" "$work/printed"
echo "docs/formats.md shows what $(($(wc -l <"$work/printed") - 2)) files are"
