# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""All that takes memory at once, under a limit: a flood of groups beyond every bound, long lines as
evidence, and a receiver that is not there.

TALLYBELL_GROUPS says how many groups each of the three rules is offered (100000 in a long run),
TALLYBELL_FLOODS how often (2; 60 take minutes).
"""

import os
import resource
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

MIB = 1 << 20
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))
GROUPS = int(os.environ.get("TALLYBELL_GROUPS", "4000" if SANITIZED else "12000"))
FLOODS = int(os.environ.get("TALLYBELL_FLOODS", "2"))
LIMITS = () if SANITIZED else ((resource.RLIMIT_DATA, 300 * MIB),)
BOUND = 256 * MIB

RULES = """\
groups:
  - name: soak
    rules:
      - alert: Each
        match: '/flood (?P<g>\\d+)/'
        when: count > 0 in 1h
        by: [g]
      - alert: Many
        match: '/flood (?P<g>\\d+)/'
        when: count > 1 in 6h
        by: [g]
      - alert: Lines
        match: '/flood (?P<g>\\d+)/'
        when: count > 1 in 1h
        for: 1m
        by: [g]
        annotations: {summary: "{{ $labels.g }} {{ $value }}"}
      - alert: Probe
        match: '/probe (?P<n>\\d+)/'
        when: count > 0 in 1h
        by: [n]
"""


class SoakTest(LiveTest):
    def test_it_lives_within_its_memory_whatever_comes(self):
        well = AlertmanagerReceiver()
        dead = AlertmanagerReceiver()
        dead.stop()
        self.addCleanup(well.stop)
        log = self.write("agent.log", "")
        self.write("rules.yaml", RULES)
        # The one that is well hears of the probes only, in its own time.
        self.write("tallybell.yaml", f"""\
sources: [{{file: {{paths: ['{log}'], lateness: 0s}}}}]
rules: [rules.yaml]
sinks:
  - alertmanager: {{urls: ['{dead.url}', '{well.url}']}}
state: {{path: state.db}}
""")
        process = self.tallybell(limits=LIMITS)
        begin = time.monotonic()
        tail = " " + "x" * 300
        for part in range(FLOODS):
            with open(log, "a", encoding="utf-8") as file:
                for g in range(GROUPS):
                    file.write(glog(f"flood {g}{tail if g % 10 == part % 10 else ''}"))
            append(log, glog(f"probe {part}"))
            wait_until(lambda part=part: not process.alive() or well.fires(n=str(part)),
                       f"probe {part} is told", 250)
            self.assertTrue(process.alive(), process.stderr()[-2000:])
        most = process.resident_bytes()
        print(f"\n{FLOODS} times {GROUPS} groups of 3 rules in {time.monotonic() - begin:.0f} s: at "
              f"most {most / MIB:.0f} MiB resident", flush=True)
        process.kill()  # and what it stored is taken up within the same
        process = self.tallybell(limits=LIMITS)
        append(log, glog("probe 99999"))
        wait_until(lambda: not process.alive() or well.fires(n="99999"), "the last probe is told",
                   250)
        self.assertTrue(process.alive(), process.stderr()[-2000:])
        again = process.resident_bytes()
        print(f"after a restart: at most {again / MIB:.0f} MiB resident", flush=True)
        if not SANITIZED:
            self.assertLess(max(most, again), BOUND)


if __name__ == "__main__":
    harness.main()
