#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# From a plain checkout on a bare Debian 12 or 13 to an alert: installs what the build needs with
# apt-get (as root or with sudo), builds, and replays the log of a real node agent. Run it again as
# often as you like. With TALLYBELL=/path/to/tallybell it uses that binary and builds none.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly build_dir=$root/build

if [[ -z ${TALLYBELL:-} ]]; then
  mkdir -p "$build_dir"
  bash "$root/cmake/debian_packages.sh" build "$build_dir/packages.log"
  bash "$root/cmake/build.sh" "$build_dir" 0 tallybell -DCMAKE_BUILD_TYPE=Release \
    -DTALLYBELL_TESTS=OFF
  TALLYBELL=$build_dir/tallybell
  echo
fi

cd "$root/examples/anka-node"
cat <<'TEXT'
  $ cd examples/anka-node
  $ tallybell replay --rules rules.yaml --label host=mac-7 --year 2024 anka_agent.INFO
TEXT
"$TALLYBELL" replay --rules rules.yaml --label host=mac-7 --year 2024 anka_agent.INFO
cat <<'TEXT'

The 4 lines that rang AnkaNodeBusy, 12 seconds before the node was full, go with the alert:
  $ tallybell replay --output jsonl ... | grep AnkaNodeBusy.*firing | grep -o '"line":"[^"]*"'
TEXT
"$TALLYBELL" replay --output jsonl --rules rules.yaml --label host=mac-7 --year 2024 \
  anka_agent.INFO 2>/dev/null | grep 'AnkaNodeBusy.*firing' | grep -o '"line":"[^"]*"'
cat <<TEXT

The rules are in examples/anka-node/rules.yaml. Now a log of your own:
  ${TALLYBELL/#"$root/"/} replay YOUR.log
TEXT
