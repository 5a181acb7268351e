# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A night without a receiver: nobody listens while 300 incidents fire and end, and tallybell is
killed twice while it reads of them. In the morning every one of them is told, in order, with its own begin and
end."""

import json
import time

import harness
from harness import LiveTest, append, glog, rfc3339_seconds, wait_until
from receivers import AlertmanagerReceiver

MACHINES = 30
EPISODES = 10   # of each machine: as many as are kept of an alert that nobody accepted
NIGHT = 10 * 3600
WIDTH = 300

RULES = """\
groups:
  - name: night
    rules:
      - alert: Incident
        match: '/incident (?P<vm>\\w+)/'
        when: count > 1 in 5m
        by: [vm]
"""


class NightTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", glog("begin"))
        # Ends are not held: what is tested is what is kept.
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        # The first start tells nothing of what ended before it.
        self.first_start()
        self.receiver.stop()

    def incidents(self, machines, episodes):
        """(begin, vm) of each, in order: two lines, the second of which makes it fire."""
        step = NIGHT / (machines * episodes)
        start = int(time.time()) - NIGHT - 2 * WIDTH
        return [(start + (e * machines + m) * step, f"vm{m}")
                for e in range(episodes) for m in range(machines)]

    def live_through(self, incidents):
        """The night, as a backlog: so it need not last. Two kills are somewhere in it."""
        lines = sorted((at + offset, f"incident {vm}") for at, vm in incidents for offset in (0, 1))
        append(self.log, "".join(glog(text, at) for at, text in lines))
        for wait in (0.05, 0.3):
            self.process = self.tallybell(started=False)
            time.sleep(wait)
            self.process.kill()
        self.process = self.tallybell()
        wait_until(lambda: len(self.rows()) >= len(incidents), "the incidents are stored")

    def rows(self):
        done = harness.tallybell("outbox", "--state", self.directory / "state.db", "--output",
                                 "jsonl")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def told(self, vm):
        """(state, begin, end or None) in order."""
        return [("firing", alert["startsAt"], None)
                if rfc3339_seconds(alert["endsAt"]) > request.wall
                else ("resolved", alert["startsAt"], alert["endsAt"])
                for request in self.receiver.taken() for alert in request.json()
                if alert["labels"].get("vm") == vm]

    def check(self, incidents, vm):
        told = self.told(vm)
        begins = [at + 1 for at, each in incidents if each == vm]
        self.assertEqual([state for state, _, _ in told], ["firing", "resolved"] * len(begins), vm)
        for begin, firing, end in zip(begins, told[::2], told[1::2]):
            self.assertAlmostEqual(rfc3339_seconds(firing[1]), begin, delta=0.01)
            self.assertEqual(firing[1], end[1])
            self.assertAlmostEqual(rfc3339_seconds(end[2]), begin - 1 + WIDTH, delta=0.01)

    def test_every_incident_is_told_in_the_morning(self):
        incidents = self.incidents(MACHINES, EPISODES)
        self.live_through(incidents)
        self.assertEqual(len(self.rows()), len(incidents))
        self.receiver.start()
        morning = time.monotonic()

        def told():
            return sum(len(r.json()) for r in self.receiver.taken())
        wait_until(lambda: told() >= 2 * len(incidents), "all are told", 120)
        took = time.monotonic() - morning
        for m in range(MACHINES):
            self.check(incidents, f"vm{m}")
        self.assertEqual(self.process.stop(), 0)
        self.assertEqual(self.rows(), [])
        print(f"\n{len(incidents)} incidents, {told()} notices in {len(self.receiver.taken())} "
              f"requests, all within {took:.1f} s of the morning", flush=True)

    def test_of_more_than_ten_episodes_the_newest_ten_are_told_and_the_rest_is_counted(self):
        incidents = [i for i in self.incidents(MACHINES, 15) if i[1] == "vm7"]
        append(self.log, "".join(glog(f"incident {vm}", at + offset)
                                 for at, vm in incidents for offset in (0, 1)))
        self.process = self.tallybell()
        wait_until(lambda: len(self.rows()) == 10, "ten wait")
        self.receiver.start()
        wait_until(lambda: len(self.told("vm7")) == 20, "ten are told", 120)
        self.check(incidents[-10:], "vm7")
        self.assertEqual(self.process.stop(), 0)
        dropped = [json.loads(detail) for kind, detail in self.history({"dropped"})]
        self.assertEqual(len(dropped), 5)


if __name__ == "__main__":
    harness.main()
