# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""How long it is from the write of a line to the request that tells of it, commit included."""

import random
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

LINES = 200

RULES = """\
groups:
  - name: latency
    rules:
      - alert: Seen
        match: '/see (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class LatencyTest(LiveTest):
    def test_a_line_is_told_soon_after_it_was_written(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}']}}}}]")
        self.tallybell()
        pause = random.Random(7)
        written = {}
        for n in range(LINES):
            line = glog(f"see {n}")
            written[str(n)] = time.monotonic()
            append(log, line)
            time.sleep(pause.uniform(0.001, 0.03))
        told = {}

        def all_told():
            for at, alert in receiver.alerts():
                told.setdefault(alert["labels"]["n"], at)
            return len(told) == LINES
        wait_until(all_told, "all are told")
        waits = sorted(1000 * (told[n] - written[n]) for n in written)
        print(f"\nfrom the write to the request: p50 {waits[LINES // 2]:.1f} ms, "
              f"p99 {waits[LINES * 99 // 100]:.1f} ms, most {waits[-1]:.1f} ms", flush=True)
        self.assertLess(waits[LINES // 2], 5000)


if __name__ == "__main__":
    harness.main()
