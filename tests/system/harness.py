# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What the tests of the built binary share: processes, directories, deadlines, lines of logs.

Nothing here sleeps to be right: wait_until asks again until a deadline that is generous on a slow
machine. Every process is ended by its own pid, every port is chosen by the system.
"""

import _strptime  # noqa: F401: threads that import it at once, by strptime, may fail
import contextlib
import datetime
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

PATIENCE = 60.0  # seconds; nothing in a passing test comes near
NOBODY = 65534


def wait_until(predicate, what, patience=PATIENCE):
    """Returns the first true value of `predicate`; fails with `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    pause = 0.002
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:.0f} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def stays_true(predicate, what, seconds):
    """Fails with `what` as soon as `predicate` is false within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not predicate():
            raise AssertionError(f"was not so all the time: {what}")
        time.sleep(0.05)


def free_port():
    """A port that was free a moment ago; whoever binds it tries another if it was taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def glog(text, at=None, severity="E", file="vm.go:33", pid=4242):
    """A glog line of the instant `at` (seconds since the epoch, now by default)."""
    stamp = utc(time.time() if at is None else at).strftime("%m%d %H:%M:%S.%f")
    return f"{severity}{stamp} {pid:7d} {file}] {text}\n"


def rfc3339_seconds(text):
    """The instant of an RFC 3339 stamp in UTC, as seconds."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S")
    at = at.replace(tzinfo=datetime.timezone.utc).timestamp()
    return at + (float("0." + fraction) if fraction else 0.0)


def append(path, text):
    with open(path, "ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


class Process:
    """A child with its output in files, ended by its own pid. `stdin` and `stdout` are descriptors
    to use instead; `limits` are pairs for resource.setrlimit."""

    def __init__(self, arguments, directory, name, environment=None, user=None, stdin=None,
                 stdout=None, limits=()):
        self.name = name
        self.stdout_path = directory / f"{name}.stdout"
        self.stderr_path = directory / f"{name}.stderr"
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        with open(self.stdout_path, "ab") as out, open(self.stderr_path, "ab") as err:
            self.said_before = err.tell()
            self.child = subprocess.Popen(
                [str(a) for a in arguments],
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=out if stdout is None else stdout, stderr=err, cwd=directory,
                env={**os.environ, **(environment or {})},
                restore_signals=False,  # a file that may not grow is an error, not the end
                **identity)
            for limit, most in limits:
                resource.prlimit(self.pid, limit, (most, most))

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def own_stderr(self):
        """Without what others of that name said before it began."""
        return self.stderr_path.read_bytes()[self.said_before:].decode(errors="replace")

    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    def wait(self, patience=PATIENCE):
        return self.child.wait(patience)

    def stop(self, patience=PATIENCE):
        """SIGTERM; the exit code."""
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(patience)

    def kill(self):
        if self.alive():
            self.signal(signal.SIGKILL)
        return self.wait()

    def cpu_seconds(self):
        """What it has used of all processors."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self, field="VmHWM"):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no such field in /proc/PID/status: " + field)


class LiveTest(unittest.TestCase):
    """A test with a directory of its own, whose processes end with it."""

    def setUp(self):
        base = os.environ.get("TEST_TMPDIR")
        if base is not None:
            os.makedirs(base, exist_ok=True)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="live-", dir=base))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.processes = []
        self.addCleanup(self._end_processes)

    def _end_processes(self):
        for process in self.processes:
            process.kill()

    def start(self, arguments, name, **options):
        process = Process(arguments, self.directory, name, **options)
        self.processes.append(process)
        return process

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    # tallybell itself.

    def configure(self, *, paths, sinks, rules, name="tallybell.yaml", source="", rest=""):
        """Writes rules.yaml and a configuration; `paths`, `source` and `sinks` are YAML."""
        self.write("rules.yaml", rules)
        return self.write(name, f"""\
sources:
  - file: {{paths: [{paths}], lateness: 0s{', ' + source if source else ''}}}
rules: [rules.yaml]
sinks: {sinks}
state: {{path: state.db}}
{rest}
""")

    def tallybell(self, config="tallybell.yaml", started=True, **options):
        """`tallybell run`, which has started when this returns unless `started` is false."""
        process = self.start([binary(), "run", "--config", self.directory / config], "tallybell",
                             **options)
        if started:
            wait_until(lambda: self._started(process), "tallybell has started")
        return process

    def first_start(self):
        """Has tallybell read to its end what there is, a line at least, and ends it: it tells nothing
        of what ended before its first start, and that is over then."""
        process = self.tallybell()
        wait_until(lambda: "msg=format" in process.stderr(), "it has read")
        self.assertEqual(process.stop(), 0)

    def _started(self, process):
        if not process.alive():
            raise AssertionError("tallybell ended: " + process.stderr()[-4000:])
        return "msg=started" in process.own_stderr()

    def history(self, kinds=None):
        """The rows of the state file's history, oldest first. tallybell must have ended."""
        # Closed at once: a tallybell that starts must find nobody there.
        with contextlib.closing(sqlite3.connect(self.directory / "state.db")) as state:
            rows = state.execute("SELECT kind, detail FROM history ORDER BY id").fetchall()
        rows = [(bytes(kind).decode(), bytes(detail)) for kind, detail in rows]
        return [row for row in rows if kinds is None or row[0] in kinds]

    def transitions(self):
        """The decided transitions of the history, as `tallybell replay --output jsonl` has them."""
        states = {"pending", "firing", "resolved", "inactive"}
        return [json.loads(detail) for _, detail in self.history(states)]


def binary():
    path = os.environ.get("TALLYBELL")
    if path is None:
        sys.exit("TALLYBELL must name the binary")
    return path


def tallybell(*arguments, **options):
    """Runs a subcommand to its end."""
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE, check=False, **options)


def main():
    unittest.main(verbosity=2)
