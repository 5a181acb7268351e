# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Every line matters, or wears an envelope, or is coloured."""

import patterns
from bench import gigabytes_per_second
from table import at_least

HOSTS = ("--hosts", "1000")


def every_line(name, dress, rule, mark):
    def rows(bench):
        log = bench.log(bench.mebibytes // 4, (*dress, *HOSTS))
        with open(log, "rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        result = bench.measure.median(bench.replay(bench.file("hosts.yaml", rule), log))
        bench.forget(log)
        speed = lines / result.seconds / 1e6
        return [at_least(f"every line matches, 1,000 hosts, {name}", speed, mark,
                         f"{speed:.2f} M records/s ({result.cpu / lines * 1e9:.0f} ns of CPU each)",
                         f"{mark} M records/s")]
    return rows


def dressed(work, dress, mark):
    def rows(bench):
        log = bench.log(None, dress)
        result = bench.measure.median(bench.replay(bench.rules(4), log))
        speed = gigabytes_per_second(log.stat().st_size, result.seconds)
        bench.forget(log)
        return [at_least(work, speed, mark, f"{speed:.2f} GB/s ({result.cpu:.2f} s of CPU)",
                         f"{mark} GB/s")]
    return rows


CAPTURED = patterns.tallybell_rule("Busy", r"'/ on (?P<host>mac[0-9]+)$/'", "host",
                                   "count > 100000 in 20m")
OF_FIELD = patterns.tallybell_rule("Busy", "", "host", "count > 100000 in 20m")

ROWS = {
    "every-line": every_line("named by a capture", (), CAPTURED, 8),
    "every-field": every_line("named by a field of JSON", ("--as", "zap"), OF_FIELD, 8),
    "docker": dressed("docker's json-file, few lines match", ("--as", "docker"), 5),
    "zap": dressed("JSON of zap, few lines match", ("--as", "zap"), 5),
    "docker-colour": dressed("docker's json-file, every line coloured",
                             ("--as", "docker", "--colour"), 1.5),
    "zap-colour": dressed("JSON of zap, every line coloured", ("--as", "zap", "--colour"), 1.5),
    "glog-colour": dressed("glog, every line coloured", ("--colour",), 1.5),
}
