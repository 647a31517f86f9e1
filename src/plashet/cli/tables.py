"""Reading a table: CSV with any usual separator, JSON, JSON lines, Parquet, an embedded set, or standard input."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .faults import DataFault, ExtraFault, UsageFault, nearest
from .numbers import NotANumber, column

SEPARATORS = (";", "\t", ",", "|")


@dataclass(frozen=True)
class Table:
    """Raw cells by column; `lines`: where each row stands; `digest` of the source's bytes; `mark` between cells."""

    source: str
    columns: dict[str, list[Any]]
    lines: Sequence[int]
    digest: str
    mark: str = ","

    def __len__(self) -> int:
        return len(self.lines)

    def cells(self, name: str, option: str = "--target") -> list[Any]:
        """The cells of a column; a name that is not there is answered with the nearest one and all the others."""
        if name in self.columns:
            return self.columns[name]
        have = ", ".join(self.columns)
        raise UsageFault(
            f"{self.source} has no column {name!r}; it has {have}", nearest(name, self.columns, f"{option} {{}}")
        )

    def numbers(self, name: str, option: str = "--target") -> np.ndarray:
        """A column as float64, NaN where missing. A cell that is no number, or infinite, is named by its place."""
        cells = self.cells(name, option)
        try:
            values = column(cells, self.mark)
        except NotANumber as error:
            where = f"{self.source}, line {self.lines[error.row]}, column {name}"
            raise DataFault(
                f"{where}: {error.cell!r} is not a number",
                "mend the cell, or leave it empty where the value is missing",
            ) from None
        if np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise DataFault(
                f"{self.source}, line {self.lines[row]}, column {name}: {values[row]} is infinite",
                "mend the cell, or leave it empty where the value is missing",
            )
        return values


def read(source: str, stdin: Any = None) -> Table:
    """The table at a path, of an embedded set's name, or on standard input (`-`)."""
    from ..data import catalogue

    if source == "-":
        return parse((stdin or sys.stdin.buffer).read(), "standard input")
    path = Path(source)
    if path.is_file():
        return _from_file(path)
    embedded = {one.name: one for one in catalogue()}
    if source in embedded:
        return _from_package(embedded[source].file, source)
    if path.exists():
        raise UsageFault(f"{source} is a folder; give one file")
    near = nearest(source, [*embedded, *_neighbours(path)])
    raise UsageFault(f"there is no file {source}, and no embedded set of that name", near or "plashet data list")


def parse(content: bytes, source: str, kind: str = "") -> Table:
    """A table from its bytes; `kind`: csv, json or jsonl, found from the first character where not given."""
    digest = hashlib.sha256(content).hexdigest()
    text = _text(content)
    if "\0" in text[:4096]:
        raise DataFault(f"{source} is not text", "a CSV, JSON, JSON-lines or Parquet file")
    first = text.lstrip()[:1]
    if not first:
        raise DataFault(f"{source} is empty", "give a table with a header line")
    mark = separator(text.lstrip("\n").split("\n", 1)[0])
    if kind in ("json", "jsonl", "ndjson") or (not kind and first in "{["):
        columns, lines = _json(text, source)
    else:
        columns, lines = _csv(text, source, mark)
    if not lines:
        raise DataFault(f"{source} has a header but no rows")
    return Table(source, columns, lines, digest, mark)


def _text(content: bytes) -> str:
    """UTF-8 with or without a mark in front, UTF-16 with one (as spreadsheets save "Unicode text"), else Latin-1."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def separator(head: str) -> str:
    """The separator of a header line: the one that splits it most; `;` before `,` where both do."""
    return max(SEPARATORS, key=lambda mark: (head.count(mark) > 0, head.count(mark)))


def _from_file(path: Path) -> Table:
    content = path.read_bytes()
    suffixes = [s.lower().lstrip(".") for s in path.suffixes]
    if content[:2] == b"\x1f\x8b":
        content, suffixes = gzip.decompress(content), suffixes[:-1]
    kind = suffixes[-1] if suffixes else ""
    if kind == "parquet" or content[:4] == b"PAR1":
        return _parquet(path, content)
    return parse(content, str(path), kind if kind in ("json", "jsonl", "ndjson") else "")


def _from_package(file: str, name: str) -> Table:
    from ..data.sets import text

    if file.endswith(".npz") or name.startswith("celegans"):
        raise UsageFault(f"{name} is not a table with a time column", "plashet data list")
    return parse(text(file).encode(), name)


def _neighbours(path: Path) -> list[str]:
    try:
        return [str(p) for p in path.parent.iterdir() if p.is_file()]
    except OSError:
        return []


def _csv(text: str, source: str, mark: str) -> tuple[dict[str, list[Any]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    head: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 0
    for row in reader:
        begin, line = line + 1, reader.line_num
        if not any(cell.strip() for cell in row):
            continue
        if not head:
            head = _header(row, source)
        elif len(row) != len(head):
            raise DataFault(f"{source}, line {begin}: {len(row)} cells, but the header has {len(head)}")
        else:
            rows.append(row)
            lines.append(begin)
    return {name: list(cells) for name, cells in zip(head, zip(*rows, strict=True), strict=True)} if rows else {}, lines


def _header(row: list[str], source: str) -> list[str]:
    names = [cell.strip() for cell in row]
    twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
    if twice is not None:
        raise DataFault(f"{source}: two columns are called {twice!r}", "rename one of them")
    if all(_is_number(name) for name in names):
        raise DataFault(f"{source} has no header: its first line holds only numbers", "add a line with column names")
    return names


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _json(text: str, source: str) -> tuple[dict[str, list[Any]], list[int]]:
    """A list of objects, an object of lists, or one object a line."""
    try:
        whole = json.loads(text)
    except ValueError:
        return _json_lines(text, source)
    if isinstance(whole, dict) and all(isinstance(v, list) for v in whole.values()):
        if len({len(v) for v in whole.values()}) != 1:
            raise DataFault(f"{source}: its columns have different lengths")
        return whole, list(range(1, len(next(iter(whole.values()))) + 1))
    records = whole if isinstance(whole, list) else [whole]
    return _records(records, list(range(1, len(records) + 1)), source)


def _json_lines(text: str, source: str) -> tuple[dict[str, list[Any]], list[int]]:
    records, lines = [], []
    for line, content in enumerate(text.split("\n"), 1):
        if content.strip():
            try:
                records.append(json.loads(content))
            except ValueError as error:
                raise DataFault(f"{source}, line {line}: not JSON ({error})") from None
            lines.append(line)
    return _records(records, lines, source)


def _records(records: list[Any], lines: list[int], source: str) -> tuple[dict[str, list[Any]], list[int]]:
    for record, line in zip(records, lines, strict=True):
        if not isinstance(record, dict):
            raise DataFault(f"{source}, record {line}: not an object with named values")
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}, lines


def _parquet(path: Path, content: bytes) -> Table:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError as error:
        raise ExtraFault(f"reading {path} needs pyarrow, which is not installed", "pip install pyarrow") from error
    except Exception as error:
        raise DataFault(f"{path} is not a Parquet file that can be read: {error}") from error
    frame = frame.reset_index() if frame.index.name else frame
    columns = {str(name): [None if pd.isna(v) else v for v in frame[name]] for name in frame}
    return Table(str(path), columns, range(1, len(frame) + 1), hashlib.sha256(content).hexdigest())
