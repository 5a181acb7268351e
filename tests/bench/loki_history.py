#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""What replaying a Loki's history costs tallybell: CPU seconds for each million lines, beside what the
Loki needs to give them. Without a URL the Loki is the one of the tests, in a process of its own.

  loki_history.py TALLYBELL [LINES [URL QUERY]]

It is the last hour that is replayed.
"""

import multiprocessing
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = """\
groups:
  - name: vm
    rules:
      - {alert: VmFails, match: "can't start vm", when: count > 3 in 5m, by: [host]}
"""


def serve(lines, pipe):
    sys.path.insert(0, str(ROOT / "tests/support"))
    from contract_loki import ContractLoki  # pylint: disable=import-outside-toplevel
    loki = ContractLoki()
    begin = time.time_ns() - 3000 * 10 ** 9
    for host in range(20):
        loki.push([({"job": "anka", "host": f"mac{host}"}, [
            (begin + (number * 20 + host) * 1000,
             f"I0501 12:32:30.426698   60538 agent.go:421] StartVm: reqID 4d6fd6b2 instance {number} "
             + ("can't start vm" if number % 200 == 0 else "is running on its node"))
            for number in range(lines // 20)])])
    pipe.send(loki.url)
    pipe.recv()
    used = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(used.ru_utime + used.ru_stime)


def main():
    binary, lines = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 400_000
    server = None
    if len(sys.argv) > 4:
        url, query = sys.argv[3:5]
    else:
        pipe, theirs = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(lines, theirs), daemon=True)
        server.start()
        url, query = pipe.recv(), '{job="anka"}'
    with tempfile.TemporaryDirectory() as directory:
        rules = os.path.join(directory, "rules.yaml")
        pathlib.Path(rules).write_text(RULES, encoding="utf-8")
        began = time.monotonic()
        done = subprocess.run([binary, "replay", "--rules", rules, "--output", "jsonl", "--loki-url",
                               url, "--loki-query", query], check=True,
                              capture_output=True, text=True)
        wall = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = used.ru_utime + used.ru_stime
    read = int(re.search(r"(\d+) lines", done.stderr)[1])
    print(f"{read} lines in {wall:.2f} s; tallybell: {ours:.2f} s CPU, {ours / read * 1e6:.2f} us a "
          f"line, {100 * ours / wall:.1f} % of a core")
    if server is not None:
        pipe.send("how much?")
        print(f"the Loki of the tests: {pipe.recv():.2f} s CPU, filling it included")


if __name__ == "__main__":
    main()
