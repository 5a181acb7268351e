# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Few lines match: replay beside what people use to look for patterns."""

import patterns
from bench import MIB, gigabytes_per_second
from measure import Contender
from table import Row, at_least, at_most


def grep(bench, chosen, path):
    """Contenders that only count the lines."""
    words = bench.file(f"patterns-{len(chosen)}", patterns.pattern_file(chosen))
    fixed = ["-F"] if patterns.all_literal(chosen) else []
    return {"rg": Contender("rg -c", ["rg", "-c", "--no-config", *fixed, "-f", words, path],
                            path.stat().st_size),
            "grep": Contender("grep -c", ["env", "LC_ALL=C", "grep", "-c", *(fixed or ["-E"]), "-f",
                                          words, path], path.stat().st_size)}


def beside_rg(count, seconds_mark, cpu_mark=None):
    def rows(bench):
        what = "4 literal rules" if count == 4 else f"{count:,} rules, mostly regexes"
        work = f"{what}, beside `rg -c`"
        if not bench.has("rg", work):
            return []
        log = bench.log()
        rival = grep(bench, patterns.patterns(count), log)["rg"]
        own = bench.replay_contender(bench.rules(count), log)
        results = bench.measure.side_by_side([own, rival])
        mine, (theirs, ratio, cpu) = results[own.name][0], results[rival.name]
        speed = gigabytes_per_second(own.bytes, mine.seconds)
        found = [at_most(work, ratio, seconds_mark,
                         f"{ratio:.2f} ({mine.seconds:.3f} s beside {theirs.seconds:.3f} s; "
                         f"{speed:.2f} GB/s)", f"at most {seconds_mark} of its time")]
        if cpu_mark is not None:
            found.append(at_most(work, cpu, cpu_mark,
                                 f"{cpu:.2f} ({mine.cpu:.3f} s beside {theirs.cpu:.3f} s)",
                                 f"at most {cpu_mark} of its CPU time"))
        return found
    return rows


def beside_slow(count):
    """Those that are slow get a smaller log of the same make; times are scaled by bytes."""
    def rows(bench):
        chosen = patterns.patterns(count)
        log = bench.log()
        own = bench.replay_contender(bench.rules(count), log)
        # mtail runs each program for each line: with a thousand patterns it is very slow.
        small = bench.first_part(log, (MIB if count < 1000 else MIB // 8))
        program = bench.file(f"programs-{count}/compare.mtail", patterns.mtail_program(chosen))
        config = bench.file(f"rules-{count}.sec", patterns.sec_rules(chosen))
        rivals = {
            "mtail": (250, Contender("mtail", ["mtail", "--one_shot", "--logtostderr", "--progs",
                                               program.parent, "--logs", small],
                                     small.stat().st_size)),
            "sec": (400, Contender("sec", ["sec", f"--conf={config}", f"--input={small}",
                                           "--fromstart", "--notail"], small.stat().st_size)),
            "grep": (15, grep(bench, chosen, log)["grep"]),
        }
        found = []
        for program, (mark, rival) in rivals.items():
            work = f"{count:,} rules, through `{rival.name}`"
            if not bench.has(program, work):
                continue
            results = bench.measure.side_by_side([own, rival], rounds=min(bench.rounds, 3))
            theirs, ratio, _ = results[rival.name]
            note = f", read {rival.bytes / MIB:.2f} MiB" if rival.bytes != own.bytes else ""
            speed = gigabytes_per_second(own.bytes, theirs.seconds)
            text = f"{1 / ratio:,.0f} times ({speed:.4f} GB/s{note})"
            # The marks are of the few literal rules and of the hundred; a thousand are for show.
            found.append(at_least(work, 1 / ratio, mark, text, f"{mark} times faster")
                         if count <= 100 else Row(work, "", text))
        return found
    return rows


def growth(bench):
    """The same log with 1 rule and with 1,000."""
    log = bench.log()
    one = bench.replay_contender(bench.rules(1), log)
    one.name = "tallybell, 1 rule"
    many = bench.replay_contender(bench.rules(1000), log)
    results = bench.measure.side_by_side([many, one])
    theirs, ratio, _ = results[one.name]
    return [at_most("rules grow from 1 to 1,000", ratio, 2,
                    f"{ratio:.2f} ({theirs.seconds:.3f} s to "
                    f"{results[many.name][0].seconds:.3f} s)",
                    "at most 2 times the time")]


ROWS = {"literals": beside_rg(4, 0.75, 1.5), "rules-100": beside_rg(100, 0.12),
        "rules-1000": beside_rg(1000, 0.12), "slow-4": beside_slow(4),
        "slow-100": beside_slow(100), "slow-1000": beside_slow(1000), "growth": growth}
