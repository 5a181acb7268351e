# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Pushes over kills: a client that sends again until it is answered is counted exactly once.

TALLYBELL_KILLS says how often it is killed (10), 30 pushes apart.
"""

import json
import os
import pathlib
import random
import re
import signal
import threading
import time
import unittest
import urllib.error
import urllib.request

from harness import LiveTest, wait_until
from receivers import AlertmanagerReceiver

SEED = 20240501
LINES = 5
KILLS = int(os.environ.get("TALLYBELL_KILLS", "10"))
PUSHES = 30 * KILLS
HOSTS = 1 + PUSHES * LINES // 5000  # a value is exact up to 10,000

RULES = """\
groups:
  - name: pushed
    rules:
      - alert: Pushed
        from: '{job="push"}'
        match: boom
        when: count > 2 in 6h
        by: [host]
      - alert: Anka
        from: '{filename="/var/log/veertu/anka_agent.INFO"}'
        match: Joining cluster failed
        when: count > 0 in 10m
        by: [job, tenant]
"""


class PushCrashTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.write("rules.yaml", RULES)
        self.write("tallybell.yaml", f"""\
sources: [{{loki_push: {{}}}}]
rules: [rules.yaml]
sinks: [{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:0'}}
""")
        self.begin()

    def begin(self):
        self.process = self.tallybell()
        addresses = re.findall(r"msg=listening address=(\S+)", self.process.stderr())
        self.url = "http://" + addresses[-1]

    def post(self, body, headers):
        """The status, or None where there was no answer."""
        request = urllib.request.Request(self.url + "/loki/api/v1/push", data=body, method="POST",
                                         headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return None

    def test_each_line_counts_once_whenever_it_is_killed(self):
        dice = random.Random(SEED)
        kills = set(dice.sample(range(PUSHES), KILLS))
        start = time.time_ns()
        for push in range(PUSHES):
            values = [[str(start + push * LINES + i), f"boom {push} {i}"] for i in range(LINES)]
            body = json.dumps({"streams": [
                {"stream": {"job": "push", "host": f"mac{push % HOSTS}"}, "values": values}]}
            ).encode()
            if push in kills:
                self.kill_soon(dice.uniform(0, 0.01))
            wait_until(lambda sent=body: self.taken(sent), f"push {push}, seed {SEED}, is taken")
            if not self.process.alive():
                self.begin()
        with urllib.request.urlopen(self.url + "/api/v1/alerts", timeout=60) as answer:
            alerts = json.load(answer)["data"]["alerts"]
        counted = {alert["labels"]["host"]: float(alert["value"]) for alert in alerts}
        self.assertEqual(counted, {f"mac{host}": float(LINES * len(range(host, PUSHES, HOSTS)))
                                   for host in range(HOSTS)}, f"seed {SEED}")
        print(f"\n{KILLS} kills, {PUSHES} pushes of {LINES} lines", flush=True)
        self.assertGreater(len(self.processes), 1, "it was never killed")

    def taken(self, body):
        """Whether it is answered with 204. Who is gone is started again."""
        status = self.post(body, {"Content-Type": "application/json"})
        if status != 204 and not self.process.alive():
            self.begin()
        return status == 204

    def kill_soon(self, seconds):
        """Kills it in the middle of what it does next; when that is makes no test pass or fail."""
        timer = threading.Timer(seconds, self.process.signal, (signal.SIGKILL,))
        timer.start()
        self.addCleanup(timer.join)

    def test_what_a_real_promtail_pushed_is_read(self):
        data = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "tests/data/loki"
        headers = {}
        for line in (data / "promtail-3.6-push-1.headers").read_text().splitlines()[1:]:
            name, _, value = line.partition(": ")
            if name and name not in ("Host", "Content-Length"):
                headers[name] = value
        body = (data / "promtail-3.6-push-1.snappy.pb").read_bytes()
        self.assertEqual(self.post(body, headers), 204)
        with urllib.request.urlopen(self.url + "/metrics", timeout=60) as answer:
            page = answer.read().decode()
        self.assertRegex(page, r'tallybell_source_lines_total\{source="loki_push server"\} 17')
        self.assertRegex(page, r'tallybell_rule_matches_total\{rule="Anka"\} 1')


if __name__ == "__main__":
    unittest.main()
