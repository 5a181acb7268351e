#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The built binary over logs of the past: what it prints, what it refuses, how it exits."""

import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

TALLYBELL = os.environ["TALLYBELL"]

RULES = """
groups:
  - name: anka-node
    rules:
      - alert: AnkaVmStartFailing
        match: "can't start vm"
        when: count > 3 in 20m
        labels: {severity: warning}
        annotations:
          summary: "{{ $value }} failed"
"""


def lines(*minutes, message="can't start vm", day="0501"):
    return "".join(f"E{day} 12:{m:02d}:30.426698     341 controller.go:114] {message}\n"
                   for m in minutes).encode()


class ReplayTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.directory = pathlib.Path(self._directory.name)
        self.rules = self.write("rules.yaml", RULES.encode())

    def tearDown(self):
        self._directory.cleanup()

    def write(self, name, content):
        path = self.directory / name
        path.write_bytes(content)
        return str(path)

    def replay(self, *words, stdin=b"", code=0, rules=True):
        command = [TALLYBELL, "replay"] + (["--rules", self.rules] if rules else []) + list(words)
        done = subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, (command, done.stdout, done.stderr))
        return done.stdout.decode(), done.stderr.decode()

    def transitions(self, *words, **options):
        out, _ = self.replay("--output", "jsonl", "--year", "2024", *words, **options)
        return [json.loads(line) for line in out.splitlines()]

    def test_a_transition_has_the_shape_that_is_documented(self):
        path = self.write("log", lines(2, 7, 12, 17) + lines(59, message="well"))
        fired, resolved = self.transitions("--label", "host=mac1", path)
        line = "E0501 12:{:02d}:30.426698     341 controller.go:114] can't start vm"
        self.assertEqual(fired, {
            "time": "2024-05-01T12:17:30.426698000Z",
            "alert": "AnkaVmStartFailing",
            "group": "anka-node",
            "state": "firing",
            "value": 4,
            "exact": True,
            "labels": {"alertname": "AnkaVmStartFailing", "severity": "warning"},
            "annotations": {"summary": "4 failed"},
            "startsAt": "2024-05-01T12:17:30.426698000Z",
            "endsAt": None,
            "fingerprint": fired["fingerprint"],
            "evidence": [{"source": path, "offset": 64 * i, "line": line.format(m)}
                         for i, m in enumerate((2, 7, 12, 17))],
        })
        self.assertRegex(fired["fingerprint"], "^[0-9a-f]{16}$")
        self.assertEqual(resolved["state"], "resolved")
        self.assertEqual(resolved["time"], "2024-05-01T12:22:30.426698000Z")
        self.assertEqual(resolved["endsAt"], resolved["time"])
        self.assertEqual(resolved["startsAt"], fired["startsAt"])
        self.assertEqual(resolved["value"], 3)
        self.assertEqual(resolved["evidence"], fired["evidence"])

    def test_standard_input_is_a_dash(self):
        found = self.transitions("-", stdin=lines(1, 2, 3, 4))
        self.assertEqual([t["state"] for t in found], ["firing"])
        self.assertEqual(found[0]["evidence"][0]["source"], "-")

    def test_fail_on_firing_is_exit_code_1_only_if_one_fires(self):
        self.transitions("--fail-on", "firing", "-", stdin=lines(1, 2, 3, 4), code=1)
        self.transitions("--fail-on", "firing", "-", stdin=lines(1, 2, 3))
        self.transitions("-", stdin=lines(1, 2, 3, 4))

    def test_since_tells_what_fires_then_with_its_own_beginning(self):
        path = self.write("log", lines(1, 2, 3, 4) + lines(59, message="well"))
        found = self.transitions("--since", "2024-05-01T12:10", path)
        self.assertEqual([t["state"] for t in found], ["firing", "resolved"])
        self.assertEqual(found[0]["startsAt"], "2024-05-01T12:04:30.426698000Z")
        found = self.transitions("--since", "2024-05-01T12:30", path)
        self.assertEqual(found, [])

    def test_since_and_until_may_say_how_long_ago(self):
        now = time.time()
        text = "".join(time.strftime("%Y-%m-%dT%H:%M:%SZ can't start vm\n",
                                     time.gmtime(now - 60 * ago))
                       for ago in (100, 99, 98, 97, 40, 39, 38, 37))
        path = self.write("log", text.encode())

        def fired(*words):
            out, _ = self.replay("--output", "jsonl", *words, path)
            steps = [json.loads(line) for line in out.splitlines()]
            return [step["startsAt"] for step in steps if step["state"] == "firing"]

        both = fired("--since", "2h")
        self.assertEqual(len(both), 2)
        self.assertEqual(fired("--since", "1h"), both[1:])
        self.assertEqual(fired("--until", "1h"), both[:1])
        self.assertEqual(fired("--since", "1d", "--until", "1h30m"), both[:1])
        _, err = self.replay("--since", "1h", "--until", "2h", path, code=2)
        self.assertIn("--until is before --since", err)

    def test_until_ends_the_input_and_drain_goes_on(self):
        path = self.write("log", lines(1, 2, 3, 4))
        self.assertEqual(self.transitions("--until", "2024-05-01T12:04:00Z", path), [])
        states = [t["state"] for t in self.transitions("--drain", path)]
        self.assertEqual(states, ["firing", "resolved"])

    def test_the_year_goes_on_over_new_year_through_rotated_parts(self):
        old = self.write("log.1", lines(1, day="1231"))
        new = self.write("log", lines(1, 2, 3, 4, day="0101"))
        found = self.transitions("--year", "2019", old, new)
        self.assertEqual(found[0]["time"], "2020-01-01T12:04:30.426698000Z")

    def test_the_block_size_changes_nothing(self):
        path = self.write("log", lines(*range(0, 60, 3)) + b"goroutine 1 [running]\n")
        expected = self.replay("--output", "jsonl", path)[0]
        for size in ("1", "7", "1000", "1048576"):
            self.assertEqual(self.replay("--output", "jsonl", "--block-size", size, path)[0],
                             expected)

    def test_what_cannot_be_read_is_named_and_the_rest_is_read(self):
        path = self.write("log", lines(1, 2, 3, 4))
        missing = str(self.directory / "missing")
        out, err = self.replay("--output", "jsonl", missing, path, code=1)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertIn(missing, err)
        empty = self.directory / "empty"
        empty.mkdir()
        for words in ([missing], [str(empty)]):
            out, err = self.replay("--output", "jsonl", *words, code=1)
            self.assertEqual(out, "")
            self.assertIn(words[0], err)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_a_file_that_may_not_be_read_is_named(self):
        path = self.write("log", lines(1))
        os.chmod(path, 0)
        self.assertIn(path, self.replay("--output", "jsonl", path, code=1)[1])

    def test_an_archive_that_is_cut_off_gives_what_can_be_read(self):
        whole = gzip.compress(lines(1, 2, 3, 4) + os.urandom(100_000))
        path = self.write("log.gz", whole[:50_000])
        out, err = self.replay("--output", "jsonl", path, code=1)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertIn(path, err)

    def test_a_pipe_is_read_to_its_end(self):
        path = str(self.directory / "pipe")
        os.mkfifo(path)
        command = [TALLYBELL, "replay", "--rules", self.rules, "--output", "jsonl", path]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
            with open(path, "wb") as pipe:
                for line in lines(1, 2, 3, 4).splitlines(keepends=True):
                    pipe.write(line)
                    pipe.flush()
            out, _ = reader.communicate(timeout=60)
        self.assertEqual(len(out.splitlines()), 1)

    def test_strange_bytes_do_no_harm(self):
        strange = {
            "empty": b"",
            "newlines": b"\n" * 1000,
            "nuls": b"\0" * 100_000 + lines(1),
            "nuls_within": lines(1) + b"\0" * 5000 + b"\n" + lines(2),
            "random": os.urandom(300_000),
            "no_newline": lines(1, 2)[:-1],
            "no_line": b"x" * 2_000_000,
            "json": b'{"log":"' * 10_000,
            "old": b"E19700101 00:00:00.000000 1 f.go:1] can't start vm\n" * 4,
            "far": b"E22620411 23:59:59.000000 1 f.go:1] can't start vm\n" * 4,
            "farther": b"E99991231 23:59:60.000000 1 f.go:1] can't start vm\n" * 4,
            "both": b"E00010101 00:00:00.000000 1 f.go:1] can't start vm\n"
                    b"E99991231 23:59:60.000000 1 f.go:1] can't start vm\n" * 4,
        }
        for name, content in strange.items():
            with self.subTest(name):
                path = self.write(name, content)
                for more in ([], ["--drain"], ["--block-size", "1"]):
                    out, _ = self.replay("--output", "jsonl", *more, path)
                    for line in out.splitlines():
                        json.loads(line)
                self.replay(path)

    def test_lines_are_joined_into_records_where_that_is_asked(self):
        rules = self.write("trace.yaml", RULES.replace(
            '"can\'t start vm"', "'/(?s)can.t start vm.*out of memory/'").replace(
            "count > 3", "count > 0").encode())
        path = self.write("log", lines(1) + b"  at fork\n  out of memory\n" + lines(2) +
                          b"  at fork\n" + lines(3, message="well"))
        for words, times in ([(["--multiline-first", "/^E0/"], ["2024-05-01T12:01:30.426698000Z"]),
                              ([], [])]):
            found = self.transitions("--rules", rules, *words, path, rules=False)
            self.assertEqual([one["time"] for one in found if one["state"] == "firing"], times)

    def test_what_it_is_asked_wrongly_is_exit_code_2(self):
        path = self.write("log", lines(1))
        for words in (["--ruels", "x", path], [], ["--output", "xml", path], ["--year", "x", path],
                      ["--timezone", "Nowhere", path], ["--since", "soon", path],
                      ["--fail-on", "rain", path], ["--label", "x", path],
                      ["--format", "xyz", path], ["--lateness", "-1s", path],
                      ["--block-size", "0", path], ["--multiline-first", "/(/", path]):
            out, err = self.replay(*words, code=2)
            self.assertEqual(out, "", words)
            self.assertNotEqual(err, "", words)
        self.assertIn("did you mean --rules", self.replay("--ruels", "x", path, code=2)[1])
        broken = self.write("broken.yaml", b"groups: [{name: g, rules: [{alert: A}]}]")
        _, err = self.replay("--rules", broken, path, code=2, rules=False)
        self.assertRegex(err, "broken.yaml:1:[0-9]+: error: ")

    def test_a_table_says_how_near_it_came(self):
        out, _ = self.replay("-", stdin=lines(1, 2, 3))
        self.assertIn("No alert would have fired.", out)
        self.assertIn("peak 3 of 4", out)


if __name__ == "__main__":
    unittest.main()
