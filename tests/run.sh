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
  --fuzz SECONDS    instead of the tests: run each libFuzzer target that long (clang)
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
    --fuzz) fuzz=${2:?--fuzz needs seconds} clang=1 && shift ;;
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
  [[ $fuzz -eq 0 ]] || name+=-fuzz
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
  fi
  if [[ $fuzz -gt 0 ]]; then
    options+=(-DTALLYBELL_FUZZ=ON -DTALLYBELL_TESTS=OFF)
    targets=tests_fuzz
  elif [[ -n $only ]]; then
    targets=tests_${only//,/,tests_}
  fi
  mkdir -p "$build_dir"
  bash "$root/cmake/debian_packages.sh" "${sets[@]}" "$build_dir/packages.log"
  bash "$root/cmake/build.sh" "$build_dir" "$jobs" "$targets" "${options[@]}"
}

# Corpora grow in the build directory; those in the repository are only read.
run_fuzz_targets() {
  local source name seeds
  for source in "$root"/tests/fuzz/*_fuzz.cc; do
    name=$(basename "$source" .cc)
    seeds=()
    if [[ -d $root/tests/fuzz/corpus/$name ]]; then
      seeds=("$root/tests/fuzz/corpus/$name")
    fi
    mkdir -p "$build_dir/corpus/$name"
    echo "fuzz: $name, $fuzz s"
    (cd "$build_dir" && "./$name" -max_total_time="$fuzz" -timeout=10 -rss_limit_mb=2048 \
      -print_final_stats=1 -artifact_prefix="$build_dir/$name-" "corpus/$name" \
      "${seeds[@]}" >"$name.log" 2>&1) || {
      tail -n 60 "$build_dir/$name.log"
      echo "fuzz: $name failed; its input is $build_dir/$name-*" >&2
      exit 1
    }
    grep -E '^stat::(number_of_executed_units|average_exec)' "$build_dir/$name.log"
  done
}

# Passed tests are a line each in the log only. ctest's closing lines are kept for the end.
run_ctest() {
  local filter=()
  [[ -z $only ]] || filter=(-L "^(${only//,/|})\$")
  local jobs_now=$jobs
  [[ $jobs_now -gt 0 ]] || jobs_now=$(nproc)
  echo "tests: running, a line each in $log"
  (cd "$build_dir" && ctest --output-on-failure -j "$jobs_now" "${filter[@]}" 2>&1) | tee "$log" |
    awk '/tests passed, .* tests? failed out of / { exit }
         / +Passed +[0-9.]+ sec$/ || /^ +Start +[0-9]+:/ { next }
         { print; fflush() }
         END { while ((getline rest) > 0) { } }'
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
run_ctest || result=1
check_count || result=1
echo
grep -A 1000 -E 'tests passed, .* tests? failed out of ' "$log" || result=1
exit "$result"
