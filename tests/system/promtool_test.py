# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The examples for Prometheus and Alertmanager, by Prometheus's and Alertmanager's own judgement."""

import os
import pathlib
import re
import subprocess
import unittest

EXAMPLES = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"]) / "examples"
RULES = sorted((EXAMPLES / "prometheus").glob("*.yml"))
TESTS = sorted((EXAMPLES / "prometheus/tests").glob("*_test.yml"))


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


class PromtoolTest(unittest.TestCase):
    def test_the_rule_files_are_good(self):
        self.assertGreaterEqual(len(RULES), 5)
        done = run("promtool", "check", "rules", "--lint-fatal", *map(str, RULES))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_rules_ring_when_they_should_and_only_then(self):
        done = run("promtool", "test", "rules", *map(str, TESTS))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout.count("SUCCESS"), len(TESTS))

    def test_every_rule_is_seen_to_ring(self):
        for rules in RULES:
            tests = (EXAMPLES / f"prometheus/tests/{rules.stem}_test.yml").read_text()
            for alert in re.findall(r"- alert: (\w+)", rules.read_text()):
                self.assertIn(f'alertname="{alert}", alertstate="firing"', tests, rules.name)

    def test_alertmanager_takes_its_configuration(self):
        path = EXAMPLES / "alertmanager/alertmanager.yml"
        done = run("amtool", "check-config", str(path))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for alert, receiver in (("severity=critical", "team"), ("severity=info", "chat")):
            done = run("amtool", "config", "routes", "test", f"--config.file={path}",
                       f"--verify.receivers={receiver}", "alertname=Any", alert)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
