"""Text to numbers: decimal commas, thousands, the many ways to write "missing"; never a guess without a word."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "?", ".", "missing", "#n/a"})
_COMMA = re.compile(r"[+-]?(\d{1,3}([. ]\d{3})+|\d+),\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_POINT = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")


class NotANumber(ValueError):
    """The cell at `row` (counted from 0) is not a number."""

    def __init__(self, row: int, cell: str):
        super().__init__(f"{cell!r} is not a number")
        self.row = row
        self.cell = cell


def number(cell: Any, comma: bool = False) -> float:
    """One cell as a float, NaN where it says "missing"; raises ValueError for anything else.

    `comma`: the decimal mark is a comma and points separate thousands.
    """
    if cell is None:
        return math.nan
    if isinstance(cell, bool | int | float):
        return float(cell)
    text = str(cell).strip()
    if text.lower() in MISSING:
        return math.nan
    if comma:
        if "." in text and not _GROUPED.fullmatch(text):  # 3.14 among 2,5: which one is it?
            raise ValueError(f"{cell!r} is not a number with a decimal comma")
        text = text.replace(".", "").replace(" ", "").replace(",", ".")
    elif _POINT.fullmatch(text):
        text = text.replace(",", "")
    if "_" in text:
        raise ValueError(f"{cell!r} is not a number")
    return float(text)


def decimal_comma(cells: Sequence[Any], mark: str = ",") -> bool:
    """Whether a column writes 3,14 for 3.14: some cell does, and none has a point behind a comma.

    `mark` separates the cells. Where it is a comma itself, 1,234 in quotes is a thousand; else it is one and a bit.
    """
    texts = [c.strip() for c in cells if isinstance(c, str) and "," in c]
    if not texts or any(t.rfind(".") > t.rindex(",") for t in texts):
        return False
    if mark == "," and all(_POINT.fullmatch(t) for t in texts):
        return False
    return any(_COMMA.fullmatch(t) for t in texts)


def column(cells: Sequence[Any], mark: str = ",") -> np.ndarray:
    """A column as float64; raises NotANumber with the first row that is none. `mark`: what separates cells."""
    if not any(
        isinstance(c, str) and "_" in c for c in cells
    ):  # Python reads 1_000 as a number; a table does not mean it
        with suppress(TypeError, ValueError):
            return np.array(cells, dtype=np.float64)  # the quick way, for clean columns
    comma = decimal_comma(cells, mark)
    values = np.empty(len(cells))
    for row, cell in enumerate(cells):
        try:
            values[row] = number(cell, comma)
        except ValueError:
            raise NotANumber(row, str(cell)) from None
    return values
