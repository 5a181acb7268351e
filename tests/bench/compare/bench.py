# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What the rows share: the programs, the sizes, the inputs, which are made once each."""

import shutil
import subprocess
import sys

import measure
import patterns

MIB = 1 << 20


class Bench:
    def __init__(self, tallybell, tools, directory, memory, mebibytes, rounds, quick,
                 run_with=()):
        self.tallybell = tallybell
        self.tools = tools
        self.directory = directory  # on a disk
        self.memory = memory  # on tmpfs
        self.mebibytes = mebibytes  # of the large inputs
        self.rounds = rounds
        self.quick = quick
        self.run_with = list(run_with)
        self.measure = measure.Measure(tools / "measure", directory, rounds, run_with)

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def log(self, mebibytes=None, dress=(), name=None, where=None):
        """A log of that size; `dress` as generate_controller_log takes it."""
        mebibytes = mebibytes or self.mebibytes
        name = name or "-".join(["log", str(mebibytes), *dress]).replace("--", "")
        path = (where or self.directory) / name
        if not path.exists():
            self.say(f"writing {path.name}")
            with open(path, "wb") as file:
                subprocess.run([self.tools / "generate_controller_log", str(mebibytes), *dress],
                               stdout=file, check=True)
        return path

    def first_part(self, path, size):
        """The first lines of the log, of so many bytes."""
        part = path.with_name(f"{path.name}-first-{size}")
        if not part.exists():
            with open(path, "rb") as file:
                lines = file.read(size)
            part.write_bytes(lines[:lines.rfind(b"\n") + 1])
        return part

    def forget(self, *paths):
        """Gives the room of inputs back that no other row needs."""
        for path in paths:
            path.unlink(missing_ok=True)

    def file(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def rules(self, count):
        return self.file(f"rules-{count}.yaml", patterns.tallybell_rules(patterns.patterns(count)))

    def replay(self, rules, *paths):
        return [self.tallybell, "replay", "--rules", rules, "--year", "2024", "--output", "jsonl",
                *paths]

    def replay_contender(self, rules, path):
        return measure.Contender("tallybell", self.replay(rules, path), path.stat().st_size)

    def has(self, program, row):
        if shutil.which(program) is not None:
            return True
        self.say(f"{program} is not installed: {row} is left out")
        return False


def gigabytes_per_second(size, seconds):
    return size / seconds / 1e9
