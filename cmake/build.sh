#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Configures and builds in few words: what is dumped goes to a log, which is shown if it fails.
# Usage: build.sh BUILD_DIR JOBS TARGETS [CMAKE_OPTION...]
# JOBS is a number, or 0 for as many as the machine's cores and memory carry; TARGETS are divided
# by commas. The compiler comes from $CXX, else it is c++.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly source_dir build_dir=$1 wanted_jobs=$2 targets=$3
shift 3

# A compiler takes up to 0.6 GiB for the largest files.
jobs() {
  local cores memory
  [[ $wanted_jobs -gt 0 ]] && echo "$wanted_jobs" && return
  cores=$(nproc)
  memory=$(($(awk '/^MemAvailable/ {print $2}' /proc/meminfo) / 1024 / 600))
  echo $((memory < 1 ? 1 : memory < cores ? memory : cores))
}

fail() {
  echo "$1 failed; the end of $2 says:" >&2
  # The faults themselves, where there are any: they may stand far above the end.
  grep -nE -A3 'error:|FAILED:|CMake Error|undefined reference' "$2" | cut -c-300 | head -n 40 >&2 ||
    tail -n 40 "$2" | cut -c-300 >&2
  exit 1
}

# One growing line for each tenth of the way.
show_progress() {
  awk -v terminal="$([[ -t 1 ]] && echo 1 || echo 0)" '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), step, "/")
      if (terminal) printf "\rbuild: %d of %d steps", step[1], step[2]
      tenth = int(10 * step[1] / step[2])
      if (!terminal && tenth > last) printf "%s%d%%", (last == "" ? "build: " : " "), 10 * tenth
      if (tenth > last) last = tenth
      fflush()
    }
    END { if (last != "") print "" }'
}

mkdir -p "$build_dir"
launcher=()
if command -v ccache >/dev/null; then
  launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
fi
readonly configure_log=$build_dir/configure.log build_log=$build_dir/build.log
parallel=$(jobs)
readonly parallel

# A build directory of another compiler or another checkout cannot be used again.
if [[ -f $build_dir/CMakeCache.txt ]] &&
  ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source_dir" "$build_dir/CMakeCache.txt"; then
  rm -rf "$build_dir/CMakeCache.txt" "$build_dir/CMakeFiles"
fi
echo "build: in $build_dir with $parallel jobs, $("${CXX:-c++}" --version | head -n 1)"
cmake -G Ninja -S "$source_dir" -B "$build_dir" "${launcher[@]}" "$@" >"$configure_log" 2>&1 ||
  fail cmake "$configure_log"
# shellcheck disable=SC2086
ninja -C "$build_dir" -j "$parallel" ${targets//,/ } 2>&1 | tee "$build_log" | show_progress ||
  fail "the build" "$build_log"
