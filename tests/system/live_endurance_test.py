# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A day in seconds: lines without pause, rotations, old parts deleted, kills, and then a long time
without any. Every match counts once, and what a process holds does not grow with what it has seen:
memory, descriptors, the state file.

TALLYBELL_SECONDS says how long lines are written (10), TALLYBELL_RATE how many a second (8000);
there is a rotation each 20th of that time, and a kill each 8th of its first half.
"""

import json
import os
import pathlib
import re
import threading
import time
import urllib.request

import harness
from harness import LiveTest, append, glog, wait_until

MIB = 1 << 20
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))
SECONDS = float(os.environ.get("TALLYBELL_SECONDS", "10"))
RATE = int(os.environ.get("TALLYBELL_RATE", "2000" if SANITIZED else "8000"))
TURN = 0.05       # seconds between two writes
APART = 20        # lines from one match to the next
GROUP = 5000      # matches of one group: a value is exact up to 10,000
KEPT = 3          # rotated parts

RULES = """\
groups:
  - name: endurance
    rules:
      - {alert: Counted, match: '/count g(?P<g>\\d+) /', when: count > 0 in 2d, by: [g]}
      - {alert: Window, match: '/count g\\d+ /', when: count > 100000 in 10s}
"""


class Writer(threading.Thread):
    """Writes RATE lines a second into a log that it rotates; deletes parts that are old enough to
    have been read, as a log rotation does that is set up well."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log = log
        self.matches = 0
        self.rotations = 0
        self.lines = 0
        self.stopped = threading.Event()

    def text(self):
        lines = []
        for _ in range(int(RATE * TURN / APART)):
            lines.append(glog(f"count g{self.matches // GROUP} {self.matches}"))
            lines.append(glog("idle " + "x" * 100) * (APART - 1))
            self.matches += 1
            self.lines += APART
        return "".join(lines)

    def rotate(self):
        self.log.rename(f"{self.log}.{self.rotations}")
        self.rotations += 1

    def drop(self, number):
        pathlib.Path(f"{self.log}.{number}").unlink(missing_ok=True)

    def run(self):
        end = time.monotonic() + SECONDS
        due = time.monotonic() + SECONDS / 20
        while time.monotonic() < end:
            began = time.monotonic()
            append(self.log, self.text())
            if began >= due:
                self.rotate()
                due += SECONDS / 20
            self.stopped.wait(max(0, began + TURN - time.monotonic()))


class EnduranceTest(LiveTest):
    def begin(self):
        self.process = self.tallybell()
        self.url = "http://" + re.findall(r"msg=listening address=(\S+)",
                                          self.process.stderr())[-1]

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=harness.PATIENCE) as answer:
            return answer.read().decode()

    def metric(self, name):
        return sum(float(n) for n in re.findall(rf"^tallybell_{name}(?:\{{.*\}})? (\S+)$",
                                                self.get("/metrics"), re.M))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def state_bytes(self):
        return sum(path.stat().st_size for path in self.directory.glob("state.db*")
                   if not path.name.endswith("ballast"))

    def counted(self):
        alerts = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
        return {int(alert["labels"]["g"]): float(alert["value"]) for alert in alerts
                if alert["labels"]["alertname"] == "Counted"}

    def rotate_out(self, writer):
        """Deletes the old parts that have been read: by a process that has looked for them, or
        it would be right to miss those it had not told to the end."""
        if self.metric("source_files") > 0 and self.metric("source_lag_bytes") == 0:
            for number in range(writer.rotations - KEPT):
                writer.drop(number)

    def test_nothing_grows_with_time_and_every_line_counts_once(self):
        log = self.write("logs/app.log", "")
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", """\
sources: [{file: {paths: ['logs/app.log*'], lateness: 0s}}]
rules: [rules.yaml]
sinks: [stdout: {}]
state: {path: state.db}
server: {listen: '127.0.0.1:0'}
""")
        self.begin()
        time.sleep(0.2)
        fresh = self.descriptors()
        writer = Writer(log)
        begin = time.monotonic()
        writer.start()
        self.addCleanup(writer.join)
        kills = 0
        while time.monotonic() - begin < SECONDS / 2:
            time.sleep(SECONDS / 16)
            self.process.kill()
            kills += 1
            self.begin()
            self.rotate_out(writer)
        # From here on one life, measured when it is warm and at the end.
        while time.monotonic() - begin < SECONDS * 0.6:
            time.sleep(SECONDS / 50)
            self.rotate_out(writer)
        warm, warm_state = self.process.resident_bytes("VmRSS"), self.state_bytes()
        while writer.is_alive():
            time.sleep(SECONDS / 50)
            self.rotate_out(writer)
        expected = {}
        for match in range(writer.matches):
            expected[match // GROUP] = expected.get(match // GROUP, 0.0) + 1

        def all_counted():
            return self.counted() == expected
        try:
            wait_until(all_counted, "every match counts once")
        except AssertionError:
            self.assertEqual(self.counted(), expected)
            raise
        # Parts that are there stay open, those that were deleted for some seconds.
        wait_until(lambda: self.rotate_out(writer) or self.descriptors() <= fresh + KEPT + 5,
                   "descriptors are given back")
        grown = self.process.resident_bytes("VmRSS") - warm
        print(f"\n{writer.lines} lines, {writer.matches} matches, {writer.rotations} rotations, "
              f"{kills} kills; in the last 40 % of {SECONDS:.0f} s {grown / MIB:.1f} MiB more than "
              f"{warm / MIB:.0f}, state {warm_state / MIB:.1f} to {self.state_bytes() / MIB:.1f} "
              f"MiB, {fresh} to {self.descriptors()} descriptors", flush=True)
        if not SANITIZED:
            self.assertLess(grown, 8 * MIB)
        self.assertLess(self.state_bytes(), 2 * warm_state + 4 * MIB)
        self.assertEqual(self.metric("source_gaps_total"), 0)
        self.assertEqual(self.process.stop(), 0)


if __name__ == "__main__":
    harness.main()
