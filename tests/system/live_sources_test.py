# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Sources that are missing, unreadable, silent or cut short, and a state file with two masters."""

import os
import pathlib
import shutil
import signal
import tempfile
import time
import unittest

import harness
from harness import NOBODY, LiveTest, append, glog, stays_true, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: sources
    rules:
      - alert: Seen
        match: '/see (?P<n>\\w+)/'
        when: count > 0 in 1h
        by: [n]
"""


class SourceTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)

    def follow(self, paths, source="stall_after: 1s", **options):
        self.configure(paths=paths, rules=RULES, source=source,
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        return self.tallybell(**options)

    def down(self):
        return self.receiver.states(alertname="TallybellSourceDown")

    def see(self, log, n):
        append(log, glog(f"see {n}"))
        wait_until(lambda: self.receiver.fires(n=str(n)), f"{n} is told")


class SourcesTest(SourceTest):
    def test_a_source_without_a_file_is_told_and_resolves_when_there_is_one(self):
        process = self.follow("agent.log")
        wait_until(lambda: self.down() == ["firing"], "it is down")
        alert = next(a for _, a in self.receiver.alerts())
        self.assertIn("agent.log", alert["labels"]["source"])
        self.see(self.directory / "agent.log", "first")
        wait_until(lambda: self.down() == ["firing", "resolved"], "it is up again")
        # And down again, over a restart.
        (self.directory / "agent.log").unlink()
        wait_until(lambda: self.down() == ["firing", "resolved", "firing"], "it is down again")
        self.assertEqual(process.stop(), 0)
        append(self.directory / "agent.log", glog("nothing"))
        process = self.tallybell()
        wait_until(lambda: self.down()[-1] == "resolved", "it is up after the restart")
        begun = [begin for state, begin in self.receiver.told(alertname="TallybellSourceDown")
                 if state == "firing"]
        self.assertEqual(len(set(begun)), 2)  # the restart began no third one
        self.assertEqual(process.stop(), 0)
        self.assertEqual([t["labels"]["n"] for t in self.transitions()], ["first"])

    def test_a_source_that_is_configured_no_more_is_not_down_for_ever(self):
        process = self.follow("gone.log")
        wait_until(lambda: self.down() == ["firing"], "it is down")
        self.assertEqual(process.stop(), 0)
        self.write("agent.log", "")
        self.follow("agent.log")
        wait_until(lambda: self.down()[-1] == "resolved", "it is not ours any more")

    def test_other_external_labels_make_it_another_alert(self):
        process = self.follow("gone.log")
        wait_until(lambda: self.down() == ["firing"], "it is down")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text() + "external_labels: {cluster: prod}\n")
        process.signal(signal.SIGHUP)
        wait_until(lambda: sorted(self.down()) == ["firing", "firing", "resolved"], "both are told")
        self.assertEqual(self.receiver.states(cluster="prod"), ["firing"])

    def test_one_source_that_is_down_holds_up_no_rule(self):
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES.replace("in 1h", "in 2s"), source="stall_after: 1s",
                       sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}'], min_firing: 0s}}}}]")
        config = self.directory / "tallybell.yaml"
        config.write_text(config.read_text().replace(
            "rules:", "  - file: {paths: [missing.log], lateness: 0s, stall_after: 1s}\nrules:"))
        self.tallybell()
        self.see(log, "x")
        wait_until(lambda: self.receiver.resolved(n="x"), "it resolves all the same")

    def test_a_source_that_is_merely_silent_raises_nothing(self):
        log = self.write("agent.log", "")
        self.follow("agent.log")
        stays_true(lambda: not self.down(), "silence is no fault", 4)
        self.see(log, "later")
        self.assertEqual(self.down(), [])

    def test_truncation_reads_the_new_lines_from_their_beginning(self):
        log = self.write("agent.log", "".join(glog(f"nothing {n}") for n in range(1000)))
        self.follow("agent.log")
        self.see(log, "before")
        os.truncate(log, 0)
        self.see(log, "after")
        # Cut and written to beyond its old length at once.
        text = glog("see grown") + "".join(glog(f"more {n}") for n in range(3000))
        log.write_text(text)
        wait_until(lambda: self.receiver.fires(n="grown"), "its first line is read")
        self.assertEqual(self.down(), [])

    def test_a_second_process_on_one_state_file_is_refused_and_does_the_first_no_harm(self):
        log = self.write("agent.log", "")
        first = self.follow("agent.log")
        second = self.tallybell(started=False)
        code = second.wait(20)
        self.assertNotEqual(code, 0)
        said = second.stderr()
        self.assertIn("state.db", said)
        self.assertIn("another process", said)
        self.see(log, "still")
        self.assertTrue(first.alive())

    def test_a_state_file_that_is_none_is_put_aside_and_told(self):
        log = self.write("agent.log", "")
        (self.directory / "state.db").write_text("this is no database\n" * 100)
        self.follow("agent.log")
        wait_until(lambda: self.receiver.fires(alertname="TallybellStateReset"), "it is told")
        self.see(log, "anew")
        aside = list(self.directory.glob("state.db.corrupt-*"))
        self.assertEqual(len(aside), 1)
        self.assertIn("no database", aside[0].read_text())


@unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
class UnreadableTest(SourceTest):
    """As a user whom permissions hold off, which root is not."""

    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="tallybell-live-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        binary = self.directory / "tallybell"
        shutil.copy(harness.binary(), binary)
        self.saved = os.environ["TALLYBELL"]
        os.environ["TALLYBELL"] = str(binary)
        self.addCleanup(os.environ.__setitem__, "TALLYBELL", self.saved)
        os.chown(self.directory, NOBODY, NOBODY)
        self.directory.chmod(0o755)

    def test_a_file_that_may_not_be_read_is_down_until_it_may(self):
        log = self.write("agent.log", "")
        log.chmod(0)
        process = self.follow("agent.log", user=NOBODY)
        wait_until(lambda: self.down() == ["firing"], "it is down")
        append(log, glog("see meanwhile"))
        lines = process.stderr().count("\n")
        time.sleep(2.5)
        self.assertLess(process.stderr().count("\n") - lines, 3)  # said once, not at each try
        log.chmod(0o644)
        wait_until(lambda: self.receiver.fires(n="meanwhile"), "what came meanwhile is told")
        wait_until(lambda: self.down() == ["firing", "resolved"], "it is up again")

    def test_a_directory_that_may_not_be_read_is_down_until_it_may(self):
        (self.directory / "logs").mkdir()
        log = self.write("logs/agent.log", "")
        (self.directory / "logs").chmod(0)
        self.follow("logs/*.log", user=NOBODY)
        wait_until(lambda: self.down() == ["firing"], "it is down")
        (self.directory / "logs").chmod(0o755)
        self.see(log, "later")
        wait_until(lambda: self.down() == ["firing", "resolved"], "it is up again")

    def test_permissions_that_go_while_it_is_open_lose_nothing(self):
        log = self.write("agent.log", "")
        log.chmod(0o644)
        self.follow("agent.log", user=NOBODY)
        self.see(log, "one")
        log.chmod(0)
        append(log, glog("see two"))
        time.sleep(1.2)
        log.chmod(0o644)
        self.see(log, "three")
        wait_until(lambda: self.receiver.fires(n="two"), "nothing is lost")
        self.assertEqual(self.receiver.states(n="one").count("firing"), 1)


if __name__ == "__main__":
    harness.main()
