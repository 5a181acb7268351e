# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Memory, and the time that rules take before the first line is read."""

import patterns
from table import at_most

GROUPS = 1_000_000
RINGS_MIB = 2 * 64
# So much is each group once, and three times.
MEBIBYTES = {1: 69, 3: 208}


def memory(bench):
    """Peak resident memory of a replay."""
    found = []
    sizes = (256, 1024) if not bench.quick else (32, 128)
    for count in (4, 1000):
        for size in sizes:
            bench.measure.once(bench.replay(bench.rules(count), bench.log(size)))
            result = bench.measure.once(bench.replay(bench.rules(count), bench.log(size)))
            found.append(at_most(f"peak memory of a replay, {count:,} rules, {size} MiB",
                                 result.kib, 64 * 1024, f"{result.kib / 1024:.1f} MiB", "64 MiB"))
    return found


def compiling(bench):
    found = []
    for count, mark in ((1000, 0.1), (10_000, 1.0)):
        check = bench.measure.median([bench.tallybell, "check", bench.rules(count)])
        found.append(at_most(f"`check` of {count:,} rules", check.seconds, mark,
                             f"{check.seconds:.3f} s ({check.cpu:.3f} s of CPU)", f"{mark} s"))
        # One line that counts: the whole scanner is built, and one pattern is compiled.
        line = bench.file("one.log", "I0501 00:00:00.022465       1 vm.go:1] can't start vm\n")
        start = bench.measure.median(bench.replay(bench.rules(count), line))
        found.append(at_most(f"`replay` of one line with {count:,} rules", start.seconds, mark,
                             f"{start.seconds:.3f} s ({start.cpu:.3f} s of CPU)", f"{mark} s"))
    return found


def groups(bench):
    """One match in each of a million windows, by a hundred rules with 10,000 groups each."""
    count = GROUPS if not bench.quick else GROUPS // 10
    text = "groups:\n  - name: compare\n    rules:\n" + "".join(
        f"      - alert: Lost{unit:02d}\n"
        f"        match: '/unit{unit:02d} lost job (?P<job>[0-9]+)/'\n"
        f"        by: [job]\n        when: count > 3 in 12h\n" for unit in range(100))
    rules = bench.file("jobs.yaml", text)
    found = []
    for times in MEBIBYTES:
        log = bench.log(MEBIBYTES[times] * count // GROUPS, ("--jobs", str(count)))
        result = bench.measure.once(bench.replay(rules, log))
        bench.forget(log)
        found.append(at_most(f"{count:,} live groups of `count > 3`, {times} matches each",
                             result.kib, (192 + RINGS_MIB) * 1024, f"{result.kib / 1024:.0f} MiB",
                             "192 MiB and the two rings of 64 MiB"))
    return found


ROWS = {"memory": memory, "compiling": compiling, "groups": groups}
