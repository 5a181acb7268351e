# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell forget`: what a rule has counted of a group is gone, and whoever was told that it fires
is told that it ended."""

import json

import harness
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: g
    rules:
      - alert: Trouble
        match: '/trouble (?P<vm>\\S+)/'
        when: count > 1 in 1h
        by: [vm]
        labels: {severity: page}
"""


class ForgetTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.state = self.directory / "state.db"
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")

    def forget(self, *options, code=0):
        done = tallybell("forget", "--state", self.state, *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def run_until_it_fires(self, *lines, vm):
        process = self.tallybell()
        append(self.log, "".join(glog(f"trouble {line}") for line in lines))
        wait_until(lambda: self.receiver.fires(vm=vm), "it fires")
        return process

    def test_an_alert_that_fired_ends_for_whoever_was_told_and_counts_anew(self):
        process = self.run_until_it_fires("vm1", "vm1", "vm2", "vm2", vm="vm1")
        wait_until(lambda: self.receiver.fires(vm="vm2"), "both fire")
        held = self.forget("--rule", "Trouble", "--group", "vm=vm1", code=1)
        self.assertIn("a tallybell runs on", held.stderr)
        self.assertEqual(process.stop(), 0)

        said = self.forget("--rule", "Trouble", "--group", "vm=vm1")
        self.assertIn('vm="vm1"', said.stdout)
        self.assertIn("which fired", said.stdout)
        self.assertNotIn("vm2", said.stdout)
        self.forget("--rule", "Trouble", "--group", "vm=vm1", code=1)

        process = self.tallybell()
        wait_until(lambda: self.receiver.resolved(vm="vm1"), "its end is told")
        self.assertFalse(self.receiver.resolved(vm="vm2"))
        before = len([s for s in self.receiver.states(vm="vm1") if s == "firing"])
        # One more is one, not three.
        append(self.log, glog("trouble vm1") + glog("trouble vm3") + glog("trouble vm3"))
        wait_until(lambda: self.receiver.fires(vm="vm3"), "another fires")
        self.assertEqual(self.receiver.states(vm="vm1").count("firing"), before)
        append(self.log, glog("trouble vm1"))
        wait_until(lambda: self.receiver.states(vm="vm1").count("firing") > before, "two are two")
        self.assertEqual(process.stop(), 0)
        ends = [json.loads(detail) for _, detail in self.history({"resolved"})]
        self.assertEqual([(e["labels"]["vm"], e["reason"]) for e in ends],
                         [("vm1", "forgotten by hand")])
        table = tallybell("history", "--state", self.state, "--group", "vm=vm1").stdout
        self.assertRegex(table, r"resolved after \S+\n    told alertmanager")

    def test_a_running_tallybell_forgets_at_once(self):
        url = f"http://127.0.0.1:{harness.free_port()}"
        config = self.configure(
            paths=self.log, rules=RULES, rest=f"server: {{listen: '{url[7:]}'}}",
            sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        self.run_until_it_fires("vm1", "vm1", vm="vm1")
        done = tallybell("forget", "--config", config, "--rule", "Trouble", "--group", "vm=vm1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('forgotten: Trouble {vm="vm1"}', done.stdout)
        wait_until(lambda: self.receiver.resolved(vm="vm1"), "its end is told")
        again = tallybell("forget", "--url", url, "--rule", "Trouble", "--group", "vm=vm1")
        self.assertEqual(again.returncode, 1)
        self.assertIn("has no group", again.stderr)
        # An empty value must not be everything.
        empty = tallybell("forget", "--url", url, "--rule", "Trouble", "--group", "vm=")
        self.assertEqual(empty.returncode, 1, empty.stdout)

    def test_what_has_not_fired_yet_is_forgotten_without_a_word(self):
        process = self.run_until_it_fires("vm1", "vm2", "vm2", vm="vm2")
        self.assertEqual(process.stop(), 0)
        said = self.forget("--rule", "Trouble", "--group", "vm=vm1", "--group", "severity=page")
        self.assertNotIn("which fired", said.stdout)
        table = tallybell("history", "--state", self.state).stdout
        self.assertIn("firing", table)
        self.assertNotIn("resolved", table)
        self.assertIn("vm2", self.forget("--rule", "Trouble", "--all").stdout)
        self.forget("--rule", "Trouble", "--all", code=1)

    def test_it_wants_to_know_exactly_what_and_makes_nothing(self):
        for wrong in ([], ["--rule", "Trouble"], ["--rule", "Trouble", "--group", "vm"],
                      ["--group", "vm=vm1"], ["--rule", "T", "--group", "vm=1", "--all"],
                      ["--rule", "Trouble", "--all", "extra"]):
            self.forget(*wrong, code=2)
        self.forget("--rule", "Trouble", "--all", code=1)
        self.assertFalse(self.state.exists())


if __name__ == "__main__":
    harness.main()
