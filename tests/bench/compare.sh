#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Measures tallybell beside what people use for the same job, on the same made-up log and the same
# patterns, in one run: every round runs each contender once, so that what else the machine does
# hits all of them; a ratio is the median over the rounds of (contender's time / tallybell's time).
# It asserts no figure. See usage below.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: compare.sh --tallybell PATH --tools DIR [--megabytes N] [--slice N] [--rounds N] [--install]
  --tallybell PATH  the binary to measure
  --tools DIR       where generate_controller_log and measure were built (TALLYBELL_BENCH=ON)
  --megabytes N     size of the log in MiB (default 1024)
  --slice N         what mtail and SEC get of it, in MiB (default 16); their figures are scaled
  --rounds N        default 5
  --install         apt-get install ripgrep mtail sec grep first
Contenders that are not installed are left out.
USAGE
}

tallybell=
tools=
megabytes=1024
slice=16
rounds=5
install=
while (($# > 0)); do
  case "$1" in
    --tallybell) tallybell=${2:?} && shift 2 ;;
    --tools) tools=${2:?} && shift 2 ;;
    --megabytes) megabytes=${2:?} && shift 2 ;;
    --slice) slice=${2:?} && shift 2 ;;
    --rounds) rounds=${2:?} && shift 2 ;;
    --install) install=yes && shift ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
if [[ ! -x $tallybell || ! -x $tools/measure || ! -x $tools/generate_controller_log ]]; then
  usage >&2
  exit 2
fi
if [[ -n $install ]]; then
  apt-get install --yes --no-install-recommends ripgrep mtail sec grep >&2
fi
((slice <= megabytes)) || slice=$megabytes

work=$(mktemp -d "${TMPDIR:-/tmp}/tallybell-compare.XXXXXX")
trap 'rm -rf "$work"' EXIT

# ---- Patterns: one regex a line, in the common tongue of RE2, Rust, Perl and POSIX. ----
cat >"$work/literals" <<'PATTERNS'
can't start vm
rejecting due to lack of disk space
database space exceeded
failed to start vm
PATTERNS
{
  cat "$work/literals"
  for ((i = 0; i < 96; ++i)); do
    case $((i % 3)) in
      0) echo "(timeout|refused) by unit$i( after [0-9]+ms)?" ;;
      1) echo "unit$i: .*(panic|fatal error)" ;;
      2) echo "[Ff]ailed to reach unit$i:[0-9]+" ;;
    esac
  done
} >"$work/regexes"

# Each writes one tool's form of the patterns in $1; $2 is "literal" where they are literals.
rules_for_tallybell() {
  echo "groups: [{name: compare, rules: ["
  local n=0 pattern
  while IFS= read -r pattern; do
    pattern=${pattern//\'/\'\'}
    [[ $2 == literal ]] || pattern="/$pattern/"
    echo "  {alert: Compare$((n++)), match: '$pattern', when: count > 3 in 20m},"
  done <"$1"
  echo "]}]"
}
rules_for_mtail() {
  echo "counter matches"
  local pattern
  while IFS= read -r pattern; do
    printf '/%s/ {\n  matches++\n}\n' "$pattern"
  done <"$1"
}
rules_for_sec() {
  local ptype=RegExp n=0 pattern
  [[ $2 != literal ]] || ptype=SubStr
  while IFS= read -r pattern; do
    printf 'type=SingleWithThreshold\nptype=%s\npattern=%s\ncontinue=TakeNext\n' "$ptype" "$pattern"
    printf 'desc=rule %d\naction=none\nwindow=1200\nthresh=4\n\n' "$((n++))"
  done <"$1"
}
for set in literals regexes; do
  kind=${set%s}
  [[ $set == literals ]] || kind=regex
  rules_for_tallybell "$work/$set" "$kind" >"$work/$set.yaml"
  mkdir "$work/$set.mtail"
  rules_for_mtail "$work/$set" >"$work/$set.mtail/compare.mtail"
  rules_for_sec "$work/$set" "$kind" >"$work/$set.sec"
done

echo "writing $megabytes MiB of log to $work" >&2
"$tools/generate_controller_log" "$megabytes" >"$work/log"
# Whole lines.
head -c "$((slice * 1048576))" "$work/log" | sed '$d' >"$work/slice"

# ---- Contenders: name, input, command with %s for the input. ----
names=()
inputs=()
commands=()
contender() {
  command -v "$3" >/dev/null || {
    echo "$3 is not installed and is left out" >&2
    return 0
  }
  names+=("$1")
  inputs+=("$2")
  shift 2
  commands+=("$(printf '%q ' "$@")")
}
contenders_for() {
  local set=$1 fixed=() extended=()
  names=()
  inputs=()
  commands=()
  if [[ $set == literals ]]; then
    fixed=(-F)
    extended=(-F)
  else
    extended=(-E)
  fi
  contender tallybell log "$tallybell" replay --rules "$work/$set.yaml" --year 2024 \
    --output jsonl "$work/log"
  contender "rg -c" log rg -c --no-config "${fixed[@]}" -f "$work/$set" "$work/log"
  contender "grep -c" log env LC_ALL=C grep -c "${extended[@]}" -f "$work/$set" "$work/log"
  contender mtail slice mtail --one_shot --logtostderr --progs "$work/$set.mtail" \
    --logs "$work/slice"
  contender sec slice sec --conf="$work/$set.sec" --input="$work/slice" --fromstart --notail
}

median() {
  sort -g | awk '{ v[NR] = $1 }
    END { m = int((NR + 1) / 2); print NR % 2 ? v[m] : (v[m] + v[m + 1]) / 2 }'
}

run_set() {
  local set=$1 round i seconds kib code
  contenders_for "$set"
  for ((i = 0; i < ${#names[@]}; ++i)); do
    : >"$work/times.$i"
    : >"$work/memory.$i"
  done
  # Once for nothing: what reads the log first reads it from the disk.
  cat "$work/log" >/dev/null
  for ((round = 0; round < rounds; ++round)); do
    for ((i = 0; i < ${#names[@]}; ++i)); do
      echo "round $((round + 1)) of $rounds: ${names[i]}, $set" >&2
      eval "set -- ${commands[i]}"
      read -r seconds kib code < <("$tools/measure" "$work/out.$i" "$@")
      if ((code != 0)); then
        echo "${names[i]} exits with $code:" >&2
        tail -n 5 "$work/out.$i" >&2
        exit 1
      fi
      # Seconds for the whole log.
      awk -v s="$seconds" -v all="$(stat -c %s "$work/log")" \
        -v part="$(stat -c %s "$work/${inputs[i]}")" 'BEGIN { print s * all / part }' \
        >>"$work/times.$i"
      echo "$kib" >>"$work/memory.$i"
    done
  done
  print_set "$set"
}

print_set() {
  local set=$1 i seconds ratio memory read_mib note
  echo
  echo "$(wc -l <"$work/$set") patterns ($set), $megabytes MiB, median of $rounds rounds"
  printf '%-12s %10s %10s %12s %12s  %s\n' "" GB/s seconds "x tallybell" "peak RSS MiB" note
  for ((i = 0; i < ${#names[@]}; ++i)); do
    seconds=$(median <"$work/times.$i")
    ratio=$(paste "$work/times.$i" "$work/times.0" | awk '{ print $1 / $2 }' | median)
    memory=$(median <"$work/memory.$i")
    note=
    if [[ ${inputs[i]} == slice ]]; then
      read_mib=$(($(stat -c %s "$work/slice") / 1048576))
      note="read $read_mib MiB, scaled"
    elif [[ ${names[i]} == *" -c" ]]; then
      note="$(tail -n 1 "$work/out.$i") lines match"
    fi
    awk -v name="${names[i]}" -v s="$seconds" -v r="$ratio" -v m="$memory" -v note="$note" \
      -v size="$(stat -c %s "$work/log")" 'BEGIN {
        printf "%-12s %10.3f %10.2f %12.2f %12.1f  %s\n", name, size / s / 1e9, s, r, m / 1024, note
      }'
  done
}

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) CPUs," \
  "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), Linux $(uname -r)," \
  "load $(cut -d' ' -f1 /proc/loadavg)"
echo "All read a file that is in the page cache. tallybell counts in windows and keeps the lines;" \
  "rg and grep only count lines; SEC's windows run by the wall clock."
run_set literals
run_set regexes
