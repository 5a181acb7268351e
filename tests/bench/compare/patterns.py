# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Sets of patterns, and how each tool is told of them."""

LITERALS = ["can't start vm", "rejecting due to lack of disk space", "database space exceeded",
            "failed to start vm"]


def patterns(count):
    """The four failures of the log, and beyond them regexes in the common tongue of RE2, Rust, Perl
    and POSIX, which few lines or none match. Pairs of pattern and whether it is literal."""
    chosen = [(text, True) for text in LITERALS[:count]]
    for i in range(len(chosen), count):
        chosen.append(((f"(timeout|refused) by unit{i}( after [0-9]+ms)?",
                        f"unit{i}: .*(panic|fatal error)",
                        f"[Ff]ailed to reach unit{i}:[0-9]+")[i % 3], False))
    return chosen


def all_literal(chosen):
    return all(literal for _, literal in chosen)


def tallybell_rules(chosen, when="count > 3 in 20m"):
    rules = ["groups:", "  - name: compare", "    rules:"]
    for number, (text, literal) in enumerate(chosen):
        quoted = text.replace("'", "''")
        rules.append(f"      - alert: Compare{number}")
        rules.append(f"        match: '{quoted}'" if literal else f"        match: '/{quoted}/'")
        rules.append(f"        when: {when}")
    return "\n".join(rules) + "\n"


def tallybell_rule(alert, match="", by="", when="count > 3 in 20m"):
    """A rule file with one rule; `match` and `by` as YAML has them."""
    lines = ["groups:", "  - name: compare", "    rules:", f"      - alert: {alert}"]
    if match:
        lines.append(f"        match: {match}")
    if by:
        lines.append(f"        by: [{by}]")
    lines.append(f"        when: {when}")
    return "\n".join(lines) + "\n"


def pattern_file(chosen):
    return "".join(text + "\n" for text, _ in chosen)


def mtail_program(chosen):
    return "counter matches\n" + "".join(f"/{text}/ {{\n  matches++\n}}\n" for text, _ in chosen)


def sec_rules(chosen):
    return "".join(
        f"type=SingleWithThreshold\nptype={'SubStr' if literal else 'RegExp'}\npattern={text}\n"
        f"continue=TakeNext\ndesc=rule {number}\naction=none\nwindow=1200\nthresh=4\n\n"
        for number, (text, literal) in enumerate(chosen))
