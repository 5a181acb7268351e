#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The built binary over many archives: directories and patterns, threads, memory, the bar."""

import gzip
import json
import os
import pathlib
import pty
import select
import subprocess
import tempfile
import threading
import time
import unittest

TALLYBELL = os.environ["TALLYBELL"]
SANITIZED = bool(os.environ.get("TALLYBELL_SANITIZE"))
PATIENCE = 60.0  # seconds

RULES = """
groups:
  - name: g
    rules:
      - {alert: Failing, match: "can't start vm", when: count > 3 in 20m}
      - {alert: Mixed, match: '/vm (?P<vm>\\d) FAILED/i', when: count > 2 in 20m, by: [vm]}
"""
MOST_BYTES = 64 << 20  # resident


def line(minute, text):
    return f"E0501 {minute // 60:02d}:{minute % 60:02d}:00.000000     341 a.go:1] {text}\n"


class ReplayArchivesTest(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMPDIR"))
        self.directory = pathlib.Path(self._directory.name)
        self.logs = self.directory / "logs"
        self.logs.mkdir()
        self.rules = self.directory / "rules.yaml"
        self.rules.write_text(RULES)

    def tearDown(self):
        self._directory.cleanup()

    def write(self, name, text):
        path = self.logs / name
        data = text.encode()
        path.write_bytes(gzip.compress(data, 1) if name.endswith(".gz") else data)
        os.utime(path, (1714600000, 1714600000))
        return str(path)

    def command(self, *words):
        return [TALLYBELL, "replay", "--rules", str(self.rules), "--output", "jsonl", *words]

    def replay(self, *words, code=0):
        done = subprocess.run(self.command(*words), capture_output=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual(done.returncode, code, (words, done.stderr))
        return done.stdout.decode()

    def test_directories_and_patterns_are_read_in_the_order_of_time(self):
        # Four minutes in a row make it fire, which four files say in turn, whatever their names.
        for i, name in enumerate(("d.log.gz", "b.log", "c.log.gz", "a.log")):
            self.write(name, "".join(line(10 * n + i, "can't start vm") for n in range(2)))
        expected = self.replay(str(self.logs))
        fired = [json.loads(text) for text in expected.splitlines()][0]
        self.assertEqual(fired["time"], "2024-05-01T00:03:00.000000000Z")
        self.assertEqual([pathlib.Path(e["source"]).name for e in fired["evidence"]],
                         ["d.log.gz", "b.log", "c.log.gz", "a.log"])
        self.assertEqual(self.replay(str(self.logs / "*")), expected)
        self.assertEqual(self.replay(str(self.logs / "?.log*")), expected)
        self.assertEqual(self.replay(str(self.directory / "log[s]")), expected)
        self.replay(str(self.logs / "*.xz"), code=1)

    def test_rotated_parts_are_one_log_in_the_order_of_their_dates(self):
        for day, suffix in enumerate(("-20240501.gz", "-20240502.gz", "")):
            self.write("agent.log" + suffix, line(600 + day, "can't start vm") +
                       "goroutine 1:\n\tcan't start vm either\n")
        fired = json.loads(self.replay(str(self.logs)).splitlines()[0])
        self.assertEqual(fired["time"], "2024-05-01T10:01:00.000000000Z")

    def test_threads_and_block_sizes_change_nothing(self):
        for host in range(5):
            for part in range(3):
                text = "".join(
                    line(part * 400 + n // 10,
                         f"host {host} vm {n % 7} {'failed' if n % 11 == host else 'runs'}")
                    for n in range(3000))
                self.write(f"host{host}.log.{3 - part}.gz", text)
        expected = self.replay("--threads", "1", str(self.logs))
        self.assertGreater(len(expected), 10_000)
        for threads in ("2", "4", "16"):
            for size in ("1009", "100000", "1048576"):
                said = self.replay("--threads", threads, "--block-size", size, str(self.logs))
                self.assertEqual(said, expected, (threads, size))

    def test_an_archive_that_is_cut_off_is_named_and_what_came_before_counts(self):
        path = self.write("a.log.gz", "".join(line(n, "can't start vm") for n in range(900)))
        whole = pathlib.Path(path).read_bytes()
        pathlib.Path(path).write_bytes(whole[:-20])
        said = set()
        for threads in ("1", "2"):
            done = subprocess.run(self.command("--threads", threads, path), capture_output=True,
                                  timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"a.log.gz: not read to its end: the archive is cut off", done.stderr)
            said.add(done.stdout)
        self.assertEqual(len(said), 1)
        self.assertIn(b'"firing"', said.pop())

    @unittest.skipIf(SANITIZED, "a sanitizer's own memory is none of ours")
    def test_memory_stays_small_whatever_the_archives_hold(self):
        day = "".join(line(n % 1440, f"request {n} from node {n * 7919} was served well")
                      for n in range(60_000))
        member = gzip.compress(day.encode(), 1)
        sizes = {}
        for archives, members in ((1, 30), (16, 3)):
            for i in range(archives):
                (self.logs / f"host{i}.gz").write_bytes(member * members)
            with open(os.devnull, "wb") as nowhere:
                process = subprocess.Popen(self.command("--threads", "2", str(self.logs)),
                                           stdout=nowhere, stderr=nowhere)
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            self.assertEqual(process.returncode, 0)
            sizes[archives, members] = used.ru_maxrss << 10
        self.assertLess(max(sizes.values()), MOST_BYTES, sizes)

    def test_the_bar_knows_bytes_and_speed(self):
        path = self.write("known.log", "".join(line(n, "well") for n in range(1000)))
        terminal, inner = pty.openpty()
        process = subprocess.Popen(self.command(path, "-"), stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=inner)
        os.close(inner)
        seen = bytearray()
        drawn = threading.Event()

        def feed():
            # Until the bar is there, which waits half a second before it draws.
            n = 0
            while not drawn.is_set():
                text = "".join(line((n + i) // 10 % 1440, "can't start vm") for i in range(1000))
                n += 1000
                process.stdin.write(text.encode())
            process.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        deadline = time.monotonic() + PATIENCE
        try:
            while b"GB/s" not in seen and time.monotonic() < deadline:
                if select.select([terminal], [], [], 0.1)[0]:
                    seen += os.read(terminal, 4096)
        finally:
            drawn.set()
            feeder.join()
        # What is left of it, up to the end of the process, which closes its side.
        while True:
            try:
                more = os.read(terminal, 4096)
            except OSError:
                break
            if not more:
                break
            seen += more
        self.assertEqual(process.wait(PATIENCE), 0)
        os.close(terminal)
        self.assertRegex(seen.decode(), r"\[=* *\] +\d+%  \d+\.\d\d of \d+\.\d\d GB, \d+\.\d\d GB/s")


if __name__ == "__main__":
    unittest.main()
