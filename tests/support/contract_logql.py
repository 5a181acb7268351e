# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""As much of a Loki's query language as its contract needs: a selector, and filters behind it."""

import json
import re

PROTOCOL_ERROR_TEXT = "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER"

MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,?)')
FILTER = re.compile(r'\s*(?:(\|=|!=|\|~|!~)|\|\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=))'
                    r'\s*("(?:[^"\\]|\\.)*"|`[^`]*`)')


def text_of(literal):
    return literal[1:-1] if literal[0] == "`" else json.loads(literal)


def parse_query(text):
    """A selector, and filters of lines and labels, as two predicates; ValueError for anything else."""
    text = text.strip()
    if not text.startswith("{"):
        raise ValueError(PROTOCOL_ERROR_TEXT)
    at, matchers = 1, []
    while True:
        match = MATCHER.match(text, at)
        if match is None:
            raise ValueError(PROTOCOL_ERROR_TEXT)
        matchers.append((match[1], match[2], text_of(match[3])))
        at = match.end()
        if match[4] == "":
            break
    if text[at:at + 1] != "}":
        raise ValueError(PROTOCOL_ERROR_TEXT)
    at += 1
    filters = []
    while text[at:].strip():
        match = FILTER.match(text, at)
        if match is None:
            raise ValueError(PROTOCOL_ERROR_TEXT)
        filters.append((match[1] or match[3], match[2], text_of(match[4])))
        at = match.end()

    def selects(labels):
        for name, operator, value in matchers:
            have = labels.get(name, "")
            same = re.fullmatch(value, have) is not None if "~" in operator else have == value
            if same == operator.startswith("!"):
                return False
        return True

    def keeps(line, labels):
        for operator, name, value in filters:
            if name is not None:
                have = labels.get(name, "")
                found = re.fullmatch(value, have) is not None if "~" in operator else have == value
            else:
                found = re.search(value, line) is not None if "~" in operator else value in line
            if found == operator.startswith("!"):
                return False
        return True

    return selects, keeps
