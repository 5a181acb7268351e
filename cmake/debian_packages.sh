#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
#
# Installs what building (and testing) tallybell needs from Debian 12 or 13, and nothing else: what
# is there already is not asked for again, and no daemon is started.
# Usage: debian_packages.sh build|test|clang... LOG_FILE
set -euo pipefail

readonly BUILD=(
  g++ cmake ninja-build pkgconf
  libabsl-dev libre2-dev libyaml-cpp-dev nlohmann-json3-dev libcpp-httplib-dev libssl-dev
  libboost-dev libsqlite3-dev zlib1g-dev libzstd-dev libsnappy-dev libprotozero-dev
  tzdata)
readonly TEST=(
  libgtest-dev libgmock-dev curl openssl python3
  # Real peers: a receiver of alerts, a writer of logs, and the judges of metric rules and units.
  prometheus-alertmanager etcd-server etcd-client prometheus systemd
  # What shows the status page.
  chromium)
readonly CLANG=(clang)

# Hyperscan on x86, Vectorscan elsewhere; without either tallybell builds with its own scanner.
scanner_package() {
  case "$(dpkg --print-architecture)" in
    amd64 | i386) echo libhyperscan-dev ;;
    arm64 | ppc64el) echo libvectorscan-dev ;;
  esac
}

is_installed() {
  [[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Debian starts a daemon when its package is installed, unless this file forbids it.
readonly POLICY=/usr/sbin/policy-rc.d
forbid_daemons() {
  # A run that was cut short may have left its own there.
  if [[ -e $POLICY && ! -e $POLICY.before-tallybell ]]; then
    as_root mv "$POLICY" "$POLICY.before-tallybell"
  fi
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"
}
restore_daemons() {
  as_root rm -f "$POLICY"
  [[ ! -e $POLICY.before-tallybell ]] || as_root mv "$POLICY.before-tallybell" "$POLICY"
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

run_apt() {
  if ! as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1 </dev/null; then
    echo "apt-get $1 failed; the end of $log says:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
}

# The daemons that came with the packages stay off at the next boot too.
disable_daemons() {
  local unit
  command -v systemctl >/dev/null || return 0
  for unit in "$@"; do
    case $unit in
      prometheus-alertmanager) as_root systemctl disable prometheus-alertmanager ;;
      etcd-server) as_root systemctl disable etcd ;;
      prometheus) as_root systemctl disable prometheus ;;
    esac
  done >>"$log" 2>&1 || true
}

# Tests talk to servers of their own by this name, and a bare root file system does not know it.
ensure_localhost() {
  getent hosts localhost >/dev/null && return
  echo "packages: /etc/hosts does not name localhost; adding it"
  printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' | as_root tee -a /etc/hosts >/dev/null
}

main() {
  local wanted=() missing=() package scanner
  log=${*: -1}
  for set in "${@:1:$#-1}"; do
    case $set in
      build) wanted+=("${BUILD[@]}") ;;
      test) wanted+=("${TEST[@]}") && ensure_localhost ;;
      clang) wanted+=("${CLANG[@]}") ;;
      *) echo "unknown set of packages: $set" >&2 && exit 2 ;;
    esac
  done
  if ! command -v apt-get >/dev/null; then
    echo "This is not Debian: please install what stands for ${wanted[*]}" >&2
    exit 1
  fi
  scanner=$(scanner_package)
  for package in "${wanted[@]}" $scanner; do
    is_installed "$package" || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then
    echo "packages: all ${#wanted[@]} are here"
    return
  fi
  if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    echo "Neither root nor sudo: please have installed ${missing[*]}" >&2
    exit 1
  fi
  echo "packages: installing ${#missing[@]} with apt-get (log: $log)"
  trap restore_daemons EXIT
  forbid_daemons
  run_apt update
  run_apt install -y --no-install-recommends "${missing[@]}"
  disable_daemons "${missing[@]}"
}

log=/dev/null
main "$@"
