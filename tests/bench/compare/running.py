# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""A running tallybell: what it costs and what it says of itself."""

import contextlib
import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request

PATIENCE = 120  # seconds
SETTLED = 0.5  # seconds; what was read is saved ten times as often, if it is as little as here


class Running:
    """`tallybell run` in a fresh directory of its own below `base`; its log and state are there.
    `sinks` is YAML."""

    def __init__(self, bench, base, paths, rules, sinks):
        self.directory = pathlib.Path(base) / "run"
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        config = self.directory / "tallybell.yaml"
        self.port = _free_port()
        config.write_text(f"""\
sources:
  - file: {{paths: ['{paths}'], lateness: 0s}}
rules: ['{rules}']
sinks: {sinks}
state: {{path: state.db}}
server: {{listen: '127.0.0.1:{self.port}'}}
""")
        config.chmod(0o600)
        self.said = self.directory / "stderr"
        with open(self.said, "wb") as err:
            self.child = subprocess.Popen(
                [*bench.run_with, bench.tallybell, "run", "--config", config],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        self.wait_until(lambda: b"msg=started" in self.said.read_bytes(), "it has started")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def wait_until(self, predicate, what, pause=0.002):
        deadline = time.monotonic() + PATIENCE
        while not predicate():
            if self.child.poll() is not None or time.monotonic() > deadline:
                said = self.said.read_text(errors="replace")[-2000:]
                sys.exit(f"tallybell run: not so: {what}\n{said}")
            time.sleep(pause)

    def cpu_nanoseconds(self):
        """What all its threads used of all processors."""
        return sum(int(path.read_text().split()[0])
                   for path in pathlib.Path(f"/proc/{self.child.pid}/task").glob("*/schedstat"))

    def memory_kib(self):
        """Of /proc/PID/smaps_rollup: name to KiB."""
        text = pathlib.Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        pairs = (line.split() for line in text.splitlines()[1:])
        return {words[0].rstrip(":"): int(words[1]) for words in pairs}

    def metrics(self):
        """Name with labels to value."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}

    def wait_until_committed(self, size):
        """Until all sources have read so many bytes, and what was read is committed: no commit has
        come for a while. Gives since when that is so, monotonic, and the nanoseconds of CPU that
        all its threads had used by then."""
        commits, since, used = None, time.monotonic(), 0

        def done():
            nonlocal commits, since, used
            metrics = self.metrics()
            read = sum(value for name, value in metrics.items()
                       if name.startswith("tallybell_source_bytes_total{"))
            known, commits = commits, metrics["tallybell_store_commits_total"]
            if read < size or commits != known:
                since, used = time.monotonic(), self.cpu_nanoseconds()
            return time.monotonic() - since > SETTLED
        self.wait_until(done, "all is read and committed", 0.02)
        return since, used

    def kill(self):
        self.child.kill()
        self.child.wait()

    def committed_offset(self, path):
        """How far the committed position of that file is; after kill()."""
        with contextlib.closing(sqlite3.connect(self.directory / "state.db")) as state:
            rows = state.execute("SELECT state FROM position").fetchall()
        return max((_offset(bytes(row[0]), str(path)) for row in rows), default=0)


def _offset(row, path):
    """Of a stored position, which is JSON with the text "v1 DEVICE INODE BIRTH GENERATION OFFSET
    … PATH"; 0 if it is of another file."""
    try:
        position = json.loads(row)["position"]
    except (ValueError, TypeError, KeyError):
        return 0
    return int(position.split(" ")[5]) if position.endswith(" " + path) else 0


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
