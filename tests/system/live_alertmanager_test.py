# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Alerts in a real Alertmanager: they fire, resolve, and outlive it."""

import os
import time
import unittest

import harness
from harness import LiveTest, append, glog, rfc3339_seconds, wait_until
from receivers import Alertmanager, Receiver

SHORT = """\
groups:
  - name: short
    rules:
      - alert: Burst
        match: "can't start vm"
        when: count > 3 in 3s
        by: [host]
        labels: {severity: warning}
        annotations: {summary: "{{ $labels.host }}: {{ $value }}"}
"""


@unittest.skipUnless(os.path.exists(Alertmanager.PATH), "there is no Alertmanager")
class AlertmanagerTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.hook = Receiver()
        self.addCleanup(self.hook.stop)
        self.alertmanager = Alertmanager(self, self.hook.url)
        self.log = self.write("anka_agent.INFO", "")

    def notified(self, status, name):
        return [(r.at, a) for r in self.hook.taken() for a in r.json()["alerts"]
                if a["status"] == status and a["labels"]["alertname"] == name]

    def test_the_fourth_line_of_the_pack_rings_with_its_own_time_and_the_lines_that_counted(self):
        self.configure(paths=self.log, rules="groups: []", source="labels: {host: mac1}",
                       sinks=f"[{{alertmanager: {{urls: ['{self.alertmanager.url}']}}}}]",
                       rest="external_labels: {cluster: prod}")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("[rules.yaml]", "[pack:anka-node]")
                          .replace("lateness: 0s, ", ""))
        self.tallybell()
        begin = time.time()
        lines = [glog(f"can't start vm {n}", begin - 3 + n) for n in range(4)]
        append(self.log, "".join(lines[:3]))
        harness.stays_true(lambda: not self.alertmanager.alerts(), "three lines do not ring", 1)
        append(self.log, lines[3])
        alert, = wait_until(self.alertmanager.alerts, "the fourth line rings")
        self.assertEqual(alert["labels"], {"alertname": "AnkaVmStartFailing", "host": "mac1",
                                           "severity": "warning", "cluster": "prod"})
        self.assertEqual(alert["status"]["state"], "active")
        self.assertAlmostEqual(rfc3339_seconds(alert["startsAt"]), begin, delta=0.002)
        self.assertEqual(alert["annotations"]["summary"],
                         "mac1 failed to start 4 VMs within 20 minutes")
        self.assertEqual(alert["annotations"]["lines"], "".join(lines).rstrip("\n"))
        wait_until(lambda: self.notified("firing", "AnkaVmStartFailing"), "somebody is notified")

    def start_short(self):
        self.configure(paths=self.log, rules=SHORT, source="labels: {host: mac1}",
                       sinks=f"[{{alertmanager: {{urls: ['{self.alertmanager.url}'], "
                             "min_firing: 4s, resend_interval: 1s}}]")
        return self.tallybell()

    def burst(self):
        begin = time.time()
        append(self.log, "".join(glog("can't start vm", begin) for _ in range(4)))
        return begin

    def test_a_burst_that_ends_before_its_group_is_flushed_is_heard_and_resolves(self):
        self.start_short()
        # Alertmanager flushes a new group after a second; the window is empty after three, and the
        # end is held for four.
        self.burst()
        (fired, _), = wait_until(lambda: self.notified("firing", "Burst"), "the firing is heard")
        (resolved, alert), = wait_until(lambda: self.notified("resolved", "Burst"),
                                        "the end is heard")
        self.assertGreater(resolved - fired, 2.0)
        self.assertEqual(alert["labels"]["host"], "mac1")
        self.assertEqual(self.alertmanager.alerts(), [])

    def test_an_alertmanager_that_forgot_everything_is_told_again(self):
        config = SHORT.replace("in 3s", "in 1h")
        self.configure(paths=self.log, rules=config, source="labels: {host: mac1}",
                       sinks=f"[{{alertmanager: {{urls: ['{self.alertmanager.url}'], "
                             "resend_interval: 1s}}]")
        self.tallybell()
        begin = self.burst()
        wait_until(self.alertmanager.alerts, "it fires")
        self.alertmanager.process.kill()
        self.alertmanager.start()
        alert, = wait_until(self.alertmanager.alerts, "it is back")
        self.assertAlmostEqual(rfc3339_seconds(alert["startsAt"]), begin, delta=0.002)


if __name__ == "__main__":
    harness.main()
