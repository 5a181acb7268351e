# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A tallybell that gets a tenth of a processor: it falls behind and says by how much, turns pushes
away with the time to wait, and counts every line once when it has caught up.

It is stopped and continued by signals, 45 ms of each 50. TALLYBELL_LINES says how many lines are
written at least (60,000).
"""

import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import LiveTest, append, glog, wait_until

LINES = int(os.environ.get("TALLYBELL_LINES", "60000"))
PART = 5000  # lines in one write; a group each, since a value is exact up to 10,000
PUSHED = 2000  # lines of a push

RULES = """\
groups:
  - name: starved
    rules:
      - {alert: Counted, match: '/boom (?P<n>\\w+)/', when: count > 0 in 6h, by: [n]}
"""


class Starved:
    """Within it `process` runs for 5 ms of each 50."""

    def __init__(self, process):
        self.process = process
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.over.is_set():
            self.process.signal(signal.SIGSTOP)
            self.over.wait(0.045)
            self.process.signal(signal.SIGCONT)
            self.over.wait(0.005)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.process.signal(signal.SIGCONT)


class StarvedTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", f"""\
sources:
  - file: {{paths: ['{self.log}'], lateness: 0s, labels: {{job: file}}}}
  - loki_push: {{queue: 1MiB}}
rules: [rules.yaml]
sinks: [stdout: {{}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:0'}}
""")
        self.process = self.tallybell()
        self.url = "http://" + re.findall(r"msg=listening address=(\S+)", self.process.stderr())[-1]
        self.enough = threading.Event()
        self.taken = {}
        self.turned_away = []

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def metric(self, name):
        return sum(float(n) for n in
                   re.findall(rf"^tallybell_{name}(?:\{{.*\}})? (\S+)$", self.get("/metrics"), re.M))

    def push(self, group):
        """Sends it until it is taken; gives up when it is enough."""
        now = time.time_ns()
        values = [[str(now + i), f"boom {group} {i} " + "x" * 150] for i in range(PUSHED)]
        body = json.dumps({"streams": [{"stream": {"job": "push"}, "values": values}]}).encode()
        request = urllib.request.Request(self.url + "/loki/api/v1/push", data=body, method="POST",
                                         headers={"Content-Type": "application/json"})
        while True:
            try:
                with urllib.request.urlopen(request, timeout=120) as answer:
                    self.taken[group] = float(PUSHED) if answer.status == 204 else answer.status
                    return
            except urllib.error.HTTPError as error:
                self.turned_away.append((error.code, error.headers.get("Retry-After")))
                if self.enough.is_set():
                    return
                time.sleep(0.02)

    def push_on(self, pusher):
        number = 0
        while not self.enough.is_set():
            self.push(f"p{pusher}_{number}")
            number += 1

    def test_it_falls_behind_turns_pushes_away_and_counts_all_when_it_caught_up(self):
        pushers = [threading.Thread(target=self.push_on, args=(n,)) for n in range(6)]
        expected = {}
        with Starved(self.process):
            for thread in pushers:
                thread.start()
            behind = False

            def written_and_seen():
                nonlocal behind
                group = f"w{len(expected)}"
                append(self.log, "".join(glog(f"boom {group}") for _ in range(PART)))
                expected[group] = float(PART)
                behind = behind or self.metric("source_lag_bytes") > 0
                return behind and self.turned_away and len(expected) * PART >= LINES
            try:
                wait_until(written_and_seen, "it is behind, says so, and turns pushes away")
            finally:
                self.enough.set()
            for thread in pushers:
                thread.join()
        self.assertEqual([what for what in self.turned_away
                          if what[0] != 429 or not (what[1] or "").isdigit()], [])
        written = len(expected) * PART
        expected.update(self.taken)

        def counted():
            alerts = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
            return {a["labels"]["n"]: float(a["value"]) for a in alerts}
        try:
            wait_until(lambda: counted() == expected, "all is counted once")
        except AssertionError:
            self.assertEqual(counted(), expected)
            raise
        print(f"\n{written} lines, {len(self.taken)} pushes of {PUSHED}, "
              f"{len(self.turned_away)} turned away", flush=True)


if __name__ == "__main__":
    harness.main()
