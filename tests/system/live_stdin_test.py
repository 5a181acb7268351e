# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell run` with standard input as a source: `docker logs -f x 2>&1 | tallybell run …`.

TALLYBELL_KILLS says how often the test that kills does so (20).
"""

import contextlib
import json
import os
import random
import sqlite3
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

KILLS = int(os.environ.get("TALLYBELL_KILLS", "20"))
SEED = 20240504
# What was read after the last commit is lost; a slow machine commits late.
MOST_SECONDS_LOST = 3.0

RULES = """\
groups:
  - name: piped
    rules:
      - alert: Burst
        from: '{job="piped"}'
        match: '/burst (?P<key>\\w+)/'
        when: count > 3 in 20m
        by: [key]
      - alert: Line
        match: '/line (?P<n>\\d+)/'
        when: count > 0 in 6h
        by: [n]
      - alert: Never
        match: '/count (?P<n>\\d+)/'
        when: count > 1 in 6h
        by: [n]
"""


class StdinTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        reading, self.writing = os.pipe()
        self.pipe = os.fdopen(reading, "rb")
        self.addCleanup(self.pipe.close)
        self.addCleanup(self.hang_up)
        self.set_up("")

    def set_up(self, more):
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", f"""\
sources:
  - stdin: {{labels: {{job: piped}}, lateness: 2s}}
{more}
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: state.db}}
""")

    def begin(self):
        return self.tallybell(stdin=self.pipe.fileno())

    def say(self, text):
        os.write(self.writing, text.encode())

    def hang_up(self):
        if self.writing is not None:
            os.close(self.writing)
            self.writing = None

    def test_it_rings_on_the_event_and_ends_with_its_input(self):
        process = self.begin()
        self.say("".join(glog("burst a") for _ in range(3)))
        self.say("no newline yet: burst")
        self.say(" a\n")
        wait_until(lambda: self.receiver.fires(key="a"), "the fourth line rings")
        # The last line has no newline, and is decided although its lateness has not passed.
        self.say("".join(glog("burst b") for _ in range(4)).rstrip("\n"))
        self.hang_up()
        self.assertEqual(process.wait(), 0)
        self.assertEqual(self.receiver.states(key="b"), ["firing"])
        fired = [(t["labels"]["key"], t["value"], t["evidence"][-1]["source"])
                 for t in self.transitions() if t["state"] == "firing"]
        self.assertEqual(sorted(fired), [("a", 4, "stdin"), ("b", 4, "stdin")])
        self.assertIn("standard input has ended", process.stderr())

    def test_what_it_counted_goes_on_in_the_next_run(self):
        process = self.begin()
        self.say("".join(glog("burst a") for _ in range(3)))
        self.hang_up()
        self.assertEqual(process.wait(), 0)
        reading, self.writing = os.pipe()
        self.pipe.close()
        self.pipe = os.fdopen(reading, "rb")
        self.addCleanup(self.pipe.close)
        self.begin()
        self.say(glog("burst a"))
        wait_until(lambda: self.receiver.fires(key="a"), "three and one make four")

    def test_other_sources_go_on_without_it(self):
        log = self.write("agent.log", "")
        self.set_up(f"  - file: {{paths: ['{log}'], lateness: 0s}}")
        process = self.begin()
        self.say("".join(glog("burst a") for _ in range(4)))
        self.hang_up()
        wait_until(lambda: self.receiver.fires(key="a"), "what was piped is told")
        append(log, glog("line 1"))
        wait_until(lambda: self.receiver.fires(n="1"), "the file is read on")
        self.assertTrue(process.alive())
        before = process.cpu_seconds()
        time.sleep(1)
        self.assertLess(process.cpu_seconds() - before, 0.5, "its end keeps it busy")
        self.assertEqual(process.stop(), 0)

    def test_input_that_is_not_there_is_the_end(self):
        process = self.tallybell(started=False)  # /dev/null
        self.assertEqual(process.wait(), 0)

    def test_a_file_is_read_to_its_end(self):
        log = self.write("old.log", "".join(
            glog(f"line {n}", time.time() - 3600 + n) for n in range(2000)))
        with open(log, "rb") as file:
            process = self.tallybell(started=False, stdin=file.fileno())
            self.assertEqual(process.wait(), 0)
        fired = [t["labels"]["n"] for t in self.transitions() if t["state"] == "firing"]
        self.assertEqual(sorted(map(int, fired)), list(range(2000)))

    def test_a_kill_loses_at_most_what_was_read_after_the_last_commit(self):
        dice = random.Random(SEED)
        process = self.begin()
        written = []  # when each line was
        killed = []
        while len(killed) < KILLS:
            until = time.monotonic() + dice.uniform(0.1, 0.5)
            while time.monotonic() < until:
                self.say(glog(f"count {len(written)}"))
                written.append(time.monotonic())
                time.sleep(0.002)
            process.kill()
            killed.append((time.monotonic(), len(written)))
            process = self.begin()
        self.hang_up()
        self.assertEqual(process.wait(), 0)
        with contextlib.closing(sqlite3.connect(self.directory / "state.db")) as state:
            groups = [(int(json.loads(group)[0]), json.loads(text)["timeline"]["count"])
                      for group, text in state.execute("SELECT label_group, state FROM rule_group")]
        self.assertEqual([n for n, count in groups if count != 1], [], "counted twice")
        lost = sorted(set(range(len(written))) - {n for n, _ in groups})
        seconds = 0.0
        for n in lost:
            at = next(at for at, lines in killed if n < lines)
            seconds = max(seconds, at - written[n])
        print(f"\n{len(killed)} kills, {len(written)} lines, {len(lost)} lost, each written at most "
              f"{seconds * 1000:.0f} ms before a kill", flush=True)
        self.assertLess(seconds, MOST_SECONDS_LOST)


if __name__ == "__main__":
    harness.main()
