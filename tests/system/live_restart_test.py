# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The first start, and later ones with a backlog."""

import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: restart
    rules:
      - alert: Burst
        match: '/burst (?P<key>\\w+)/'
        when: count > 3 in 20m
        by: [key]
"""


def burst(key, at, times=4):
    return "".join(glog(f"burst {key}", at + n / 1000) for n in range(times))


class RestartTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.directory / "agent.log"
        self.set_up()

    def set_up(self, paths="agent.log*", source=""):
        self.configure(paths=paths, rules=RULES, source=source,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], "
                             "min_firing: 0s}}]")

    def told(self, key):
        return self.receiver.told(key=key)

    def test_the_first_start_tells_nothing_of_what_ended_before_it(self):
        now = time.time()
        append(self.log, burst("old", now - 7200) + burst("going", now - 600)
               + glog("burst almost", now - 30))
        process = self.tallybell()
        wait_until(lambda: self.told("going"), "what still fires is told")
        self.assertAlmostEqual(self.told("going")[0][1], now - 600 + 0.003, delta=0.002)
        # What was read before the start counts.
        append(self.log, burst("almost", time.time(), 3))
        wait_until(lambda: self.told("almost"), "three more make four")
        self.assertEqual(process.stop(), 0)
        self.assertEqual(self.told("old"), [])
        states = [(t["labels"]["key"], t["state"]) for t in self.transitions()]
        self.assertIn(("old", "firing"), states)
        self.assertIn(("old", "resolved"), states)

    def test_a_first_start_that_is_cut_short_is_still_the_first(self):
        now = time.time()
        for n in range(2000):
            at = now - 90000 + 10 * n
            filler = "".join(glog("nothing " + "x" * 200, at) for _ in range(200))
            append(self.log, filler + burst(f"old{n}", at))
        append(self.log, burst("going", now - 60))
        for n in range(6):
            process = self.tallybell()
            time.sleep(0.01 * n)
            process.kill()
        process = self.tallybell()
        wait_until(lambda: self.told("going"), "what still fires is told")
        self.assertEqual(process.stop(), 0)
        self.assertEqual({a["labels"]["key"] for _, a in self.receiver.alerts()}, {"going"})
        fired = [t["labels"]["key"] for t in self.transitions() if t["state"] == "firing"]
        self.assertEqual(sorted(fired), sorted([f"old{n}" for n in range(2000)] + ["going"]))

    def test_a_backlog_over_several_files_gives_the_alerts_that_would_have_been(self):
        append(self.log, glog("begin"))
        process = self.tallybell()
        wait_until(lambda: "msg=format" in process.stderr(), "it reads")
        self.assertEqual(process.stop(), 0)
        now = time.time()
        # The fourth line of a burst stands in the next file; the first burst is over by now.
        append(self.log, burst("spread", now - 3000, 3))
        self.log.rename(self.directory / "agent.log.2")
        append(self.directory / "agent.log.1", glog("burst spread", now - 2990)
               + burst("spread", now - 900, 2))
        append(self.log, burst("spread", now - 800, 2) + burst("fresh", now - 1))
        self.tallybell()
        wait_until(lambda: self.told("fresh"), "the newest is told")
        wait_until(lambda: len(self.told("spread")) >= 3, "all of the backlog is told")
        told = [(state, round(begin - now)) for state, begin in self.told("spread")]
        self.assertEqual(told, [("firing", -2990), ("resolved", -2990), ("firing", -800)])

    def test_start_at_end_skips_what_is_there_and_nothing_else(self):
        self.set_up(source="start_at: end")
        append(self.log, burst("before", time.time() - 5))
        process = self.tallybell()
        wait_until(lambda: "file opened" in process.stderr(), "the file is open")
        append(self.log, burst("after", time.time()))
        append(self.directory / "agent.log.new", burst("elsewhere", time.time()))
        wait_until(lambda: self.told("after") and self.told("elsewhere"), "new lines count")
        self.assertEqual(process.stop(), 0)
        append(self.log, burst("meanwhile", time.time()))
        self.tallybell()
        wait_until(lambda: self.told("meanwhile"), "what came meanwhile counts")
        self.assertEqual(self.told("before"), [])

    def test_an_alert_that_fires_outlives_a_restart_and_resolves_once(self):
        rules = self.directory / "rules.yaml"
        rules.write_text(RULES.replace("20m", "4s"))
        append(self.log, glog("begin"))
        process = self.tallybell()
        append(self.log, burst("kept", time.time()))
        wait_until(lambda: self.told("kept"), "it fires")
        self.assertEqual(process.stop(), 0)
        process = self.tallybell()
        wait_until(lambda: self.told("kept")[-1][0] == "resolved", "it resolves")
        self.assertEqual(process.stop(), 0)
        states = [t["state"] for t in self.transitions()]
        self.assertEqual(states, ["pending", "firing", "resolved"] if "pending" in states
                         else ["firing", "resolved"])
        self.assertEqual([state for state, _ in self.told("kept")].count("resolved"), 1)


if __name__ == "__main__":
    harness.main()
