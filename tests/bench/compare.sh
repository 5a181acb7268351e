#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Measures tallybell beside what people use for the same job, on the same made-up logs and the same
# patterns, in one run, and prints one table. Every round runs each contender once, so that what
# else the machine does hits all of them; a ratio is the median over the rounds. It asserts no
# figure. docs/performance.md says how to read it; --help says how to run it.
#
# The work is done by compare/: a row of the table is a function there, rows of a kind are a file.
set -euo pipefail

readonly PEERS=(ripgrep mtail sec grep gzip zstd)

for word in "$@"; do
  if [[ $word == --install ]]; then
    apt-get install --yes --no-install-recommends "${PEERS[@]}" >&2
  fi
done
exec python3 "$(dirname "$0")/compare/main.py" "$@"
