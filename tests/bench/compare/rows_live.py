# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell run`: what it costs to wait, how soon it rings, how fast it follows."""

import json
import math
import os
import random
import statistics
import time

import patterns
from bench import gigabytes_per_second
from receiver import HangingReceiver, Receiver
from running import Running
from table import at_least, at_most

IDLE_SECONDS = 20


def glog(text):
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.gmtime(now))
    return f"E{stamp}.{int(now % 1 * 1e6):06d}       1 vm.go:33] {text}\n".encode()


def idle(bench):
    """A hundred rules, a file that says nothing new, a receiver that has nothing to hear."""
    log = bench.directory / "idle.log"
    log.write_bytes(b"".join(glog(f"started part {part}") for part in range(1000)))
    receiver = Receiver()
    with Running(bench, bench.directory, log, bench.rules(100),
                 f"[{{alertmanager: {{urls: ['{receiver.url}']}}}}]") as running:
        running.wait_until_committed(log.stat().st_size)
        time.sleep(2)
        before, begin = running.cpu_nanoseconds(), time.monotonic()
        time.sleep(IDLE_SECONDS)
        used = running.cpu_nanoseconds() - before
        percent = used / (time.monotonic() - begin) / 1e7
        memory = running.memory_kib()
    dirty, resident = memory["Private_Dirty"] / 1024, memory["Rss"] / 1024
    work = "`run` with 100 rules, idle"
    return [at_most(f"{work}: CPU", percent, 0.1, f"{percent:.3f} % over {IDLE_SECONDS} s",
                    "under 0.1 %"),
            at_most(f"{work}: private dirty memory", dirty, 8, f"{dirty:.1f} MiB", "8 MiB"),
            at_most(f"{work}: resident memory", resident, 24, f"{resident:.1f} MiB", "24 MiB")]


RING = patterns.tallybell_rule("Seen", r"'/see (?P<n>\d+)/'", "n", "count > 0 in 1h")


class Commits:
    """The commits of a running tallybell between two looks at its histogram."""

    NAME = "tallybell_commit_duration_seconds"

    def __init__(self, running):
        self.running = running
        self.before = running.metrics()

    def milliseconds(self, quantile):
        """As Prometheus's histogram_quantile has it."""
        after = self.running.metrics()
        begin = self.NAME + '_bucket{le="'
        counts = sorted((float(name[len(begin):-2]), value - self.before.get(name, 0))
                        for name, value in after.items() if name.startswith(begin))
        wanted = quantile * counts[-1][1]
        low, below = 0, 0
        for bound, count in counts:
            if count >= wanted:
                break
            low, below = bound, count
        share = (wanted - below) / max(count - below, 1)
        return 1000 * (low if bound == math.inf else low + (bound - low) * share)


def ring(bench, hanging):
    """Writes line after line, each rings. Gives the waits in ms, and of the commits meanwhile the
    median and the 99th percentile in ms."""
    log = bench.directory / "ring.log"
    log.write_bytes(glog("started"))
    receiver = Receiver()
    sinks = [f"alertmanager: {{urls: ['{receiver.url}']}}"]
    if hanging:
        sinks.append(f"webhook: {{url: '{HangingReceiver().url}'}}")
    sinks = "[" + ", ".join(f"{{{sink}}}" for sink in sinks) + "]"
    pause = random.Random(7)
    count = 100 if bench.quick else 400
    waits = []
    # As a program writes its log: the file stays open.
    with Running(bench, bench.directory, log, bench.file("ring.yaml", RING), sinks) \
            as running, open(log, "ab", buffering=0) as writer:
        running.wait_until_committed(log.stat().st_size)
        commits = Commits(running)
        for number in range(count):
            time.sleep(pause.uniform(0.005, 0.08))
            line = glog(f"see {number}")
            begin = time.monotonic()
            writer.write(line)
            waits.append(1000 * (heard(receiver, number) - begin))
        quantiles = commits.milliseconds(0.5), commits.milliseconds(0.99)
    return sorted(waits), quantiles


def heard(receiver, number):
    """When the first request came that tells of that line."""
    while True:
        at, body = receiver.requests.get(timeout=60)
        alerts = json.loads(body)
        if any(alert["labels"].get("n") == str(number) for alert in alerts):
            return at


def latency(bench):
    found = []
    for hanging in (False, True):
        waits, (commit, late_commit) = ring(bench, hanging)
        middle, late = statistics.median(waits), waits[len(waits) * 99 // 100]
        work = "line written to POST received" + (", another receiver hangs" if hanging else "")
        found += [at_most(f"{work}: p50", middle, 1 + commit,
                          f"{middle:.2f} ms; p50 of a commit {commit:.2f} ms", "1 ms + one commit"),
                  at_most(f"{work}: p99", late, 3 + 2 * late_commit,
                          f"{late:.2f} ms (most {waits[-1]:.2f} ms); p99 of a commit "
                          f"{late_commit:.2f} ms", "3 ms + two commits")]
    return found


def follow(bench, count, source):
    """How long it takes from the moment that a large file is there until the position of its end is
    committed; the file and the state are on tmpfs. Seconds, and seconds of CPU."""
    size = source.stat().st_size
    watched = bench.memory / "tail"
    watched.mkdir(exist_ok=True)
    there = watched / "large.log"
    with Running(bench, bench.memory, watched / "*.log", bench.rules(count),
                 "[stdout: {}]") as running:
        cpu, begin = running.cpu_nanoseconds(), time.monotonic()
        os.rename(source, there)
        end, used = running.wait_until_committed(size)
        running.kill()
        assert running.committed_offset(there) == size
    os.rename(there, source)
    return end - begin, (used - cpu) / 1e9


def tail(bench):
    source = bench.log(where=bench.memory)
    size = source.stat().st_size
    found = []
    for count in (4, 100):
        runs = [follow(bench, count, source) for _ in range(bench.rounds)]
        speed = gigabytes_per_second(size, statistics.median(seconds for seconds, _ in runs))
        cpu = statistics.median(cpu for _, cpu in runs)
        found.append(at_least(f"tail of one file on tmpfs, positions committed, {count} rules",
                              speed, 2, f"{speed:.2f} GB/s ({cpu:.2f} s of CPU for "
                              f"{size / 1e9:.2f} GB)", "2 GB/s"))
    bench.forget(source)
    return found


ROWS = {"idle": idle, "latency": latency, "tail": tail}
