# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What the tests with a Loki share: a contract Loki, a tallybell that follows it, and its counts."""

import json
import os
import pathlib
import re
import sys
import time
import urllib.error
import urllib.request

from harness import LiveTest, wait_until

sys.path.insert(0, str(pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "tests/support"))
from contract_loki import ContractLoki  # noqa: E402  pylint: disable=wrong-import-position

RULES = """\
groups:
  - name: loki
    rules:
      - alert: Boom
        from: '{job="anka"}'
        match: boom
        when: count > 0 in 6h
        by: [host, tenant]
"""


class LokiTest(LiveTest):
    """A test with a contract Loki; times are short, so that much happens in little time."""

    def loki(self, **options):
        loki = ContractLoki(**options)
        self.addCleanup(loki.end)
        return loki

    def follow(self, loki, settings="", query='{job="anka"}', rules=RULES, look_back="8s"):
        """Starts a tallybell that follows `loki`; `settings` are YAML, each after a comma."""
        self.follow_all([f"url: '{loki.url}', query: '{query}'{settings}"], rules, look_back)

    def follow_all(self, sources, rules=RULES, look_back="8s"):
        """The same of several; each source is YAML."""
        self.write("rules.yaml", rules)
        lokis = "".join(f"""\
  - loki: {{{source}, settle: 1s, sweep_every: 300ms, look_back: {look_back}, lateness: 2s}}
""" for source in sources)
        self.write("tallybell.yaml", f"""\
sources:
{lokis}rules: [rules.yaml]
sinks: [stdout: {{}}]
state: {{path: state.db}}
server: {{listen: '127.0.0.1:0'}}
""")
        self.begin()

    def begin(self):
        self.process = self.tallybell()
        addresses = re.findall(r"msg=listening address=(\S+)", self.process.stderr())
        self.url = "http://" + addresses[-1]

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=60) as answer:
            return answer.read().decode()

    def counts(self):
        """What is counted by tenant. A value is exact up to 10,000, so there are many groups."""
        try:
            alerts = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
        except (OSError, urllib.error.URLError):
            return {}
        counts = {}
        for alert in alerts:
            if alert["labels"]["alertname"] == "Boom":
                tenant = alert["labels"].get("tenant", "")
                counts[tenant] = counts.get(tenant, 0) + float(alert["value"])
        return counts

    def metric(self, name, labels=""):
        """The sum of the metric's samples whose labels hold that text."""
        total = 0.0
        for line in self.get("/metrics").splitlines():
            if line.startswith("tallybell_" + name) and labels in line:
                total += float(line.rsplit(" ", 1)[1])
        return total

    def wait_for_count(self, loki, patience=60.0, tenant=""):
        """Waits until all lines are counted; gives up when for `patience` seconds none was."""
        want = loki.count('{job="anka"} |= "boom"', tenant or "fake")
        counted, deadline = -1, 0.0
        while counted < want:
            now = time.monotonic()
            last, counted = counted, self.counts().get(tenant, 0)
            if counted > last:
                deadline = now + patience
            elif now > deadline:
                self.fail(f"{counted} of {want} lines are counted, and for {patience:.0f} s none")
            time.sleep(0.05)
        self.assertEqual(counted, want)
        return want


def burst(number, streams, lines=1, at=None, job="anka"):
    """One push of that many streams."""
    now = time.time_ns() if at is None else at
    return [({"job": job, "host": f"mac{stream}"},
             [(now + line, f"boom {number} {stream} {line}") for line in range(lines)])
            for stream in range(streams)]
