# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Memory that the system refuses, at whatever moment: the process ends as if it were killed, or
goes on, and once it may have more every line has been counted once and every alert is told.

TALLYBELL_KILLS says how often it is started with too little (12).
"""

import os
import random
import resource
import subprocess
import unittest

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

SEED = 20240502
TRIES = int(os.environ.get("TALLYBELL_KILLS", "12"))
EACH = max(1, min(40, 900 // (TRIES + 1)))  # alerts a start: 1,000 of a rule are told

RULES = """\
groups:
  - name: memory
    rules:
      - {alert: Seen, match: '/see (?P<n>\\w+)/', when: count > 0 in 1h, by: [n]}
      - {alert: All, match: '/see \\w+/', when: count > 0 in 6h}
"""


@unittest.skipIf(os.environ.get("TALLYBELL_SANITIZE"), "a sanitizer has memory of its own")
class OutOfMemoryTest(LiveTest):
    def test_whenever_memory_ends_nothing_is_lost_and_nothing_counted_twice(self):
        dice = random.Random(SEED)
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES, rest="server: {listen: '127.0.0.1:0'}",
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}'], min_firing: 0s}}}}]")
        seen = 0

        def write_some():
            nonlocal seen
            lines = []
            for _ in range(EACH):
                lines.append(glog(f"see n{seen} " + "x" * dice.randrange(8000)))
                lines.append(glog("nothing " + "y" * 400) * (1200 // EACH))
                seen += 1
            append(log, "".join(lines))

        process = self.tallybell()
        write_some()
        wait_until(lambda: receiver.fires(n=f"n{seen - 1}"), "all is told where there is enough")
        enough = process.resident_bytes("VmData")
        self.assertEqual(process.stop(), 0)
        ended = 0
        for _ in range(TRIES):
            limit = int(enough * dice.uniform(0.8, 1.1))
            process = self.tallybell(started=False, limits=[(resource.RLIMIT_DATA, limit)])
            write_some()
            try:
                code = process.wait(dice.uniform(0.3, 0.9))
                self.assertNotEqual(code, 0, process.stderr())
                ended += 1
            except subprocess.TimeoutExpired:
                process.kill()
        process = self.tallybell()
        wait_until(lambda: receiver.fires(n=f"n{seen - 1}"), "the last one is told")
        wait_until(lambda: all(receiver.fires(n=f"n{n}") for n in range(seen)), "all are told")
        self.assertEqual(process.stop(), 0)
        fired = [t["labels"]["n"] for t in self.transitions()
                 if t["alert"] == "Seen" and t["state"] == "firing"]
        self.assertEqual(len(fired), len(set(fired)), "one rang twice")
        print(f"\n{TRIES} starts with too little memory, {ended} of which ended by it; "
              f"{seen} alerts", flush=True)
        self.assertGreater(ended, 0)


if __name__ == "__main__":
    harness.main()
