# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""docs/reliability.md and SECURITY.md name the test of each promise: those tests are there."""

import os
import pathlib
import re
import unittest

import harness

SOURCE = pathlib.Path(os.environ["TALLYBELL_SOURCE_DIR"])
PAGES = ["docs/reliability.md", "SECURITY.md"]
# A suite, or a test of one: `StoreFaultTest`, `HttpClientTest.NeverFollowsARedirect`.
NAMED = re.compile(r"`([A-Z]\w*Test)(?:\.(\w+))?`")
PATH = re.compile(r"`((?:tests|docs|examples)/[\w./-]+)`")


def tests_in_code():
    suites = {}
    for path in (SOURCE / "tests").rglob("*_test.cc"):
        for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", path.read_text(), re.M):
            suites.setdefault(suite, set()).add(name)
    for path in (SOURCE / "tests/system").glob("*_test.py"):
        for suite in re.findall(r"^class (\w+Test)\(", path.read_text(), re.M):
            suites.setdefault(suite, set())
    return suites


class ReliabilityPageTest(unittest.TestCase):
    def test_every_test_that_is_named_is_there(self):
        suites = tests_in_code()
        for page in PAGES:
            text = (SOURCE / page).read_text()
            named = NAMED.findall(text)
            self.assertGreater(len(named), 5, page)
            for suite, name in named:
                self.assertIn(suite, suites, page)
                if name:
                    self.assertIn(name, suites[suite], f"{page}: {suite}")
            for path in PATH.findall(text):
                self.assertTrue((SOURCE / path).exists(), f"{page}: {path}")

    def test_every_promise_has_a_test(self):
        text = (SOURCE / "docs/reliability.md").read_text()
        for row in re.findall(r"^\|.*\|$", text.split("## Where they end")[0], re.M)[2:]:
            self.assertTrue(NAMED.search(row) or PATH.search(row), row)


if __name__ == "__main__":
    harness.main()
