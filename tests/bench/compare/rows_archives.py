# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Archives beside the program that only unpacks them and throws all away."""

import subprocess

from measure import Contender
from table import at_most

PACK = {"gz": ["gzip", "-6", "-c"], "zst": ["zstd", "-q", "-3", "-c"]}
UNPACK = {"gz": "zcat", "zst": "zstdcat"}
MANY = 8


def pack(bench, log, kind):
    packed = log.with_name(f"{log.name}.{kind}")
    if not packed.exists():
        bench.say(f"writing {packed.name}")
        with open(packed, "wb") as file:
            subprocess.run([*PACK[kind], log], stdout=file, check=True)
    return packed


def compare(bench, archives, kind):
    """The ratio of replay's time to that of unpacking one archive after the other."""
    size = sum(archive.stat().st_size for archive in archives)
    own = Contender("tallybell", bench.replay(bench.rules(4), *archives), size)
    rival = Contender(UNPACK[kind], [UNPACK[kind], *archives], size)
    # What it unpacks is thrown away, not written to the file of what is said.
    rival.command = ["sh", "-c", 'exec "$@" >/dev/null', "sh", *rival.command]
    results = bench.measure.side_by_side([own, rival])
    theirs, ratio, _ = results[rival.name]
    mine = results[own.name][0]
    return ratio, f"{ratio:.2f} ({mine.seconds:.2f} s beside {theirs.seconds:.2f} s)"


def one(kind):
    def rows(bench):
        if not bench.has(UNPACK[kind], f"one .{kind}"):
            return []
        ratio, text = compare(bench, [pack(bench, bench.log(bench.mebibytes // 2), kind)], kind)
        return [at_most(f"one `.{kind}`, beside `{UNPACK[kind]}` thrown away", ratio, 1.1, text,
                        "at most 1.1 of its time")]
    return rows


def many(kind):
    """Parts of the same size; on several cores they take less than one after the other."""
    def rows(bench):
        if not bench.has(UNPACK[kind], f"many .{kind}"):
            return []
        part = pack(bench, bench.log(max(bench.mebibytes // 2 // MANY, 1)), kind)
        directory = bench.directory / f"many-{kind}"
        directory.mkdir(exist_ok=True)
        archives = []
        for number in range(MANY):
            # Hosts of their own: each is a source.
            archives.append(directory / f"host{number}.log.{kind}")
            if not archives[-1].exists():
                archives[-1].write_bytes(part.read_bytes())
        ratio, text = compare(bench, archives, kind)
        return [at_most(f"{MANY} `.{kind}` at once, beside `{UNPACK[kind]}` of one after the other",
                        ratio, 0.75, text, "several cores: below 0.75 of its time on two")]
    return rows


ROWS = {"gz": one("gz"), "zst": one("zst"), "many-gz": many("gz"), "many-zst": many("zst")}
