"""Rows from a stream that is still being written: CSV or JSON lines, from standard input or a growing file."""

from __future__ import annotations

import csv
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .faults import DataFault, UsageFault, nearest
from .numbers import MISSING, number
from .tables import separator
from .timeline import NAMES, counts

PAUSE = 0.2  # seconds between looks at a file that does not grow


class Row(NamedTuple):
    """One row: its line, its stamp as text ("" where there is none), its value (NaN: missing)."""

    line: int
    time: str
    value: float
    beside: tuple[float, ...] = ()  # further columns, as the reader was asked


def lines(source: str, follow: bool) -> Iterator[tuple[int, str]]:
    """(line number from 1, text) as they come. With `follow`, wait for more at the end of a file, for ever.

    A line without its end is not a line yet: the rest is waited for. A file that shrinks begins anew.
    """
    if source == "-":
        for count, raw in enumerate(iter(sys.stdin.buffer.readline, b""), 1):
            yield count, _text(raw)
        return
    path = Path(source)
    if not path.is_file():
        raise UsageFault(f"there is no file {source}", "plashet watch - reads standard input")
    with path.open("rb") as file:
        count, held = 0, b""
        while True:
            held += file.readline()
            if held.endswith(b"\n"):
                count, raw, held = count + 1, held, b""
                yield count, _text(raw)
            elif not follow:
                if held:
                    yield count + 1, _text(held)
                return
            else:
                time.sleep(PAUSE)
                if path.exists() and path.stat().st_size < file.tell():
                    file.seek(0)
                    held = b""


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.rstrip("\r\n")


@dataclass
class Reader:
    """Turns lines into rows; a bad cell is told to `complain` and taken as missing, so a stream never stops for one.

    `head` and `mark` are found in the first line of a CSV; JSON lines need none.
    """

    target: str
    time: str | None
    complain: Callable[[str], None]
    head: list[str] | None = None
    mark: str = ","
    beside: tuple[str, ...] = ()
    guessed: bool = False  # the time column was found by its name, and no stamp has confirmed it yet

    def rows(self, source: Iterator[tuple[int, str]]) -> Iterator[Row]:
        """The rows of a stream of lines."""
        for line, text in source:
            if not text.strip():
                continue
            if text.lstrip().startswith("{"):
                cells = self._object(line, text)
            elif self.head is None:
                self._header(text)
                continue
            else:
                cells = self._cells(line, text)
            row = None if cells is None else self._row(line, cells)
            if row is not None:
                yield row

    def _header(self, text: str) -> None:
        if not text.replace("\t", "").isprintable():
            raise DataFault(
                "the stream is not text: its first line holds other bytes", "CSV with a header, or JSON lines"
            )
        self.mark = separator(text)
        self.head = [name.strip() for name in next(csv.reader([text], delimiter=self.mark))]
        self._check(self.head)

    def _check(self, names: list[str]) -> None:
        for name, option in ((self.target, "--target"), (self.time, "--time"), *((b, "--model") for b in self.beside)):
            if name is not None and name not in names:
                told = f"the stream has no column {name!r}; it has {', '.join(names)}"
                raise UsageFault(told, nearest(name, names, f"{option} {{}}"))
        if self.time is None:
            self.time = next((n for wanted in NAMES for n in names if n.lower() == wanted and n != self.target), None)
            self.guessed = self.time is not None

    def _cells(self, line: int, text: str) -> dict[str, Any] | None:
        assert self.head is not None
        cells = next(csv.reader([text], delimiter=self.mark))
        if len(cells) != len(self.head):
            self.complain(f"line {line}: {len(cells)} cells, but the header has {len(self.head)}; the row is skipped")
            return None
        return dict(zip(self.head, cells, strict=True))

    def _object(self, line: int, text: str) -> dict[str, Any] | None:
        try:
            found = json.loads(text)
        except ValueError as error:
            if self.head is None:
                raise DataFault(f"line {line}: not JSON ({error})") from None
            self.complain(f"line {line}: not JSON ({error}); the row is skipped")
            return None
        if self.head is None:
            self.head = list(found)
            self._check(self.head)
        return dict(found)

    def _row(self, line: int, cells: dict[str, Any]) -> Row | None:
        stamp = "" if self.time is None or (cell := cells.get(self.time)) is None else str(cell).strip()
        if self.time is not None and stamp.lower() in MISSING:
            self.complain(f"line {line}, column {self.time}: no time; the row is skipped")
            return None
        if self.guessed and counts(stamp):
            told = f"line {line}: {stamp} in column {self.time} is no time of day"
            self.complain(f"{told}; rows are taken as equally spaced (else: --time {self.time})")
            self.time, stamp = None, ""
        self.guessed = False
        value, *beside = (self._number(line, name, cells.get(name)) for name in (self.target, *self.beside))
        return Row(line, stamp, value, tuple(beside))

    def _number(self, line: int, name: str, cell: Any) -> float:
        try:
            value = number(cell, comma=self.mark != "," and isinstance(cell, str) and "," in cell)
        except (TypeError, ValueError):
            value = math.inf
        if math.isinf(value):
            self.complain(f"line {line}, column {name}: {cell!r} is not a finite number; taken as missing")
            return math.nan
        return value
