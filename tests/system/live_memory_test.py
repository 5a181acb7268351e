# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Memory stays bounded whatever the logs hold."""

import os
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

MIB = 1 << 20
# A sanitizer keeps freed memory back and shadows all of it: there the bound only shows a leak.
BOUND = (1024 if os.environ.get("TALLYBELL_SANITIZE") else 256) * MIB
HUGE = int(os.environ.get("TALLYBELL_HUGE_LINE", str(1024 * MIB)))
GROUPS = 200_000

RULES = """\
groups:
  - name: memory
    rules:
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n]
      - alert: Grouped
        match: '/group (?P<g>\\d+)/'
        when: count > 3 in 20m
        by: [g]
"""


class MemoryTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]")
        self.process = self.tallybell()

    def check(self, what):
        most = self.process.resident_bytes()
        print(f"\n{what}: at most {most / MIB:.0f} MiB resident", flush=True)
        self.assertLess(most, BOUND)

    def see(self, n):
        append(self.log, glog(f"see {n}"))
        wait_until(lambda: self.receiver.fires(n=n), f"{n} is told", 120)

    def test_one_line_of_a_gibibyte_is_skipped_and_the_next_one_counts(self):
        self.see("before")
        chunk = b"see gibibyte " + b"x" * (4 * MIB - 13)
        with open(self.log, "ab", buffering=0) as file:
            file.write(glog("").rstrip("\n").encode())
            for _ in range(HUGE // len(chunk)):
                file.write(chunk)
            file.write(b"\n")
        begin = time.monotonic()
        self.see("after")
        print(f"\nthe next line was told {time.monotonic() - begin:.1f} s later", flush=True)
        self.check("a line of 1 GiB")

    def test_groups_beyond_the_limit_are_refused_and_those_that_are_there_stay(self):
        with open(self.log, "a") as file:
            for g in range(GROUPS):
                file.write(glog(f"group {g}"))
        self.see("between")
        # The first ones are kept; the last ones have no place.
        append(self.log, "".join(glog(f"group {g}") for g in (5, GROUPS - 1) for _ in range(3)))
        wait_until(lambda: self.receiver.fires(alertname="Grouped", g="5"), "an old group rings")
        self.see("end")
        self.assertFalse(self.receiver.fires(alertname="Grouped", g=str(GROUPS - 1)))
        self.check(f"{GROUPS} groups")

    def test_a_full_window_is_saved_again_and_again(self):
        """20,000 matches of one group in its window: what is saved must not grow with it."""
        line = glog("group 7")
        append(self.log, line * 20_000)
        self.see("between")
        begin = time.monotonic()
        for n in range(50):
            append(self.log, glog("group 7"))
            time.sleep(0.06)
        self.see("end")
        print(f"\n50 matches of a full window: {time.monotonic() - begin:.1f} s", flush=True)
        self.check("a full window")


if __name__ == "__main__":
    harness.main()
