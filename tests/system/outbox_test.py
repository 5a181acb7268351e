# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell outbox`: what waits and what is parked, to look at and to put right."""

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
        when: count > 0 in 1h
        by: [vm]
"""


class OutboxTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.state = self.directory / "state.db"
        self.answer = (400, "no such label")
        self.receiver = AlertmanagerReceiver(lambda request: self.answer)
        self.addCleanup(self.receiver.stop)
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]")

    def outbox(self, *options, code=0):
        done = tallybell("outbox", "--state", self.state, *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def rows(self):
        return [json.loads(line) for line in self.outbox("--output", "jsonl").stdout.splitlines()]

    def parked(self):
        return [row for row in self.rows() if row["parked"]]

    def told_since(self, before):
        """Of what it was told beyond the first `before` requests, the VMs."""
        return {alert["labels"]["vm"] for request in self.receiver.taken()[before:]
                for alert in request.json()}

    def park(self, *vms):
        """A run in which the receiver refuses `vms`; it goes on."""
        process = self.tallybell()
        append(self.log, "".join(glog(f"trouble {vm}") for vm in vms))
        wait_until(lambda: len(self.parked()) == len(vms), "they are parked")
        return process

    def test_what_was_parked_is_told_after_a_retry(self):
        process = self.park("vm1", "vm2")
        row = next(r for r in self.parked() if r["labels"]["vm"] == "vm1")
        self.assertEqual(row["receiver"], "alertmanager " + self.receiver.url)
        self.assertEqual((row["state"], row["attempts"], row["alert"]), ("firing", 1, "Trouble"))
        self.assertIn("400", row["answer"])
        self.assertEqual(row["since"], row["startsAt"])
        table = self.outbox().stdout
        self.assertIn(f"{row['id']}  parked  Trouble {{vm=\"vm1\"}} firing since 20", table)

        held = self.outbox("--retry", row["id"], code=1)
        self.assertIn("a tallybell runs on", held.stderr)
        self.assertIn("stop it", held.stderr)
        self.assertEqual(process.stop(), 0)
        self.assertIn("1 changed", self.outbox("--retry", row["id"]).stderr)
        self.assertEqual([r["labels"]["vm"] for r in self.parked()], ["vm2"])
        self.outbox("--retry", row["id"], code=1)  # it is not parked any more
        self.outbox("--retry", "0123456789ab", code=1)

        self.answer = (200, "")
        process = self.tallybell()
        wait_until(lambda: self.rows() and not [r for r in self.rows() if not r["parked"]],
                   "it is accepted")
        taken = [alert["labels"]["vm"] for request in self.receiver.taken()[-1:]
                 for alert in request.json()]
        self.assertEqual(taken, ["vm1"])
        self.assertEqual(process.stop(), 0)
        self.assertIn("1 changed", self.outbox("--retry", "all").stderr)
        self.assertEqual(self.parked(), [])
        self.tallybell()
        wait_until(lambda: not self.rows(), "the other is accepted too")

    def test_what_was_dropped_is_not_told_by_a_later_run(self):
        process = self.park("vm1")
        self.assertEqual(process.stop(), 0)
        self.outbox("--drop", self.parked()[0]["id"])
        self.assertEqual(self.rows(), [])
        self.answer = (200, "")
        told = len(self.receiver.taken())
        process = self.tallybell()
        append(self.log, glog("trouble vm2"))
        wait_until(lambda: self.receiver.fires(vm="vm2"), "another is told")
        self.assertEqual(process.stop(), 0)
        vms = {alert["labels"]["vm"] for request in self.receiver.taken()[told:]
               for alert in request.json()}
        self.assertEqual(vms, {"vm2"})
        dropped = [json.loads(detail) for _, detail in self.history({"dropped"})]
        self.assertEqual([d["answer"] for d in dropped], ["by hand"])

    def test_an_outage_is_seen_while_it_lasts_and_after_the_stop(self):
        self.answer = (503, "")
        process = self.tallybell()
        append(self.log, glog("trouble vm1"))
        waits = wait_until(lambda: [r for r in self.rows() if r["attempts"] >= 2], "two attempts")
        self.assertIn("503", waits[0]["answer"])
        self.assertFalse(waits[0]["parked"])
        self.assertLess(waits[0]["offeredAt"], waits[0]["nextAttempt"])
        self.assertEqual(process.stop(), 0)
        after = self.rows()
        self.assertEqual(len(after), 1)
        self.assertEqual(after[0]["id"], waits[0]["id"])
        self.assertGreaterEqual(after[0]["attempts"], waits[0]["attempts"])

    def test_a_running_tallybell_is_asked_and_changed_through_its_server(self):
        url = f"http://127.0.0.1:{harness.free_port()}"
        config = self.configure(
            paths=self.log, rules=RULES,
            sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]",
            rest=f"server: {{listen: '{url[7:]}', authorization: {{credentials: token9}}}}")
        process = self.park("vm1", "vm2", "vm3")

        def ask(*options, code=0):
            done = tallybell("outbox", "--config", config, *options)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(f"the tallybell that runs at {url}", done.stderr)
            return done
        self.assertEqual(ask().stdout, self.outbox().stdout)
        self.assertEqual(ask("--output", "jsonl").stdout, self.outbox("--output", "jsonl").stdout)
        ids = {row["labels"]["vm"]: row["id"] for row in self.parked()}

        before = len(self.receiver.taken())
        self.answer = (200, "")
        self.assertIn("1 changed", ask("--retry", ids["vm1"]).stderr)
        wait_until(lambda: self.told_since(before) == {"vm1"}, "what was parked is told at once")
        self.assertIn("no", ask("--retry", "0123456789ab", code=1).stderr)
        self.assertIn("1 changed", ask("--drop", ids["vm2"]).stderr)
        wait_until(lambda: len(self.rows()) == 1, "one is left")
        self.assertIn("1 changed", ask("--retry", "all").stderr)
        wait_until(lambda: not self.rows(), "nothing is left")
        self.assertIn("nothing waits", ask().stderr)
        self.assertEqual(self.told_since(before), {"vm1", "vm3"})
        refused = tallybell("outbox", "--url", url, "--retry", "all")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("password", refused.stderr)
        self.assertEqual(process.stop(), 0)
        self.assertIn("no tallybell answers", tallybell("outbox", "--config", config).stderr)

    def test_nothing_is_made_where_there_is_no_state_file(self):
        for options in ([], ["--retry", "all"], ["--drop", "0123456789ab"]):
            self.outbox(*options, code=1)
        self.assertFalse(self.state.exists())
        self.assertEqual(tallybell("outbox").returncode, 2)
        self.assertEqual(tallybell("outbox", "--state", "x", "--output", "xml").returncode, 2)


if __name__ == "__main__":
    harness.main()
