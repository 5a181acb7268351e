# SPDX-License-Identifier: Apache-2.0
# Copyright The tallybell Authors
"""The one table: what was done, what is to be reached, what was measured."""

import dataclasses
import typing


@dataclasses.dataclass
class Row:
    work: str
    mark: str
    measured: str
    reached: typing.Optional[bool] = None  # None: there is no mark to reach


def at_most(work, value, bound, text, mark=None):
    return Row(work, mark or f"at most {bound:g}", text, value <= bound)


def at_least(work, value, bound, text, mark=None):
    return Row(work, mark or f"at least {bound:g}", text, value >= bound)


_WORDS = {True: "yes", False: "no", None: ""}


def header():
    return "| work | mark | measured | reached |\n| --- | --- | --- | --- |"


def line(row):
    cells = (row.work, row.mark, row.measured, _WORDS[row.reached])
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
