# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Measures tallybell beside what people use for the same job, and prints one table.

compare.sh in the folder above starts it; see there. It asserts no figure.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

import bench
import measure
import rows_archives
import rows_lines
import rows_limits
import rows_live
import rows_scan
import table

ROWS = {**rows_scan.ROWS, **rows_lines.ROWS, **rows_archives.ROWS, **rows_limits.ROWS,
        **rows_live.ROWS}


def arguments():
    parser = argparse.ArgumentParser(
        prog="compare.sh", description="Measures tallybell beside others and prints one table.",
        epilog=f"Rows: {' '.join(ROWS)}")
    parser.add_argument("--tallybell", type=pathlib.Path, required=True,
                        help="the binary to measure")
    parser.add_argument("--tools", type=pathlib.Path, required=True,
                        help="where generate_controller_log and measure were built "
                             "(TALLYBELL_BENCH=ON)")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="ROW", default=list(ROWS),
                        help="which rows, by default all; a row may print several lines")
    parser.add_argument("--mebibytes", type=int, help="of the large logs; by default 1024")
    parser.add_argument("--rounds", type=int, help="by default 5")
    parser.add_argument("--quick", action="store_true",
                        help="smaller logs and fewer rounds: figures are rough")
    parser.add_argument("--run-with", default="", metavar="WORDS",
                        help="what each measured command is started with; on a busy machine "
                             "'chrt -r 1' keeps the others off")
    parser.add_argument("--install", action="store_true",
                        help="install the others first: ripgrep, mtail, sec, grep, gzip, zstd")
    return parser.parse_args()


def main():
    options = arguments()
    for program in (options.tallybell, options.tools / "measure",
                    options.tools / "generate_controller_log"):
        if not os.access(program, os.X_OK):
            sys.exit(f"compare.sh: there is no program {program}")
    mebibytes = options.mebibytes or (128 if options.quick else 1024)
    rounds = options.rounds or (3 if options.quick else 5)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="tallybell-compare."))
    memory = pathlib.Path(tempfile.mkdtemp(prefix="tallybell-compare.", dir="/dev/shm"))
    try:
        shared = bench.Bench(options.tallybell.resolve(), options.tools.resolve(), directory,
                             memory, mebibytes, rounds, options.quick,
                             options.run_with.split())
        print(f"Machine: {measure.machine()}. Large logs have {mebibytes} MiB and are in the page "
              f"cache; medians of {rounds} pairs"
              f"{', started with ' + options.run_with if options.run_with else ''}.\n", flush=True)
        print(table.header(), flush=True)
        for name in options.rows:
            shared.say(f"row {name}")
            for row in ROWS[name](shared):
                print(table.line(row), flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(memory, ignore_errors=True)


if __name__ == "__main__":
    main()
