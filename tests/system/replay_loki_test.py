# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What a Loki stores, replayed: the same alerts as of a file of the same lines, whatever the size of
pages and however many lines share an instant."""

import json
import random
import threading
import time
import unittest

from harness import binary, glog, tallybell, utc, wait_until
from loki_case import LokiTest

SEED = 20240503
RULES = """\
groups:
  - name: vm
    rules:
      - alert: VmFails
        match: "can't start vm"
        when: count > 3 in 5m
        by: [host]
"""


class ReplayLokiTest(LokiTest):
    def setUp(self):
        super().setUp()
        self.rules = self.write("rules.yaml", RULES)
        self.now = int(time.time()) - 600
        self.contract = self.loki(most_entries=50, shuffle_ties=SEED)

    def fill(self, hosts=4, lines=250, same=True):
        """Writes the same lines into the Loki and into a file for each host."""
        dice = random.Random(SEED)
        begin = self.now - 3 * 3600
        for host in range(hosts):
            entries, text = [], ""
            at = begin + dice.random()
            for number in range(lines):
                at += dice.choice((0, 0.001, 2, 30)) if same else 5
                message = "can't start vm" if dice.random() < 0.2 else "all is well"
                line = glog(f"{message} {number}", at=at)
                text += line
                # Clients stamp whole seconds: many lines share an instant.
                entries.append((int(at) * 10 ** 9, line.rstrip("\n")))
            self.contract.push([({"job": "anka", "host": f"mac{host}"}, entries)])
            self.write(f"logs/mac{host}.log", text)

    def replay(self, *arguments):
        return tallybell("replay", "--rules", self.rules, "--output", "jsonl", *arguments)

    def words_for_loki(self, *more):
        return ["replay", "--rules", self.rules, "--output", "jsonl",
                "--loki-url", self.contract.url, "--loki-query", '{job="anka"}',
                "--since", self.moment(-4 * 3600), "--until", self.moment(600), *more]

    def from_loki(self, *arguments):
        return tallybell(*self.words_for_loki(*arguments))

    def moment(self, offset):
        return utc(self.now + offset).strftime("%Y-%m-%dT%H:%M:%SZ")

    @staticmethod
    def steps(output):
        # Where a line stood and what else is in a stream's labels is the source's own.
        steps = []
        for line in output.splitlines():
            step = json.loads(line)
            steps.append((step["time"], step["state"], step["value"], step["labels"]["host"],
                          [shown["line"] for shown in step["evidence"]]))
        return steps

    def test_it_says_what_the_files_say_whatever_the_pages(self):
        self.fill()
        files = self.replay("--label-from-path", "/(?P<host>mac\\d+)\\.log/", "--until",
                            self.moment(600), self.directory / "logs")
        self.assertEqual(files.returncode, 0, files.stderr)
        whole = self.from_loki()
        self.assertEqual(whole.returncode, 0, whole.stderr)
        self.assertGreater(len(self.steps(whole.stdout)), 10)
        self.assertEqual([step[:4] for step in self.steps(whole.stdout)],
                         [step[:4] for step in self.steps(files.stdout)])
        for page in (2, 50, 4000):
            self.contract.most_entries = max(page, 50)
            paged = self.from_loki("--loki-page", page)
            self.assertEqual(paged.returncode, 0, paged.stderr)
            self.assertEqual(self.steps(paged.stdout), self.steps(whole.stdout), f"page {page}")
        self.assertIn("1000 lines", whole.stderr)

    def test_several_pages_are_under_way_at_a_time(self):
        self.fill()
        self.contract.faults.query_seconds = 0.02
        done = self.from_loki()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("1000 lines", done.stderr)
        self.assertGreater(self.contract.most_under_way, 1)

    def test_a_loki_that_goes_away_meanwhile_is_waited_for(self):
        self.fill()
        whole = self.from_loki()
        self.contract.faults.query_seconds = 0.03
        answered = self.contract.queries
        found = []
        reader = threading.Thread(target=lambda: found.append(self.from_loki("--loki-page", 20)))
        reader.start()
        wait_until(lambda: self.contract.queries > answered + 20, "it is under way")
        self.contract.end()
        time.sleep(0.5)
        self.contract.faults.ring_seconds = 0.5
        self.contract.begin()
        reader.join(60)
        self.assertEqual(found[0].returncode, 0, found[0].stderr)
        self.assertEqual(self.steps(found[0].stdout), self.steps(whole.stdout))

    def test_an_outage_is_said_once_however_many_wait_for_its_end(self):
        self.fill(hosts=1, lines=20)
        self.contract.end()
        process = self.start([binary(), *self.words_for_loki("--loki-tenant", "red",
                                                             "--loki-tenant", "blue")], "replay")
        said, ended = "a Loki cannot be asked", "a Loki can be asked again"
        wait_until(lambda: process.stderr().count(said) == 2, "both tenants' outages are said")
        # Each of four readers a tenant has asked a second time by then, and gets nothing said of it.
        time.sleep(2.5)
        self.contract.begin()
        self.assertEqual(process.wait(), 0, process.stderr())
        lines = [line for line in process.stderr().splitlines() if said in line]
        self.assertEqual(len(lines), 2, process.stderr())
        for tenant in ("blue", "red"):
            line, = [line for line in lines if f"tenant={tenant}" in line]
            for part in ("level=warn", f"url={self.contract.url}", "err="):
                self.assertIn(part, line)
        self.assertEqual(process.stderr().count(ended), 2, process.stderr())

    def test_since_and_until_may_say_how_long_ago(self):
        now = time.time_ns()
        for minutes in (100, 40):
            self.contract.push([({"job": "anka", "host": f"mac{minutes}"}, [
                (now - minutes * 60 * 10 ** 9 + number, "can't start vm") for number in range(5)])])
        for words, hosts in (([], {"mac40"}), (["--since", "1h"], {"mac40"}),
                             (["--since", "2h", "--until", "1h"], {"mac100"}),
                             (["--since", "1d"], {"mac40", "mac100"})):
            done = self.replay("--loki-url", self.contract.url, "--loki-query", '{job="anka"}',
                               *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({step[3] for step in self.steps(done.stdout)}, hosts, words)

    def test_tenants_are_read_side_by_side(self):
        self.contract.tenants = True
        for tenant in ("red", "blue"):
            self.contract.push([({"job": "anka", "host": tenant}, [
                ((self.now - 60 * minute) * 10 ** 9, "can't start vm") for minute in range(8)
            ])], tenant)
        done = self.from_loki("--loki-tenant", "red", "--loki-tenant", "blue")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({step[3] for step in self.steps(done.stdout)}, {"red", "blue"})

    def test_what_cannot_be_is_said(self):
        for arguments, said in (
                (("--loki-url", self.contract.url), "--loki-query"),
                (("--loki-url", self.contract.url, "--loki-query", "rate({a=\"b\"}[5m])"),
                 "must give lines"),
                (("--loki-url", "ftp://x", "--loki-query", "{a=\"b\"}"), "--loki-url"),
                (("--loki-query", "{a=\"b\"}"), "needs --loki-url"),
                (("--loki-url", self.contract.url, "--loki-query", "{a=\"b\"}", "x.log"),
                 "together")):
            done = self.replay(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        self.contract.faults.query_status = (400, "parse error at line 1, col 9")
        done = self.from_loki()
        self.assertEqual(done.returncode, 1)
        self.assertIn("parse error at line 1, col 9", done.stderr)


if __name__ == "__main__":
    unittest.main()
