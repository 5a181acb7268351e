# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Two builds of tallybell on the same work, pair by pair; see compare_builds.sh."""

import argparse
import pathlib
import shutil
import statistics
import tempfile

import bench
import measure
import rows_archives
import rows_lines


def replay_of(rules, *dress):
    def command(shared):
        count = rules if isinstance(rules, int) else None
        file = shared.rules(count) if count else shared.file("hosts.yaml", rules)
        return ["replay", "--rules", file, "--year", "2024", "--output", "jsonl",
                shared.log(None, dress)]
    return command


def replay_of_archive(kind):
    def command(shared):
        packed = rows_archives.pack(shared, shared.log(), kind)
        return ["replay", "--rules", shared.rules(4), "--year", "2024", "--output", "jsonl", packed]
    return command


WORKS = {
    "4-rules": replay_of(4),
    "100-rules": replay_of(100),
    "1000-rules": replay_of(1000),
    "every-line": replay_of(rows_lines.CAPTURED, *rows_lines.HOSTS),
    "every-field": replay_of(rows_lines.OF_FIELD, "--as", "zap", *rows_lines.HOSTS),
    "docker": replay_of(4, "--as", "docker"),
    "docker-colour": replay_of(4, "--as", "docker", "--colour"),
    "cri": replay_of(4, "--as", "cri"),
    "zap": replay_of(4, "--as", "zap"),
    "zap-colour": replay_of(4, "--as", "zap", "--colour"),
    "gz": replay_of_archive("gz"),
    "zst": replay_of_archive("zst"),
    "check-10000": lambda shared: ["check", shared.rules(10_000)],
}


def pairs_of(shared, builds, command, pairs):
    """Ratios (seconds, cpu) of the new build to the old one, and the old one's results."""
    ratios, old = [], []
    for number in range(pairs + 1):
        results = {}
        for which in (0, 1) if number % 2 == 0 else (1, 0):
            results[which] = shared.measure.once([builds[which], *command])
        if number == 0:
            continue  # the first round is for nothing
        before, after = results[0], results[1]
        old.append(before)
        ratios.append((after.seconds / before.seconds, after.cpu / before.cpu))
    return ratios, old


def spread(ratios):
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    word = "more" if low > 1 else "less" if high < 1 else ""
    return f"{middle:6.3f} ({low:.3f} to {high:.3f}) {word:4}"


def main():
    parser = argparse.ArgumentParser(
        prog="compare_builds.sh", description="Weighs two builds of tallybell, pair by pair.",
        epilog=f"Works: {' '.join(WORKS)}")
    parser.add_argument("old", type=pathlib.Path, help="a tallybell")
    parser.add_argument("new", type=pathlib.Path, help="another")
    parser.add_argument("--tools", type=pathlib.Path, required=True,
                        help="where generate_controller_log and measure were built "
                             "(TALLYBELL_BENCH=ON)")
    parser.add_argument("--works", nargs="+", choices=WORKS, metavar="WORK", default=list(WORKS))
    parser.add_argument("--mebibytes", type=int, default=256, help="of each log; by default 256")
    parser.add_argument("--pairs", type=int, default=11, help="by default 11")
    parser.add_argument("--run-with", default="", metavar="WORDS",
                        help="what each command is started with, as 'chrt -r 1'")
    options = parser.parse_args()
    builds = (options.old.resolve(), options.new.resolve())
    directory = pathlib.Path(tempfile.mkdtemp(prefix="tallybell-builds."))
    try:
        shared = bench.Bench(builds[0], options.tools.resolve(), directory, directory,
                             options.mebibytes, options.pairs, False,
                             options.run_with.split())
        print(f"{measure.machine()}; {options.mebibytes} MiB, {options.pairs} pairs.\n"
              f"{'':14} {'old s':>8}  new / old time: median (quartiles)   CPU time", flush=True)
        for name in options.works:
            ratios, old = pairs_of(shared, builds, WORKS[name](shared), options.pairs)
            print(f"{name:14} {measure.median(old).seconds:8.3f} "
                  f"{spread([r for r, _ in ratios])}       {spread([c for _, c in ratios])}",
                  flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
