#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# The quick start, from the moment when the binary is built: an alert rings, its lines are shown,
# and it works from any directory.
set -euo pipefail
root=${TALLYBELL_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TALLYBELL:?the built binary}"
export TALLYBELL

cd /
output=$(bash "$root/examples/quickstart.sh")
for expected in 'AnkaNodeBusy  host=mac-7' 'AnkaNodeFull  host=mac-7' \
  '"line":"I0502 01:58:35.581537    7961 start_vm.go:51] started handling startVMRequest"'; do
  if ! grep -qF -- "$expected" <<<"$output"; then
    printf 'not printed: %s\nprinted:\n%s\n' "$expected" "$output" >&2
    exit 1
  fi
done
[[ $(grep -c '^"line":' <<<"$output") -eq 4 ]]
