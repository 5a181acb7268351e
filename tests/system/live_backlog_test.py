# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A start that finds more in the files than it may hold in memory: the alerts are those of a replay,
and memory stays bounded, by a limit under which a process that held it all would die.

TALLYBELL_BACKLOG_MIB says how much that is where most lines match nothing (500), and
TALLYBELL_MATCHING_MIB where every line counts (2: a debug build takes its time for each).
"""

import json
import os
import resource
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

MIB = 1 << 20
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))
BACKLOG = int(os.environ.get("TALLYBELL_BACKLOG_MIB", "60" if SANITIZED else "500"))
MATCHING = int(os.environ.get("TALLYBELL_MATCHING_MIB", "1" if SANITIZED else "2"))
# Less than the backlog; of a sanitizer's own memory nobody knows.
LIMITS = () if SANITIZED else ((resource.RLIMIT_DATA, 300 * MIB),)
BOUND = 256 * MIB
HOURS = 10

RULES = """\
groups:
  - name: backlog
    rules:
      - alert: Burst
        match: '/burst (?P<key>\\w+)/'
        when: count > 3 in 20m
        by: [key]
      - alert: Cleared
        match: '/burst (?P<key>\\w+)/'
        clear: '/mended (?P<key>\\w+)/'
        when: count >= 2 in 1h
        for: 5m
        by: [key]
      - alert: End
        match: the end
        when: count > 0 in 30m
"""

KEPT = ("time", "alert", "group", "state", "value", "exact", "labels", "startsAt", "endsAt",
        "fingerprint", "evidence")


class BacklogTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", glog("begin", time.time() - HOURS * 3600 - 60))
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        self.first_start()

    def replay(self):
        done = harness.tallybell("replay", "--rules", self.directory / "rules.yaml", "--drain",
                                 "--output", "jsonl", "--lateness", "0s", self.log)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.outline(json.loads(line) for line in done.stdout.splitlines())

    def outline(self, transitions):
        return sorted(json.dumps({name: t[name] for name in KEPT}, sort_keys=True)
                      for t in transitions)

    def catch_up(self, what):
        """Reads the backlog under the limits, through a kill; compares with a replay."""
        append(self.log, glog("the end", time.time() - 7200))
        size = self.log.stat().st_size
        begin = time.monotonic()
        process = self.tallybell(limits=LIMITS)
        time.sleep(0.5)
        process.kill()
        process = self.tallybell(limits=LIMITS)
        wait_until(lambda: self.receiver.fires(alertname="End") or not process.alive(),
                   "the end is told", 200)
        self.assertTrue(process.alive(), process.stderr()[-2000:])
        took = time.monotonic() - begin
        most = process.resident_bytes()
        self.assertEqual(process.stop(), 0)
        found = self.outline(self.transitions())
        print(f"\n{what}: {size / MIB:.0f} MiB in {took:.1f} s, {len(found)} transitions, "
              f"at most {most / MIB:.0f} MiB resident", flush=True)
        expected = self.replay()
        self.assertGreater(len(expected), 80)
        self.assertEqual(len(found), len(expected))
        self.assertEqual(found, expected)
        if not SANITIZED:
            self.assertLess(most, BOUND)

    def test_a_backlog_of_which_little_matches(self):
        filler = "nothing of this line counts for anything " + "x" * 120
        start = time.time() - HOURS * 3600
        with open(self.log, "ab") as file:
            for n in range(BACKLOG):
                at = start + n * (HOURS - 3) * 3600 / BACKLOG
                line = glog(filler, at)
                file.write((line * (MIB // len(line))).encode())
                text = [f"burst k{n % 7}", f"burst k{n % 3}"] + ([f"mended k{n % 7}"] * (n % 13 == 0))
                file.write("".join(glog(t, at + 0.1 * i) for i, t in enumerate(text)).encode())
        self.catch_up("little matches")

    def test_a_backlog_of_which_every_line_matches(self):
        start = time.time() - HOURS * 3600
        lines = MATCHING * MIB // 60
        step = (HOURS - 3) * 3600 / lines
        with open(self.log, "a", encoding="utf-8") as file:
            for n in range(lines):
                kind = "mended" if n % 997 == 7 else "burst"
                file.write(glog(f"{kind} k{n % 20}", start + n * step))
        self.catch_up("every line matches")


if __name__ == "__main__":
    harness.main()
