# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Runs commands side by side and takes medians."""

import dataclasses
import pathlib
import statistics
import subprocess
import sys


@dataclasses.dataclass
class Result:
    """Of one run, or the medians of several."""
    seconds: float
    cpu: float  # seconds of all processors
    kib: int  # peak resident memory


@dataclasses.dataclass
class Contender:
    name: str
    command: list
    bytes: int  # of its input: times are scaled to the input of the first contender
    codes: tuple = (0,)  # exit codes that are fine


class Measure:
    """Runs commands with the program `measure`, whose own memory is small."""

    def __init__(self, program, directory, rounds, run_with=()):
        self.program = [*run_with, program]
        self.directory = directory
        self.rounds = rounds

    def once(self, command, codes=(0,), name="command"):
        """Runs it, with the files that its words name in the page cache; what it prints goes to a
        file, which `said` reads."""
        for word in command:
            if isinstance(word, pathlib.Path) and word.is_file():
                _read(word)
        out = self._file(name)
        printed = subprocess.run([str(word) for word in [*self.program, out, *command]],
                                 check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        if int(printed[3]) not in codes:
            said = self.said(name)[-2000:]
            sys.exit(f"{' '.join(map(str, command))} exits with {printed[3]}:\n{said}")
        return Result(float(printed[0]), float(printed[1]), int(printed[2]))

    def said(self, name="command"):
        return self._file(name).read_text(errors="replace")

    def median(self, command, codes=(0,), rounds=None):
        """Once for nothing, and then so many rounds."""
        self.once(command, codes)
        return median([self.once(command, codes) for _ in range(rounds or self.rounds)])

    def side_by_side(self, contenders, rounds=None):
        """Each round runs each once, so that what else the machine does hits all of them. Gives
        for each the median result and the median ratios (seconds, cpu) of the first to it. All are
        scaled to the size of the first one's input."""
        runs = {contender.name: [] for contender in contenders}
        for number in range((rounds or self.rounds) + 1):
            for contender in contenders:
                result = self.once(contender.command, contender.codes, contender.name)
                scale = contenders[0].bytes / contender.bytes
                result.seconds *= scale
                result.cpu *= scale
                if number > 0:  # the first round is for nothing
                    runs[contender.name].append(result)
        first = runs[contenders[0].name]
        answer = {}
        for contender in contenders:
            own = runs[contender.name]
            pairs = list(zip(first, own))
            answer[contender.name] = (
                median(own),
                statistics.median(a.seconds / b.seconds for a, b in pairs),
                statistics.median(a.cpu / b.cpu for a, b in pairs))
        return answer

    def _file(self, name):
        return self.directory / ("said-" + "".join(c if c.isalnum() else "-" for c in name))


def _read(path):
    """Reads the file into the page cache, out of which a machine with little to do takes what
    nobody reads."""
    block = bytearray(8 << 20)
    with open(path, "rb", buffering=0) as file:
        while file.readinto(block):
            pass


def median(results):
    return Result(statistics.median(r.seconds for r in results),
                  statistics.median(r.cpu for r in results),
                  statistics.median_high([r.kib for r in results]))


def machine():
    """One line that names what was measured on."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":", 1)[1].strip() for line in cpuinfo.splitlines()
                  if line.startswith("model name")), "unknown CPU")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    release = pathlib.Path("/proc/sys/kernel/osrelease").read_text().strip()
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    cpus = cpuinfo.count("processor\t")
    return (f"{model}, {cpus} CPUs, {memory:.0f} GiB, Linux {release}, load {load} at the start")
