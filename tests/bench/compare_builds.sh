#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Weighs a change: runs two builds of tallybell in turns on the same work and prints, for each work,
# how much more time and CPU time the new one takes, as the median over the pairs and the quartiles
# around it. Each pair is run in the other order than the one before. It asserts no figure.
# compare_builds.sh --help says how to run it.
set -euo pipefail
exec python3 "$(dirname "$0")/compare/builds.py" "$@"
