#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Installs what the tests need, builds, and runs every test. Works from any directory.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/run.sh [OPTION...]
  --sanitize LIST   address,undefined or thread; in a build directory of its own
  --clang           build with clang++
  --only LABELS     only tests of these folders, divided by commas (store,outbox)
  --fuzz SECONDS    instead of the tests: run each libFuzzer target that long, in the build directory
                    of --clang --sanitize address,undefined
  --build-dir D     default: build-tests, with a suffix for the variant
  -j N              at most N jobs (default: as many as the machine carries)
  --accept-count    write the number of tests into tests/expected_test_count
TEXT
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly expected_count=$root/tests/expected_test_count
sanitize='' clang=0 only='' fuzz=0 build_dir='' jobs=0 accept_count=0
while [[ $# -gt 0 ]]; do
  case $1 in
    --sanitize) sanitize=${2:?--sanitize needs a list} && shift ;;
    --clang) clang=1 ;;
    --only) only=${2:?--only needs labels} && shift ;;
    --fuzz) fuzz=${2:?--fuzz needs seconds} clang=1 sanitize=address,undefined && shift ;;
    --build-dir) build_dir=${2:?--build-dir needs a directory} && shift ;;
    -j) jobs=${2:?-j needs a number} && shift ;;
    -j[0-9]*) jobs=${1#-j} ;;
    --accept-count) accept_count=1 ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

default_build_dir() {
  local name=$root/build-tests
  [[ -z $sanitize ]] || name+=-${sanitize//,/-}
  [[ $clang -eq 0 ]] || name+=-clang
  echo "$name"
}

install_and_build() {
  local sets=(build test) targets=all
  local options=(-DTALLYBELL_WERROR=ON "-DTALLYBELL_SANITIZE=$sanitize" -DCMAKE_BUILD_TYPE=Debug
    # Random tests are slow without any optimisation, and -O1 compiles as fast as none.
    "-DCMAKE_CXX_FLAGS_DEBUG=-O1 -g1")
  if [[ $clang -eq 1 ]]; then
    sets+=(clang)
    export CXX=clang++
    # What is compiled for libFuzzer serves the tests under these sanitizers too.
    [[ $sanitize != *address* ]] || options+=(-DTALLYBELL_FUZZ=ON)
    # The other legs show that each file includes what it needs.
    options+=(-DTALLYBELL_PCH=ON)
  fi
  if [[ $fuzz -gt 0 ]]; then
    targets=tests_fuzz
  elif [[ -n $only ]]; then
    targets=tests_${only//,/,tests_}
  fi
  mkdir -p "$build_dir"
  bash "$root/cmake/debian_packages.sh" "${sets[@]}" "$build_dir/packages.log"
  bash "$root/cmake/build.sh" "$build_dir" "$jobs" "$targets" "${options[@]}"
}

# Corpora grow in the build directory; those in the repository are only read. Under the sanitizers
# five seconds are what one is without them. A short run takes the same way each time; a campaign of
# five minutes or more for each target takes another.
start_fuzz_target() {
  local name=$1 seeds=$root/tests/fuzz/corpus/$1
  mkdir -p "$build_dir/corpus/$name"
  local seed=1
  [[ $fuzz -lt 300 ]] || seed=0
  (cd "$build_dir" && exec "./$name" -seed="$seed" -max_total_time="$fuzz" -timeout=5 -rss_limit_mb=2048 \
    -malloc_limit_mb=512 -print_final_stats=1 -artifact_prefix="$build_dir/$name-" \
    "corpus/$name" "$seeds" >"$build_dir/$name.log" 2>&1) &
  fuzz_names[$!]=$name
}

# Waits until one of them has ended, and says how it did.
finish_fuzz_target() {
  local pid status=0 name output
  wait -n -p pid || status=$?
  name=${fuzz_names[$pid]}
  output=$build_dir/$name.log
  unset "fuzz_names[$pid]"
  if [[ $status -ne 0 ]]; then
    tail -n 60 "$output"
    echo "fuzz: $name failed; its input: $(grep -oE "$build_dir/$name-[^ ]+" "$output" | tail -n 1)" >&2
    exit 1
  fi
  awk -v name="$name" '/^stat::number_of_executed_units/ { runs = $2 }
    /^stat::average_exec_per_sec/ { printf "fuzz: %s: %d runs, %d a second\n", name, runs, $2 }' "$output"
}

# One more at once than there are cores: each has its seconds by the clock. The first that fails
# ends the others.
run_fuzz_targets() {
  local source at_once=$jobs
  [[ $at_once -gt 0 ]] || at_once=$(($(nproc) + 1))
  declare -gA fuzz_names=()
  trap '[[ ${#fuzz_names[@]} -eq 0 ]] || kill "${!fuzz_names[@]}" 2>/dev/null || true' EXIT
  trap 'exit 130' INT TERM
  for source in "$root"/tests/fuzz/*_fuzz.cc; do
    while [[ ${#fuzz_names[@]} -ge $at_once ]]; do finish_fuzz_target; done
    start_fuzz_target "$(basename "$source" .cc)"
  done
  while [[ ${#fuzz_names[@]} -gt 0 ]]; do finish_fuzz_target; done
}

# Passed tests are a line each in the log only. ctest's closing lines are kept for the end.
run_ctest() {
  local filter=()
  [[ -z $only ]] || filter=(-L "^(${only//,/|})\$")
  local jobs_now=$jobs
  # Tests of the binary wait more than they compute.
  [[ $jobs_now -gt 0 ]] || jobs_now=$(($(nproc) + 2))
  echo "tests: running, a line each in $log"
  (cd "$build_dir" && ctest --output-on-failure -j "$jobs_now" "${filter[@]}" 2>&1) | tee "$log" |
    awk '/tests passed, .* tests? failed out of / { exit }
         / +Passed +[0-9.]+ sec$/ || /^ +Start +[0-9]+:/ { next }
         { print; fflush() }
         END { while ((getline rest) > 0) { } }'
}

# Tests of the whole binary share this machine with each other and with whatever else runs on it.
# A few that failed may show alone that it was the company; they are named, and their first failure
# stays in the output. A crash, or what a sanitizer reported, is no such case.
second_chance() {
  local names again=$build_dir/ctest_alone.log
  local failed='^[[:space:]]+[0-9]+ - ([^ ]+) \((Failed|Timeout)\).*$'
  mapfile -t names < <(sed -nE "s/$failed/\1/p" "$log")
  [[ ${#names[@]} -gt 0 && ${#names[@]} -le 3 ]] || return 1
  [[ $(grep -cE '^[[:space:]]+[0-9]+ - ' "$log") -eq ${#names[@]} ]] || return 1
  ! grep -qE 'Sanitizer|runtime error:' "$log" || return 1
  echo "tests: once more, alone: ${names[*]}"
  (cd "$build_dir" && ctest --rerun-failed --output-on-failure -j 1) >"$again" 2>&1 || {
    tail -n 60 "$again"
    return 1
  }
  echo "tests: UNSTEADY, failed in company and passed alone: ${names[*]}"
}

# A test that is skipped or switched off must not look like one that passed.
check_count() {
  local count expected off
  count=$(sed -nE 's/.*tests? failed out of ([0-9]+)$/\1/p' "$log" | tail -n 1)
  off=$(grep -cE '\*\*\*(Skipped|Not Run)|Not Run \(Disabled\)' "$log" || true)
  echo "tests: ${count:-0}, of these skipped or switched off: $off"
  if [[ ${count:-0} -eq 0 || $off -gt 0 ]]; then
    echo "tests: every test must run" >&2
    return 1
  fi
  [[ -z $only ]] || return 0
  if [[ $accept_count -eq 1 ]]; then
    echo "$count" >"$expected_count"
  fi
  expected=$(cat "$expected_count")
  if [[ $count -lt $expected ]]; then
    echo "tests: $expected were expected; if some went on purpose, run with --accept-count" >&2
    return 1
  elif [[ $count -gt $expected ]]; then
    echo "tests: more than the $expected of tests/expected_test_count; --accept-count counts them in"
  fi
}

[[ -n $build_dir ]] || build_dir=$(default_build_dir)
build_dir=$(realpath -m "$build_dir")
readonly log=$build_dir/ctest.log
# What a sanitizer finds ends the test with a failure.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-second_deadlock_stack=1}

started=$SECONDS
install_and_build
echo "build: took $((SECONDS - started)) s"
if [[ $fuzz -gt 0 ]]; then
  run_fuzz_targets
  exit
fi
result=0
run_ctest || second_chance || result=1
check_count || result=1
echo
grep -A 1000 -E 'tests passed, .* tests? failed out of ' "$log" || result=1
exit "$result"
