# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""`tallybell explain` says how lines are read and what rules make of them."""

import os
import pathlib
import subprocess
import tempfile
import unittest

BINARY = os.environ["TALLYBELL"]


def explain(*arguments, stdin=""):
    return subprocess.run([BINARY, "explain", *arguments], input=stdin, text=True, timeout=60,
                          capture_output=True)


def rows(output):
    """The explanation of one line: what stands behind each name."""
    found = {}
    for line in output.splitlines():
        name, _, value = line.partition(" ")
        found.setdefault(name, []).append(value.strip())
    return found


class ExplainTest(unittest.TestCase):
    def one(self, *arguments, **options):
        result = explain(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return rows(result.stdout)

    def test_a_glog_line_is_taken_apart(self):
        found = self.one("--year", "2024", "--timezone", "America/New_York",
                         "E0501 12:32:30.426698     341 controller.go:114] StartVm: failed")
        self.assertEqual(found["envelope"], ["none"])
        self.assertEqual(found["format"], ["glog"])
        self.assertEqual(found["severity"], ["error"])
        self.assertTrue(found["time"][0].startswith("2024-05-01T16:32:30.426698000Z"), found)
        self.assertIn("the zone as given", found["time"][0])
        self.assertIn('file="controller.go" line="114" thread="341"', found["fields"][0])

    def test_an_envelope_is_named_and_tells_year_and_zone(self):
        found = self.one('{"log":"W0320 04:19:14.763494 1 a.go:1] x\\n","stream":"stderr",'
                         '"time":"2020-03-20T04:19:14.763544793Z"}')
        self.assertEqual(found["envelope"], ["docker"])
        self.assertEqual(found["format"], ["glog"])
        self.assertTrue(found["time"][0].startswith("2020-03-20T04:19:14.763494000Z"), found)
        self.assertIn("follows from the envelope", found["time"][0])

    def test_each_rule_says_whether_the_line_counts_and_why_not(self):
        with tempfile.TemporaryDirectory() as directory:
            rules = pathlib.Path(directory, "rules.yaml")
            rules.write_text("""\
groups:
  - name: g
    rules:
      - {alert: Counts, match: "start vm", when: count > 3 in 20m, by: [host]}
      - {alert: Elsewhere, from: '{job="etcd"}', match: vm, when: count > 3 in 20m}
      - {alert: Excluded, match: vm, exclude: dry, when: count > 3 in 20m}
      - {alert: Milder, where: severity < warning, when: count > 3 in 20m}
      - {alert: Cleared, match: vm, clear: /dry.run/, when: count > 3 in 20m}
""")
            found = self.one("--rules", str(rules), "--label", "host=mac1",
                             "E0501 12:32:30.426698 341 a.go:1] can't start vm (dry run)")
        verdicts = [" ".join(rule.split()) for rule in found["rule"]]
        self.assertEqual(verdicts, [
            'Counts counts match: "start vm" by host="mac1"',
            'Elsewhere passes from: not {job="etcd"}: job is not there',
            'Excluded passes exclude: "dry"',
            'Milder passes where: severity < "warning" does not hold: severity is "error"',
            'Cleared clears clear: /dry.run/'])

    def test_lines_of_standard_input_are_one_log(self):
        result = explain("--year", "2021", "-", stdin="I0304 01:42:33.000001 1 a.go:1] x\nmore\n")
        self.assertEqual(result.returncode, 0, result.stderr)
        second = rows(result.stdout.split("\n\n")[1])
        self.assertEqual(second["format"], ["continuation"])
        self.assertEqual(second["severity"], ["info"])
        self.assertIn("that of the record before it", second["time"][0])

    def test_the_header_of_a_file_tells_the_year(self):
        result = explain("-", stdin="Log file created at: 2021/12/31 23:59:59\n"
                                    "I0101 00:00:01.000000 1 a.go:1] x\n")
        self.assertIn("time      2022-01-01T00:00:01.000000000Z (stated by the line; the year "
                      "follows from when the file was begun", result.stdout)

    def test_an_object_over_several_lines_is_one_record(self):
        text = '{\n  "timestamp": "2024-01-15T10:3%d:00Z",\n  "level": "error"\n}\n'
        result = explain("-", stdin=text % 0 + text % 1)
        self.assertEqual(result.stdout.count("\nformat    json\n"), 2, result.stdout)
        self.assertIn("time      2024-01-15T10:31:00.000000000Z", result.stdout)

    def test_a_summary_counts_what_the_lines_of_files_are(self):
        with tempfile.TemporaryDirectory() as directory:
            log = pathlib.Path(directory, "a.log")
            log.write_text("Log file created at: 2021/03/04 01:42:32\n"
                           "E0304 01:42:33.000001 1 a.go:1] x\nmore\n"
                           "I0304 01:42:33.000001 1 a.go:1] x\n")
            result = explain("--summary", str(log))
            self.assertEqual(result.returncode, 0, result.stderr)
            cells = [cell.strip() for cell in result.stdout.splitlines()[2].split("|")[1:-1]]
            self.assertEqual(cells, [str(log), "glog", "2", "0", "0", "1", "1",
                                     "0", "0", "1", "0", "1", "0"])
            missing = explain("--summary", str(log) + ".none")
            self.assertEqual(missing.returncode, 1)
            self.assertIn("No such file", missing.stderr)

    def test_any_bytes_are_explained(self):
        binary = bytes(range(256)) * 50 + b"\n" + b"\x1b[31m{" * 1000
        result = subprocess.run([BINARY, "explain", "-"], input=binary, capture_output=True,
                                timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_bad_usage_is_said(self):
        for arguments in ([], ["--format", "nope", "x"], ["--label", "x", "y"],
                          ["--timezone", "Nowhere", "x"], ["--nope", "x"]):
            result = explain(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn("tallybell explain: ", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
