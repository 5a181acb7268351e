# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Every built-in pack does what its tests in tests/packs say, and docs/packs.md knows it."""

import os
import pathlib
import re
import unittest

import harness
from harness import tallybell

ROOT = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])
PACKS = sorted((ROOT / "rules/packs").glob("*.yaml"))


def alerts_of(pack):
    return re.findall(r"- alert: (\w+)", pack.read_text())


class PacksTest(unittest.TestCase):
    def test_there_are_packs(self):
        self.assertGreaterEqual(len(PACKS), 8)

    def test_check_knows_every_pack(self):
        done = tallybell("check", *(f"pack:{pack.stem}" for pack in PACKS))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count(": good, "), len(PACKS))

    def test_every_pack_does_what_its_tests_say(self):
        done = tallybell("test", *(ROOT / "tests/packs" / pack.name for pack in PACKS))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertNotIn("FAILED", done.stdout)

    def test_every_alert_is_seen_to_fire(self):
        for pack in PACKS:
            tests = (ROOT / "tests/packs" / pack.name).read_text()
            alerts = alerts_of(pack)
            for alert in alerts:
                # A file with one rule need not name it.
                self.assertTrue(len(alerts) == 1 or f"alert: {alert}" in tests, alert)

    def test_the_page_of_packs_names_every_alert(self):
        page = (ROOT / "docs/packs.md").read_text()
        for pack in PACKS:
            self.assertIn(f"\n## {pack.stem}\n", page)
            for alert in alerts_of(pack):
                self.assertIn(f"`{alert}`", page)

    def test_an_ordinary_log_rings_for_nothing_critical(self):
        logs = ROOT / "tests/data/logs"
        done = tallybell("replay", "--output", "jsonl", logs / "anka/anka_agent_maxinstances.INFO",
                         logs / "anka/anka_agent_join.INFO")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn('"severity":"critical"', done.stdout)


if __name__ == "__main__":
    harness.main()
