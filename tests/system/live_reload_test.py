# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What a reload keeps, and what it begins anew."""

import signal
import time

import harness
from harness import LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: reload
    rules:
      - alert: Burst
        match: '/burst (?P<key>\\w+)/'
        when: count > 3 in 1h
        by: [key]
        labels: {severity: warning}
        annotations: {summary: "first {{ $value }}"}
      - alert: Other
        match: other
        when: count > 0 in 1h
"""


class ReloadTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.log = self.write("agent.log", "")
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s, "
                             "resend_interval: 1s}}]")

    def reload(self, rules, good=True):
        """Puts `rules` in force and returns once that is done or refused."""
        self.write("rules.yaml", rules)
        what = 'msg="reloaded' if good else 'msg="reload failed'
        before = self.process.stderr().count(what)
        self.process.signal(signal.SIGHUP)
        wait_until(lambda: self.process.stderr().count(what) > before, what)

    def burst(self, key, times=4):
        append(self.log, "".join(glog(f"burst {key}") for _ in range(times)))

    def count(self, state, **labels):
        """How many episodes of an alert were told as `state`: repeats are one."""
        return len({begin for told, begin in self.receiver.told(**labels) if told == state})

    def fire(self):
        self.process = self.tallybell()
        self.burst("a")
        wait_until(lambda: self.receiver.fires(key="a"), "it fires")

    def read_all(self):
        """Returns once every line that was written before has been read and told."""
        append(self.log, glog("other"))
        n = len(self.receiver.told(alertname="Other"))
        wait_until(lambda: len(self.receiver.told(alertname="Other")) > n, "the other fires")

    def test_faults_keep_the_old_rules_and_are_said(self):
        self.fire()
        self.reload(RULES.replace("when: count > 3", "when: cuont > 3"), good=False)
        self.assertIn("rules.yaml:6:", self.process.stderr())
        self.reload("groups: [", good=False)
        (self.directory / "tallybell.yaml").rename(self.directory / "away")
        self.process.signal(signal.SIGHUP)
        wait_until(lambda: self.process.stderr().count('msg="reload failed') == 3, "it is said")
        self.burst("b")
        wait_until(lambda: self.receiver.fires(key="b"), "the old rules are in force")
        self.assertEqual(self.count("resolved"), 0)

    def test_annotations_and_for_change_without_another_alert(self):
        self.fire()
        self.reload(RULES.replace("first", "second").replace("by: [key]", "by: [key]\n        for: 0s"))
        wait_until(lambda: any(a["annotations"].get("summary") == "second 4"
                               for _, a in self.receiver.alerts()), "the new text is told")
        self.assertEqual(self.count("resolved"), 0)
        self.assertEqual(self.count("firing", key="a"), 1)

    def test_windows_are_kept_where_what_is_watched_stays(self):
        self.process = self.tallybell()
        self.burst("a", 3)
        self.read_all()
        self.reload(RULES.replace("first", "second"))
        self.burst("a", 1)
        wait_until(lambda: self.receiver.fires(key="a"), "three and one make four")

    def test_other_labels_end_the_old_alert_and_begin_the_new_one_once_each(self):
        self.fire()
        self.reload(RULES.replace("warning", "critical"))
        wait_until(lambda: self.receiver.resolved(key="a", severity="warning"), "the old one ends")
        wait_until(lambda: self.receiver.fires(key="a", severity="critical"), "the new one fires")
        self.reload(RULES.replace("warning", "critical"))
        self.read_all()
        self.assertEqual(self.count("resolved", key="a"), 1)
        self.assertEqual(self.count("firing", key="a", severity="critical"), 1)
        self.assertEqual(self.count("resolved", severity="critical"), 0)

    def test_a_rule_that_is_gone_resolves_once(self):
        self.fire()
        without = RULES[:RULES.index("      - alert: Burst")] + RULES[
            RULES.index("      - alert: Other"):]
        self.reload(without)
        wait_until(lambda: self.receiver.resolved(key="a"), "it ends")
        self.reload(without)
        self.assertEqual(self.process.stop(), 0)
        told = len(self.receiver.told(key="a"))
        self.process = self.tallybell()
        self.read_all()
        self.assertEqual(self.count("resolved", key="a"), 1)
        self.assertNotIn("firing", self.receiver.states(key="a")[told:])
        # The rule that stands in its place now is another one, with its own state.
        self.assertEqual(self.count("resolved", alertname="Other"), 0)

    def test_another_match_empties_the_window_and_holds_what_fires_for_one_width(self):
        short = RULES.replace("in 1h", "in 6s", 1)
        self.write("rules.yaml", short)
        self.fire()
        self.burst("b", 3)
        self.read_all()
        changed = time.time()
        self.reload(short.replace("/burst (", "/bang (").replace("count > 3", "count > 1"))
        append(self.log, glog("bang b"))
        wait_until(lambda: self.receiver.resolved(key="a"), "it ends when the width has passed")
        self.assertGreaterEqual(time.time() - changed, 5.5)
        self.assertFalse(self.receiver.fires(key="b"))  # one bang; its bursts are forgotten
        self.assertEqual(self.count("firing", key="a"), 1)

    def test_another_match_holds_also_what_has_been_told_and_is_not_decided_yet(self):
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace("lateness: 0s", "lateness: 5s"))
        short = RULES.replace("in 1h", "in 8s", 1)
        self.write("rules.yaml", short)
        self.fire()
        self.reload(short.replace("/burst (", "/bang ("))
        stays_true(lambda: not self.receiver.resolved(key="a"), "it is held", 5)
        wait_until(lambda: self.receiver.resolved(key="a"), "it ends when the width has passed")
        self.assertEqual(self.count("firing", key="a"), 1)
        self.assertEqual(self.count("resolved", key="a"), 1)

    def test_other_names_to_count_by_end_what_was_counted_by_the_old_ones(self):
        self.fire()
        self.reload(RULES.replace("?P<key>", "?P<name>").replace("by: [key]", "by: [name]"))
        wait_until(lambda: self.receiver.resolved(key="a"), "it ends")
        self.burst("b")
        wait_until(lambda: self.receiver.fires(name="b"), "another fires")
        self.assertEqual(self.receiver.told(name="a"), [])

    def test_a_threshold_that_an_alert_does_not_reach_ends_it_after_one_width(self):
        short = RULES.replace("in 1h", "in 5s", 1)
        self.write("rules.yaml", short)
        self.fire()
        self.reload(short.replace("count > 3", "count > 100"))
        wait_until(lambda: self.receiver.resolved(key="a"), "it ends")
        self.assertEqual(self.count("firing", key="a"), 1)

    def test_a_shorter_for_ends_the_wait_of_what_is_pending(self):
        slow = RULES.replace("by: [key]", "by: [key]\n        for: 30m")
        self.write("rules.yaml", slow)
        self.process = self.tallybell()
        self.burst("a")
        self.read_all()
        self.reload(slow.replace("30m", "1s"))
        wait_until(lambda: self.receiver.fires(key="a"), "it fires")
        self.assertEqual(self.process.stop(), 0)
        times = [t["time"] for t in self.transitions() if t["labels"].get("key") == "a"]
        self.assertEqual(times, sorted(times))

    def test_external_labels_and_redactions_are_reloaded_too(self):
        self.fire()
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text() + "external_labels: {cluster: prod}\n"
                          "redact: ['/pass=\\S+/']\n")
        self.reload(RULES)
        wait_until(lambda: self.receiver.fires(key="a", cluster="prod"), "the new one fires")
        append(self.log, "".join(glog(f"burst c pass=swordfish{n}") for n in range(4)))
        wait_until(lambda: self.receiver.fires(key="c", cluster="prod"), "another fires")
        self.assertFalse(any(b"swordfish" in r.body for r in self.receiver.taken()))


if __name__ == "__main__":
    harness.main()
