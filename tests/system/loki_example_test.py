# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""examples/loki, run: with its own configuration but for where the Loki, the state and the receiver
are, what clients push for each tenant rings in the tenant's name."""

import json
import os
import pathlib
import re
import time
import unittest
import urllib.request

from harness import glog, wait_until
from loki_case import LokiTest

EXAMPLE = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "examples/loki/tallybell.yaml"


class LokiExampleTest(LokiTest):
    def start_example(self, url):
        text = EXAMPLE.read_text(encoding="utf-8")
        for what, place in ((r"url: http://loki:3100", f"url: '{url}'"),
                            (r"\s+- alertmanager: \{urls: .*\}", "\n  - stdout: {}"),
                            (r"/state/state\.db", str(self.directory / "state.db")),
                            (r"127\.0\.0\.1:9468", "127.0.0.1:0")):
            text, places = re.subn(what, lambda _, place=place: place, text)
            self.assertEqual(places, 1, what)
        self.write("tallybell.yaml", text)
        self.begin()

    def push(self, loki, tenant, labels, lines):
        """As any client of the example's Loki does."""
        now = time.time_ns()
        body = {"streams": [{"stream": labels, "values": [
            [str(now + number), line] for number, line in enumerate(lines)]}]}
        request = urllib.request.Request(
            f"{loki.url}/loki/api/v1/push", data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Scope-OrgID": tenant})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 204)

    def test_what_is_pushed_for_a_tenant_rings_in_its_name(self):
        loki = self.loki(tenants=True)
        self.start_example(loki.url)
        failing = [glog(f"can't start vm {number}").rstrip("\n") for number in range(4)]
        self.push(loki, "builds", {"job": "anka-agent", "host": "mac07"}, failing)
        self.push(loki, "lab", {"job": "anka-agent", "container": "node-3"}, failing)
        self.push(loki, "builds", {"job": "other", "host": "mac08"}, failing)
        self.push(loki, "elsewhere", {"job": "anka-agent", "host": "mac09"}, failing)

        def alerts():
            found = json.loads(self.get("/api/v1/alerts"))["data"]["alerts"]
            return [alert for alert in found
                    if alert["labels"]["alertname"] == "AnkaVmStartFailing"]

        wait_until(lambda: len(alerts()) >= 2, "both tenants ring")
        self.assertEqual({alert["labels"]["host"] for alert in alerts()}, {"mac07", "node-3"})
        page = self.get("/")
        for shown in ("can&#39;t start vm 3", "builds", "lab", "mac07", "node-3"):
            self.assertIn(shown, page)
        self.assertNotIn("mac09", page)


if __name__ == "__main__":
    unittest.main()
