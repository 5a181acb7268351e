# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""tallybell test: what it prints, how it exits, and that its page tells the truth."""

import os
import pathlib
import re
import unittest

import harness
from harness import LiveTest, tallybell

ROOT = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])

RULES = """\
groups:
  - name: g
    rules: [{alert: A, match: boom, when: count > 1 in 10m}]
"""
GOOD = """\
rules: [rules.yaml]
tests:
  - name: Two ring
    streams: [{lines: [0m: boom, 1m: boom, 1h: end]}]
    expect: [{at: 1m, value: 2}, {at: 10m, state: resolved}]
"""


def page():
    """The examples of docs/rule-tests.md by name, and what its commands print."""
    text = (ROOT / "docs/rule-tests.md").read_text()
    files = {}
    for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
        files[block.splitlines()[0].lstrip("# ")] = block
    runs = re.findall(r"^```console\n\$ tallybell test (\S+)\n(.*?)^```$", text, re.M | re.S)
    return files, runs


class TestCommandTest(LiveTest):
    def run_test(self, *words):
        return tallybell("test", *words, cwd=self.directory)

    def test_success_is_said_for_each_test(self):
        self.write("rules.yaml", RULES)
        self.write("t.yaml", GOOD)
        done = self.run_test("t.yaml")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, "t.yaml\n  SUCCESS  Two ring\n1 test, 0 failed\n")

    def test_rule_files_are_named_from_the_directory_of_the_test(self):
        self.write("deep/rules.yaml", RULES)
        self.write("deep/t.yaml", GOOD)
        self.assertEqual(self.run_test("deep/t.yaml").returncode, 0)

    def test_a_failure_exits_with_1_and_the_rest_is_run(self):
        self.write("rules.yaml", RULES)
        self.write("bad.yaml", GOOD.replace("at: 1m, value: 2", "at: 1m, value: 3"))
        self.write("good.yaml", GOOD)
        done = self.run_test("bad.yaml", "good.yaml")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("  FAILED   Two ring (line 3)\n", done.stdout)
        self.assertIn("! 1m A firing 3", done.stdout)
        self.assertIn("good.yaml\n  SUCCESS  Two ring\n", done.stdout)
        self.assertIn("2 tests, 1 failed\n", done.stdout)

    def test_a_bad_file_exits_with_2_and_every_fault_has_its_place(self):
        self.write("rules.yaml", RULES)
        self.write("t.yaml", GOOD.replace("lines:", "lnes:").replace("value: 2", "value: two"))
        done = self.run_test("t.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"t\.yaml:4:16: error: .*\"lnes\".*did you mean \"lines\"")
        self.assertRegex(done.stderr, r"t\.yaml:5:\d+: error: .*value")
        self.assertEqual(self.run_test("none.yaml").returncode, 2)
        self.assertEqual(self.run_test(".").returncode, 2)
        self.assertEqual(self.run_test().returncode, 2)

    def test_a_faulty_rule_file_is_a_bad_file(self):
        self.write("rules.yaml", RULES.replace("match", "mach"))
        self.write("t.yaml", GOOD)
        done = self.run_test("t.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn('did you mean "match"', done.stderr)

    def test_run_chooses_by_name_and_no_test_at_all_is_a_fault(self):
        self.write("rules.yaml", RULES)
        self.write("t.yaml", GOOD + GOOD.partition("tests:\n")[2].replace("Two ring", "Both do"))
        self.assertIn("1 test, 0 failed", self.run_test("--run", "Both", "t.yaml").stdout)
        self.assertEqual(self.run_test("--run", "Neither", "t.yaml").returncode, 2)

    def test_a_log_that_cannot_be_read_is_a_fault_with_its_place(self):
        self.write("rules.yaml", RULES)
        self.write("t.yaml", GOOD.replace("lines: [0m: boom, 1m: boom, 1h: end]", "file: none.log"))
        done = self.run_test("t.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"t\.yaml:4:\d+: error: .*none\.log")

    def test_the_page_of_rule_tests_tells_the_truth(self):
        files, runs = page()
        for name, text in files.items():
            self.write(name, text)
        self.write("wrong_test.yaml", files["vms_test.yaml"].replace("at: 20m", "at: 21m"))
        self.assertEqual(len(runs), 2)
        for name, shown in runs:
            done = self.run_test(name)
            self.assertEqual(done.stderr, "")
            lines = [line.rstrip() for line in done.stdout.rstrip().splitlines()]
            shown = [line.rstrip() for line in shown.rstrip().splitlines()]
            lines = [line for line in lines if line]
            self.assertEqual(lines, shown)
        self.assertEqual(self.run_test("own_times_test.yaml").returncode, 0)

    def test_the_cases_that_say_what_the_semantics_are_pass(self):
        done = self.run_test(*sorted((ROOT / "tests/cases").glob("*.yaml")))
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr)
        self.assertIn(", 0 failed", done.stdout)


if __name__ == "__main__":
    harness.main()
