# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Floods of groups and of alerts, and tallybell's own log as a source, against the real binary.

TALLYBELL_GROUPS=1000000 makes the flood of groups as large as all rules together may have.
"""

import os
import time

import harness
from harness import LiveTest, append, glog, wait_until
from receivers import AlertmanagerReceiver

MIB = 1 << 20
BOUND = (1024 if os.environ.get("TALLYBELL_SANITIZE") else 448) * MIB
GROUPS = int(os.environ.get("TALLYBELL_GROUPS", "50000"))
RULES_OF_FLOOD = 20
STORM = 5_000
TOLD = 1_000

SEEN = """\
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n]
"""


def flood_rules():
    """A group for each of a rule's lines: together as many as the flood has."""
    rules = ["groups:\n  - name: limits\n    rules:\n", SEEN]
    for i in range(RULES_OF_FLOOD):
        rules.append(f"""\
      - alert: Flood{i}
        match: '/flood{i} (?P<g>\\d+)/'
        when: count > 3 in 20m
        by: [g]
""")
    return "".join(rules)


class LimitsTest(LiveTest):
    def begin(self, rules, paths="agent.log", rest="", source=""):
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.configure(paths=paths, rules=rules, rest=rest, source=source,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        self.process = self.tallybell()

    def see(self, n):
        append(self.log, glog(f"see {n}"))
        wait_until(lambda: self.receiver.fires(alertname="Seen", n=n), f"{n} is told", 120)

    def fires(self, limit, rule):
        return self.receiver.fires(alertname="TallybellLimitReached", limit=limit, rule=rule)

    def test_a_flood_of_groups_is_bounded_and_other_rules_count_on(self):
        self.begin(flood_rules())
        begin = time.monotonic()
        line = glog("@").rstrip("@\n")
        with open(self.log, "a") as file:
            for g in range(GROUPS):
                # The first rule gets a third of all, more than it may have.
                rule = 0 if g % 3 == 0 else g % RULES_OF_FLOOD
                file.write(f"{line}flood{rule} {g}\n")
        self.see("after")
        print(f"\n{GROUPS} groups: {time.monotonic() - begin:.1f} s, at most "
              f"{self.process.resident_bytes() / MIB:.0f} MiB resident", flush=True)
        self.assertLess(self.process.resident_bytes(), BOUND)
        if GROUPS // 3 > 10_000:
            wait_until(lambda: self.fires("groups", "Flood0"), "the limit is told")
        # One that exists goes on counting.
        append(self.log, glog("flood0 0") * 3)
        wait_until(lambda: self.receiver.fires(alertname="Flood0", g="0"), "an old group rings")

    def test_a_storm_of_alerts_tells_a_thousand_and_says_how_many_more(self):
        self.begin("groups:\n  - name: limits\n    rules:\n" + SEEN + """\
      - alert: Storm
        match: '/storm (?P<g>\\d+)/'
        when: count > 0 in 1h
        by: [g]
""")
        append(self.log, "".join(glog(f"storm {g}") for g in range(STORM)))
        wait_until(lambda: self.fires("alerts", "Storm"), "the limit is told")
        self.see("after")

        def told():
            return len({alert["labels"]["g"] for _, alert in self.receiver.alerts()
                        if alert["labels"]["alertname"] == "Storm"})
        wait_until(lambda: told() >= TOLD, "a thousand are told")
        self.assertEqual(told(), TOLD)
        # The same after a restart: no other ones are told.
        self.assertEqual(self.process.stop(), 0)
        self.process = self.tallybell()
        self.see("restarted")
        self.assertEqual(told(), TOLD)

    def test_long_keys_that_differ_at_their_ends_are_cut_and_stay_apart(self):
        self.begin("groups:\n  - name: limits\n    rules:\n" + SEEN + """\
      - alert: Long
        match: '/long (?P<g>\\w+) (?P<n>\\d+)/'
        when: count > 1 in 1h
        by: [g]
""")
        keys = ["k" * (64 << 10) + end for end in "abc"] + ["k" * 1024, "k" * 1025]
        # Two of each, in turns: keys that were taken for each other would count more.
        append(self.log, "".join(glog(f"long {key} {n}") for n in range(2) for key in keys))
        self.see("after")

        def told():
            return {alert["labels"]["g"]: alert for _, alert in self.receiver.alerts()
                    if alert["labels"]["alertname"] == "Long"}
        wait_until(lambda: len(told()) >= len(keys), "each key has an alert")
        self.assertEqual(self.process.stop(), 0)
        self.assertEqual(len(told()), len(keys))
        self.assertLessEqual(max(len(key.encode()) for key in told()), 1024)
        self.assertIn("k" * 1024, told())
        fired = [t for t in self.transitions() if t["alert"] == "Long" and t["state"] == "firing"]
        self.assertEqual([t["value"] for t in fired], [2] * len(keys))

    def test_its_own_log_as_a_source_does_not_feed_itself(self):
        log = self.directory / "tallybell.stderr"
        self.begin("groups:\n  - name: limits\n    rules:\n" + SEEN + """\
      - alert: Own
        match: 'level='
        when: count > 0 in 1m
""", paths=f"agent.log, {log}")
        self.see("before")
        wait_until(lambda: self.receiver.fires(alertname="Own"), "it hears itself")
        begin = len(log.read_text().splitlines())
        for n in range(20):
            self.see(f"more{n}")
        self.assertLess(len(log.read_text().splitlines()) - begin, 20)


if __name__ == "__main__":
    harness.main()
