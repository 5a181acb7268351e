# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell history`: what became of each alert, on a state file that is in use and at rest."""

import json
import os
import pathlib
import shutil
import time

import harness
from harness import LiveTest, append, glog, tallybell, wait_until
from receivers import AlertmanagerReceiver

RULES = """\
groups:
  - name: g
    rules:
      - alert: Trouble
        match: '/trouble (?P<vm>\\S+)/'
        when: count > 0 in 2s
        by: [vm]
        labels: {severity: page}
"""

KEYS = ["time", "event", "alert", "fingerprint", "labels", "state", "startsAt", "endsAt", "value",
        "exact", "enough", "receiver", "answer", "attempts", "offeredAt", "until"]


def refuses(*vms):
    """Answers 400 to whatever tells of one of `vms`."""
    def answer(request):
        told = {alert["labels"].get("vm") for alert in request.json()}
        return (400, '{"message":"bad label value"}') if told & set(vms) else (200, "")
    return answer


class HistoryTest(LiveTest):
    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.state = self.directory / "state.db"
        self.copies = self.directory / "copies"
        self.copies.mkdir()

    def follow(self, *receivers, options=""):
        urls = ", ".join(f"'{r.url}'" for r in receivers)
        self.configure(paths=self.log, rules=RULES,
                       sinks=f"[{{alertmanager: {{urls: [{urls}]{options}}}}}]")
        return self.tallybell()

    def run_history(self, *options, code=0):
        done = tallybell("history", *options, env={**os.environ, "TMPDIR": str(self.copies)})
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(list(self.copies.iterdir()), [], "a copy stays behind")
        return done

    def table(self, *options):
        return self.run_history("--state", self.state, *options).stdout

    def events(self, *options):
        text = self.run_history("--state", self.state, "--output", "jsonl", *options).stdout
        events = [json.loads(line) for line in text.splitlines()]
        for event in events:
            self.assertEqual(list(event), KEYS)
        return events

    def receiver(self, *arguments):
        receiver = AlertmanagerReceiver(*arguments)
        self.addCleanup(receiver.stop)
        return receiver

    def test_it_says_why_nobody_heard_of_it_while_tallybell_runs_and_after(self):
        good, down = self.receiver(refuses("vm2")), self.receiver()
        down.stop()
        process = self.follow(good, down, options=", min_firing: 1h")
        append(self.log, glog("trouble vm1") + glog("trouble vm2"))

        def said():
            table = self.table()
            return table if "parked" in table and "not told yet" in table and \
                "held back" in table and table.count("resolved after 2s") == 2 else None
        running = wait_until(said, "history says it all")
        self.assertIn('Trouble {severity="page", vm="vm1"}\n', running)
        self.assertRegex(running, r"\n  20\S+Z firing, value 1\n(    .*\n)*?    told alertmanager "
                         + good.url + r" 20\S+Z \(200( after 2 attempts)?, \d+\.\d s\)\n")
        self.assertRegex(running, "parked alertmanager " + good.url + r" 20\S+Z \(400 .*bad label")
        self.assertRegex(running, "not told yet alertmanager " + down.url)
        self.assertRegex(running, f"waits for alertmanager {down.url}: \\d+ attempts? since 20")
        self.assertRegex(running, f"held back alertmanager {good.url}: min_firing, until 20")
        self.assertRegex(running, f"not told alertmanager {good.url}: its firing was parked")
        self.assertTrue(process.alive())

        self.assertEqual(process.stop(), 0)
        before = {p.name: p.read_bytes() for p in self.directory.glob("state.db*")}
        rest = self.table()
        for line in running.splitlines():
            if "waits for" not in line:
                self.assertIn(line, rest)
        self.assertEqual({p.name: p.read_bytes() for p in self.directory.glob("state.db*")}, before)

    def test_events_have_always_the_same_keys_and_filters_take_some_of_them(self):
        good = self.receiver()
        process = self.follow(good, options=", min_firing: 0s")
        append(self.log, glog("trouble vm1") + glog("trouble vm2"))
        wait_until(lambda: good.resolved(vm="vm1") and good.resolved(vm="vm2"), "both end")
        wait_until(lambda: len([e for e in self.events() if e["event"] == "told"]) == 4, "four")
        every = self.events()
        self.assertEqual(sorted(e["event"] for e in every),
                         ["firing"] * 2 + ["resolved"] * 2 + ["told"] * 4)
        told = next(e for e in every if e["event"] == "told")
        self.assertEqual(told["receiver"], "alertmanager " + good.url)
        self.assertEqual((told["state"], told["answer"]), ("firing", "200"))
        self.assertLessEqual(told["offeredAt"], told["time"])
        self.assertIsNone(told["value"])
        fired = next(e for e in every if e["event"] == "firing")
        self.assertEqual((fired["value"], fired["exact"], fired["receiver"]), (1, True, None))

        one = self.events("--group", "vm=vm1", "--group", "severity=page", "--rule", "Trouble")
        self.assertEqual({e["labels"]["vm"] for e in one}, {"vm1"})
        self.assertEqual(len(one), 4)
        self.assertEqual(self.events("--group", "vm="), [])
        self.assertEqual(self.events("--rule", "Other"), [])
        self.assertEqual(self.events("--until", "12h"), [])
        self.assertEqual(self.events("--since", "2200-01-01"), [])
        self.assertEqual(len(self.events("--since", "1h")), 8)
        self.assertEqual(process.stop(), 0)
        nothing = self.run_history("--state", self.state, "--since", "2200-01-01")
        self.assertEqual(nothing.stdout, "")
        self.assertIn("nothing fired or resolved since 2200-01-01", nothing.stderr)

    def test_the_configuration_names_the_state_file_even_if_its_rules_are_gone(self):
        good = self.receiver()
        process = self.follow(good)
        append(self.log, glog("trouble vm1"))
        wait_until(lambda: good.fires(vm="vm1"), "it is told")
        self.assertEqual(process.stop(), 0)
        (self.directory / "rules.yaml").unlink()
        config = self.directory / "tallybell.yaml"
        self.assertIn("firing, value 1", self.run_history("--config", config).stdout)

    def test_bad_usage_and_missing_files_are_told_apart(self):
        missing = self.run_history("--state", self.directory / "no.db", code=1)
        self.assertIn("no.db", missing.stderr)
        self.assertFalse((self.directory / "no.db").exists())
        self.write("other.db", "not a database " * 100)
        self.run_history("--state", self.directory / "other.db", code=1)
        for wrong in ([], ["--state", "a", "--config", "b"], ["--state", "a", "--since", "soon"],
                      ["--state", "a", "--group", "vm"], ["--state", "a", "extra"],
                      ["--state", "a", "--output", "xml"], ["--nonsense"]):
            self.run_history(*wrong, code=2)

    def test_a_killed_owner_and_its_write_ahead_log_can_be_read(self):
        good = self.receiver()
        process = self.follow(good)
        append(self.log, glog("trouble vm1"))
        wait_until(lambda: any(e["event"] == "told" for e in self.events())
                   if self.state.exists() and good.fires() else False, "it is told")
        process.kill()
        before = {p.name: p.read_bytes() for p in self.directory.glob("state.db*")}
        self.assertIn("state.db-wal", before)
        self.assertIn("firing, value 1", self.table())
        self.assertEqual({p.name: p.read_bytes() for p in self.directory.glob("state.db*")}, before)


class RunningHistoryTest(LiveTest):
    """What a running tallybell says over HTTP is what its state file says."""
    server = "{listen: '127.0.0.1:%d', basic_auth: {username: u, password: secret9}}"

    def setUp(self):
        super().setUp()
        self.log = self.write("agent.log", "")
        self.receiver = AlertmanagerReceiver()
        self.addCleanup(self.receiver.stop)
        self.port = harness.free_port()
        self.config = self.configure(
            paths=self.log, rules=RULES.replace("2s", "1h"),
            sinks=f"[{{alertmanager: {{urls: ['{self.receiver.url}']}}}}]",
            rest="server: " + self.server % self.port)

    def test_it_is_the_same_from_either_side(self):
        process = self.tallybell()
        append(self.log, "".join(glog(f"trouble vm{i}") for i in range(3)))
        state = ["--state", self.directory / "state.db"]
        events = [*state, "--output", "jsonl"]
        wait_until(lambda: tallybell("history", *events).stdout.count('"told"') == 3, "all told")
        url = ["--url", f"http://127.0.0.1:{self.port}", "--config", self.config]
        for options in ([], ["--output", "jsonl"], ["--group", "vm=vm1"],
                        ["--output", "jsonl", "--rule", "Trouble", "--since", "1h"],
                        ["--output", "jsonl", "--until", "1h"]):
            there = tallybell("history", *url, *options)
            self.assertEqual(there.returncode, 0, there.stderr)
            self.assertEqual(there.stdout, tallybell("history", *state, *options).stdout)
        by_configuration = tallybell("history", "--config", self.config)
        self.assertIn(f"the tallybell that runs at http://127.0.0.1:{self.port}",
                      by_configuration.stderr)
        self.assertIn("firing, value 1", by_configuration.stdout)
        without = tallybell("history", "--url", f"http://127.0.0.1:{self.port}")
        self.assertEqual(without.returncode, 1)
        self.assertIn("password", without.stderr)
        self.assertEqual(process.stop(), 0)

        at_rest = tallybell("history", "--config", self.config)
        self.assertIn("this is of the state file", at_rest.stderr)
        self.assertEqual(at_rest.stdout, by_configuration.stdout)
        self.assertEqual(tallybell("history", *url).returncode, 1)
        self.assertEqual(tallybell("history", *url, *state).returncode, 2)


class WhatWasNotToldTest(LiveTest):
    """Rows about what nobody was told: what ended before the first start, and near misses."""

    def test_what_ended_before_the_first_start_is_said_to_be_held_back(self):
        now = time.time()
        log = self.write("agent.log", glog("trouble vm1", at=now - 3600) + glog("all well"))
        self.configure(paths=log, rules=RULES, sinks="[{stdout: }]")
        process = self.tallybell()
        state = self.directory / "state.db"

        def said():
            table = tallybell("history", "--state", state).stdout
            return table if table.count("not told: held back: first start") == 2 else None
        table = wait_until(said, "it is said twice")
        self.assertRegex(table, r"firing, value 1\n    not told: held back: first start\n"
                                r"  20\S+Z resolved after 2s\n    not told: held back: first start")
        self.assertEqual(process.stop(), 0)
        self.assertEqual(process.stdout(), "")

    def test_history_says_how_near_it_came_until_it_was_enough(self):
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES.replace("> 0 in 2s", "> 3 in 1h"),
                       sinks="[{stdout: }]")
        process = self.tallybell()
        state = self.directory / "state.db"
        append(log, glog("trouble vm1") * 3 + glog("trouble vm2"))
        wait_until(lambda: "nearest miss" in tallybell("history", "--state", state).stdout,
                   "a miss is recorded")
        # What is not due yet is written at the end.
        self.assertEqual(process.stop(), 0)
        table = tallybell("history", "--state", state).stdout
        self.assertIn('Trouble {severity="page", vm="vm1"}\n', table)
        self.assertEqual(table.count("nearest miss, peak 3 of 4"), 1)
        self.assertEqual(table.count("nearest miss"), 1)
        process = self.tallybell()
        append(log, glog("trouble vm1"))
        wait_until(lambda: "firing, value 4" in tallybell("history", "--state", state).stdout,
                   "it fires")
        self.assertNotIn("nearest miss", tallybell("history", "--state", state).stdout)
        self.assertEqual(process.stop(), 0)


class FormerVersionTest(LiveTest):
    """A state file of the first version, by the code of now."""

    def setUp(self):
        super().setUp()
        source = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])
        shutil.copy(source / "tests/data/state/version1.db", self.directory / "state.db")
        (self.directory / "state.db").chmod(0o600)

    def test_its_history_and_outbox_are_shown(self):
        state = self.directory / "state.db"
        table = tallybell("history", "--state", state, "--since", "2000-01-01")
        self.assertEqual(table.returncode, 0, table.stderr)
        self.assertIn('Trouble {severity="page", vm="vm2"}', table.stdout)
        self.assertRegex(table.stdout, r"parked alertmanager \S+ 20\S+Z \(400 .*bad label value")
        self.assertRegex(table.stdout, r"told alertmanager \S+ 20\S+Z \(200\)")
        waits = tallybell("outbox", "--state", state, "--output", "jsonl")
        self.assertEqual(waits.returncode, 0, waits.stderr)
        rows = [json.loads(line) for line in waits.stdout.splitlines()]
        self.assertEqual(len([r for r in rows if r["parked"]]), 1)
        self.assertEqual(len([r for r in rows if not r["parked"]]), 7)

    def test_a_run_goes_on_from_it(self):
        receiver = AlertmanagerReceiver()
        self.addCleanup(receiver.stop)
        log = self.write("agent.log", "")
        self.configure(paths=log, rules=RULES.replace("2s", "10m"),
                       sinks=f"[{{alertmanager: {{urls: ['{receiver.url}']}}}}]")
        process = self.tallybell()
        self.assertEqual(process.stop(), 0)
        # The receivers of then are not those of now: what waited for them is history.
        dropped = [json.loads(detail) for _, detail in self.history({"dropped"})]
        self.assertEqual(len(dropped), 8)
        self.assertEqual({d["answer"] for d in dropped},
                         {"the receiver is not configured any more"})


if __name__ == "__main__":
    harness.main()
