"""Which column is time, and what is wrong with it: unsorted, repeated and missing stamps, said with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..report import words
from .faults import DataFault, UsageFault
from .tables import Table

NAMES = (
    *("time", "timestamp", "datetime", "date_time", "date", "ds", "ts", "t", "epoch", "when"),
    *("zeit", "zeitstempel", "datum", "hour", "day", "month"),
)
_DATE = re.compile(
    r"\s*(\d{4}-(0[1-9]|1[0-2])|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4})"  # a month, or a day
    r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?\s*"
)
EPOCH = 1e8  # numbers above this may be seconds since 1970
_ZONE = re.compile(r"(Z|UTC|[+-]\d{2}:?\d{2})\s*$")
_SLASHED = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


@dataclass(frozen=True)
class Timeline:
    """Stamps of the rows to keep, in order: `rows` picks them from the table, `steps` numbers them on the grid."""

    index: Any  # pandas.DatetimeIndex, or RangeIndex where there is no time
    rows: np.ndarray
    steps: np.ndarray
    column: str | None
    gap: str = ""  # the first gap in words, "" where no step is missing
    grid: Any = None  # plashet.forecast.clock.Grid, None where there is no clock

    @property
    def length(self) -> int:
        """Steps from the first row to the last, missing ones included."""
        return int(self.steps[-1]) + 1


def find(table: Table, wanted: str | None) -> str | None:
    """The time column: the one asked for, or by name, or the only one that reads as dates; None if none does."""
    if wanted is not None:
        table.cells(wanted, "--time")
        return wanted
    by_name = [c for n in NAMES for c in table.columns if c.strip().lower() == n and _reads(table.columns[c])]
    if by_name:
        return by_name[0]
    by_look = [c for c in table.columns if _dated(table.columns[c])]
    if len(by_look) > 1:
        raise UsageFault(
            f"{table.source}: which column is time? {' and '.join(by_look)} read as dates", f"--time {by_look[0]}"
        )
    return by_look[0] if by_look else None


def timeline(table: Table, wanted: str | None, freq: str, note: Callable[[str], None]) -> Timeline:
    """Stamps in order, each once. What had to be mended is told to `note`, with the first line it concerns.

    `freq`: `infer`; `irregular` (each row is one step, whenever it came); or a step such as `1h`, `15min`.
    """
    import pandas as pd

    name = find(table, wanted)
    count = np.arange(len(table))
    if name is None:
        note(f"{table.source} has no time column; its rows are taken as equally spaced (else: --time COLUMN)")
        return Timeline(pd.RangeIndex(len(table)), count, count, None)
    stamps = parse(table.columns[name], table, name, note)
    rows = _in_order(stamps, table, name, note)
    if freq == "irregular":
        return Timeline(pd.RangeIndex(len(rows)), rows, count[: len(rows)], name)
    grid = _grid(stamps[rows], freq)
    steps = grid.place(stamps[rows])
    gap = _gap(stamps[rows], steps, [table.lines[r] for r in rows])
    return Timeline(pd.DatetimeIndex(stamps[rows]), rows, steps, name, gap, grid)


def _grid(stamps: np.ndarray, freq: str) -> Any:
    """The grid that the stamps live on, or the one asked for."""
    import pandas as pd

    from ..forecast.clock import Grid, grid_of

    if freq == "infer":
        return grid_of(stamps)
    try:
        step = pd.Timedelta(freq).value if freq[:1].isdigit() else pd.Timedelta(f"1{freq}").value
    except ValueError:
        raise UsageFault(
            f"--freq {freq!r} is no step of time", "--freq 1h, --freq 15min, or --freq irregular"
        ) from None
    if step <= 0:
        raise UsageFault(f"--freq {freq!r} is no step of time", "--freq 1h")
    return Grid("fixed", int(stamps[0].astype(np.int64)), int(step))


def parse(cells: Sequence[Any], table: Table, name: str, note: Callable[[str], None]) -> np.ndarray:
    """Cells as datetime64 without zone; with zones, as UTC. A cell that is no time is named by line."""
    import pandas as pd

    texts = ["" if c is None else str(c).strip() for c in cells]
    if all(_is_number(t) for t in texts):
        return _since_1970(np.array([float(t) for t in texts]))
    zones = [bool(_ZONE.search(t)) and ":" in t for t in texts]
    if any(zones) and not all(zones):
        odd = zones.index(not zones[0])
        raise DataFault(f"{_at(table, odd, name)}: some stamps have a time zone and some have none: {texts[odd]!r}")
    if any(zones) and len(marks := dict.fromkeys(m.group(1) for t in texts if (m := _ZONE.search(t)))) > 1:
        other = next(i for i, t in enumerate(texts) if not t.endswith(next(iter(marks))))
        note(f"{_at(table, other, name)}: the time zone changes; all stamps are taken to UTC")
    day_first = _day_first(texts)
    parsed = pd.to_datetime(pd.Series(texts), format="mixed", dayfirst=day_first, errors="coerce", utc=any(zones))
    if parsed.isna().any():
        bad = int(np.flatnonzero(parsed.isna())[0])
        raise DataFault(f"{_at(table, bad, name)}: {texts[bad]!r} is not a time", "write times as 2026-11-24 09:30")
    if any(zones):
        parsed = parsed.dt.tz_localize(None)
    return parsed.to_numpy().astype("datetime64[ns]")


def moment(text: str) -> Any:
    """One stamp of a stream, a pandas Timestamp without zone (with one: UTC), read as `parse` reads a column.

    Raises ValueError for what is no time, and for an empty text.
    """
    import pandas as pd

    if _is_number(text) and np.isfinite(float(text)):
        return pd.Timestamp(_since_1970(np.array([float(text)]))[0])
    found = pd.to_datetime(text, dayfirst=_day_first([text]))
    if pd.isna(found):
        raise ValueError(f"{text!r} is not a time")
    return found.tz_convert(None) if found.tzinfo else found


def counts(text: str) -> bool:
    """Whether a stamp is a number too small to count seconds since 1970: a counter, or seconds since a start."""
    return _is_number(text) and float(text) <= EPOCH


def _since_1970(values: np.ndarray) -> np.ndarray:
    """Seconds, or milli-, micro- or nanoseconds as their size tells, since 1970."""
    scale = next(f for top, f in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (np.inf, 1e9)) if np.abs(values).max() < top)
    return (values / scale * 1e9).round().astype("int64").astype("datetime64[ns]")


def _in_order(stamps: np.ndarray, table: Table, name: str, note: Callable[[str], None]) -> np.ndarray:
    rows = np.arange(len(stamps))
    back = np.flatnonzero(np.diff(stamps) < np.timedelta64(0))
    if len(back):
        note(f"{_at(table, int(back[0]) + 1, name)}: time goes back ({_counted(len(back), 'time')}); rows were sorted")
        rows = np.argsort(stamps, kind="stable")
    same = np.flatnonzero(np.diff(stamps[rows]) == np.timedelta64(0))
    if len(same):
        line = min(int(rows[i + 1]) for i in same)
        note(
            f"{_at(table, line, name)}: {words.stamp(stamps[line])} stands there again "
            f"({_counted(len(same), 'repeat')}); the last row counts"
        )
        rows = np.delete(rows, same)
    return rows


def _gap(stamps: np.ndarray, steps: np.ndarray, lines: list[int]) -> str:
    wide = np.flatnonzero(np.diff(steps) > 1)
    if not len(wide):
        return ""
    missing = int((np.diff(steps)[wide] - 1).sum())
    first = int(wide[0])
    counted = f"{_counted(len(wide), 'gap')}, {_counted(missing, 'missing step')}"
    before, after = words.stamp(stamps[first]), words.stamp(stamps[first + 1])
    return f"line {lines[first + 1]}: nothing between {before} and {after} ({counted})"


def _counted(count: int, thing: str) -> str:
    return f"{words.count(count)} {thing}{'' if count == 1 else 's'}"


def _reads(cells: Sequence[Any]) -> bool:
    """Whether a column with a telling name can be time: dates, or numbers as large as seconds since 1970."""
    some = [str(c) for c in cells[:50] if c not in (None, "")]
    return _dated(cells) or bool(some and all(_is_number(s) and float(s) > EPOCH for s in some))


def _dated(cells: Sequence[Any]) -> bool:
    some = [str(c) for c in cells[:50] if c not in (None, "")]
    return bool(some) and sum(bool(_DATE.fullmatch(s)) or _is_stamp(s) for s in some) >= 0.9 * len(some)


def _is_stamp(text: str) -> bool:
    return bool(re.match(r"\d{4}-\d{2}-\d{2}", text))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _day_first(texts: list[str]) -> bool:
    """24/11/2026 or 11/24/2026? A field above 12 tells; dots mean day first; else the month comes first."""
    pairs = [(int(m.group(1)), int(m.group(2))) for t in texts if (m := _SLASHED.match(t))]
    if any(a > 12 for a, _ in pairs):
        return True
    if any(b > 12 for _, b in pairs):
        return False
    return bool(pairs) and "." in texts[0][:6]


def _at(table: Table, row: int, name: str) -> str:
    return f"{table.source}, line {table.lines[row]}, column {name}"
