# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""Reads YAML as the examples are written: mappings, sequences, flow collections, quoted and block
scalars, anchors. What two readers of YAML may take for different things is a fault here."""

import json
import re

KEY = re.compile(r"""("[^"]*"|'[^']*'|[\w./*-][^\s:#{}\[\],]*):(?:\s+|$)""")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
AMBIGUOUS = re.compile(r"(?i)yes|no|on|off|y|n|0[0-7]+|0x[0-9a-f]+|\d+(:\d+)+|\d+_\d+|[@`%!].*")
PLAIN = {"": None, "~": None, "null": None, "true": True, "false": False}


class Fault(Exception):
    pass


def documents(text):
    """Every document of `text`; Fault says what is wrong."""
    return [Reader(part).document() for part in re.split(r"(?m)^---$\n?", text)
            if re.search(r"(?m)^\s*[^#\s]", part)]


class Reader:
    def __init__(self, text):
        self.lines = text.split("\n")
        self.at = 0
        self.anchors = {}

    def document(self):
        value = self.block(self.indent())
        if self.indent() >= 0:
            raise Fault(f"not read: {self.lines[self.at]!r}")
        return value

    def indent(self):
        """Of the next line that says anything; -1 at the end."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if "\t" in line:
                raise Fault(f"a tab: {line!r}")
            if without_comment(line).strip():
                return len(line) - len(line.lstrip(" "))
            self.at += 1
        return -1

    def block(self, indent):
        line = self.lines[self.at][indent:]
        if line == "-" or line.startswith("- "):
            return self.sequence(indent)
        if KEY.match(line):
            return self.mapping(indent)
        self.at += 1
        return self.scalar(without_comment(line).strip(), indent)

    def sequence(self, indent):
        items = []
        while self.indent() == indent and re.match(r"-( |$)", self.lines[self.at][indent:]):
            # What follows the dash is a block of its own, two columns in.
            self.lines[self.at] = " " * (indent + 2) + self.lines[self.at][indent + 2:]
            inner = self.indent()
            items.append(self.block(inner) if inner > indent else None)
        return items

    def mapping(self, indent):
        values = {}
        while self.indent() == indent:
            found = KEY.match(self.lines[self.at][indent:])
            if not found:
                raise Fault(f"neither key nor item: {self.lines[self.at]!r}")
            key = Flow(found.group(1), self.anchors).whole()
            if key in values:
                raise Fault(f"twice: {key}")
            rest = without_comment(self.lines[self.at][indent + found.end():]).strip()
            self.at += 1
            values[key] = self.value(rest, indent)
        if self.indent() > indent:
            raise Fault(f"too far in: {self.lines[self.at]!r}")
        return values

    def value(self, rest, indent):
        anchor = re.match(r"&(\w+)\s*", rest)
        if anchor:
            self.anchors[anchor.group(1)] = value = self.value(rest[anchor.end():], indent)
            return value
        if rest:
            return self.scalar(rest, indent)
        inner = self.indent()
        is_item = inner >= 0 and re.match(r"-( |$)", self.lines[self.at][inner:])
        return self.block(inner) if inner > indent or (inner == indent and is_item) else None

    def scalar(self, text, indent):
        if re.fullmatch(r"[|>]-?", text):
            return self.block_scalar(text, indent)
        # A flow collection goes on over lines until it is closed.
        while text[0] in "[{" and not is_closed(text):
            if self.at >= len(self.lines):
                raise Fault(f"not closed: {text!r}")
            text += " " + without_comment(self.lines[self.at]).strip()
            self.at += 1
        return Flow(text, self.anchors).whole()

    def block_scalar(self, style, indent):
        first, taken = self.at, []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
                break
            taken.append(line)
            self.at += 1
        while taken and not taken[-1].strip():
            taken.pop()
        if not taken:
            raise Fault(f"an empty text at line {first}")
        margin = min(len(line) - len(line.lstrip(" ")) for line in taken if line.strip())
        text = "\n".join(line[margin:] for line in taken)
        if style[0] == ">":
            if re.search(r"\n[ \n]", text):
                raise Fault(f"a folded text with paragraphs: {text!r}")
            text = text.replace("\n", " ")
        return text if style.endswith("-") else text + "\n"


class Flow:
    """One scalar or collection on one line."""

    def __init__(self, text, anchors):
        self.text = text
        self.anchors = anchors
        self.at = 0

    def whole(self):
        value = self.value(collection=False)
        if self.text[self.at:].strip():
            raise Fault(f"more than one value: {self.text!r}")
        return value

    def skip(self, what):
        """Whether `what` stands here; then it is passed."""
        self.at = len(self.text) - len(self.text[self.at:].lstrip())
        found = self.text.startswith(what, self.at)
        self.at += len(what) if found else 0
        return found

    def value(self, collection):
        if self.skip("["):
            return self.items()
        if self.skip("{"):
            return self.pairs()
        rest = self.text[self.at:]
        quoted = re.match(r"""'((?:[^']|'')*)'|"(?:[^"\\]|\\.)*\"""", rest)
        if quoted:
            self.at += quoted.end()
            if quoted.group(1) is not None:
                return quoted.group(1).replace("''", "'")
            return json.loads(quoted.group())
        plain = (re.match(r"(?:[^\[\]{},:]|:(?=\S))*", rest) if collection else
                 re.match(r"(?:[^:]|:(?=\S))*", rest)).group().strip()
        self.at += len(plain)
        return self.plain(plain)

    def plain(self, text):
        if text.startswith("*"):
            if text[1:] not in self.anchors:
                raise Fault(f"no such anchor: {text}")
            return self.anchors[text[1:]]
        if AMBIGUOUS.fullmatch(text) or text[:1] in ('"', "'", "&"):
            raise Fault(f"quote this: {text}")
        if text in PLAIN:
            return PLAIN[text]
        if NUMBER.fullmatch(text):
            return float(text) if "." in text else int(text)
        return text

    def items(self):
        items = []
        while not self.skip("]"):
            items.append(self.value(collection=True))
            if not self.skip(",") and not self.text.startswith("]", self.at):
                raise Fault(f"neither comma nor end: {self.text[self.at:]!r}")
        return items

    def pairs(self):
        values = {}
        while not self.skip("}"):
            key = self.value(collection=True)
            if not self.skip(":") or key in values:
                raise Fault(f"no colon, or twice: {key}")
            values[key] = self.value(collection=True)
            if not self.skip(",") and not self.text.startswith("}", self.at):
                raise Fault(f"neither comma nor end: {self.text[self.at:]!r}")
        return values


def outside_quotes(text):
    """The positions of `text` that are in no quotes, and the characters there."""
    quote = ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[at - 1] != "\\" else quote
        elif letter in "\"'" and (at == 0 or text[at - 1] in " [{,:"):
            quote = letter
        else:
            yield at, letter


def without_comment(line):
    for at, letter in outside_quotes(line):
        if letter == "#" and (at == 0 or line[at - 1] == " "):
            return line[:at].rstrip()
    return line


def is_closed(text):
    depth = 0
    for _, letter in outside_quotes(text):
        depth += (letter in "[{") - (letter in "]}")
    return depth == 0
