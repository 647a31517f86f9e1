"""Which column is time, and what is wrong with it: unsorted, repeated and missing stamps, said with their lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..report import words
from .faults import DataFault, UsageFault
from .tables import Table

if TYPE_CHECKING:
    import pandas as pd

NAMES = ("time", "timestamp", "datetime", "date", "date_time", "ds", "when", "zeit", "datum", "hour", "day", "month")
_DATE = re.compile(
    r"\s*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?\s*"
)
_ZONE = re.compile(r"(Z|UTC|[+-]\d{2}:?\d{2})\s*$")
_SLASHED = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")


@dataclass(frozen=True)
class Timeline:
    """Stamps of the rows to keep, in order: `rows` picks them from the table; `step` is the usual spacing [s]."""

    index: Any  # pandas.DatetimeIndex, or RangeIndex where there is no time
    rows: np.ndarray
    step: float
    column: str | None


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


def timeline(table: Table, wanted: str | None, note: Callable[[str], None]) -> Timeline:
    """Stamps in order, each once. What had to be mended is told to `note`, with the first line it concerns."""
    import pandas as pd

    name = find(table, wanted)
    if name is None:
        note(f"{table.source} has no time column; its rows are taken as equally spaced (else: --time COLUMN)")
        return Timeline(pd.RangeIndex(len(table)), np.arange(len(table)), 1.0, None)
    stamps = parse(table.columns[name], table, name, note)
    rows = _in_order(stamps, table, name, note)
    index = pd.DatetimeIndex(stamps[rows])
    gaps = np.diff(index.to_numpy().astype("datetime64[ns]").astype(np.int64)) / 1e9
    step = float(_usual(gaps)) if len(gaps) else 1.0
    _tell_gaps(index, gaps, step, [table.lines[r] for r in rows], note)
    return Timeline(index, rows, step, name)


def parse(cells: Sequence[Any], table: Table, name: str, note: Callable[[str], None]) -> np.ndarray:
    """Cells as datetime64 without zone; with zones, as UTC. A cell that is no time is named by line."""
    import pandas as pd

    texts = ["" if c is None else str(c).strip() for c in cells]
    if all(_is_number(t) for t in texts):
        values = np.array([float(t) for t in texts])
        scale = next(
            f for top, f in ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (np.inf, 1e9)) if np.abs(values).max() < top
        )
        return (values / scale * 1e9).round().astype("int64").astype("datetime64[ns]")
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


def shape(index: Any, values: pd.DataFrame, freq: str, step: float, note: Callable[[str], None]) -> pd.DataFrame:
    """Put rows on a grid where the time is one (missing rows become NaN); leave irregular stamps as they are.

    `freq`: `infer`, `irregular`, or a step such as `1h` or `15min`.
    """
    import pandas as pd

    if not isinstance(index, pd.DatetimeIndex) or freq == "irregular" or len(index) < 3:
        return values
    if freq != "infer":
        try:
            step = pd.Timedelta(freq).total_seconds()
        except ValueError:
            raise UsageFault(
                f"--freq {freq!r} is not a step of time", "--freq 1h, --freq 15min, or --freq irregular"
            ) from None
        if step <= 0:
            raise UsageFault(f"--freq {freq!r} is not a positive step of time", "--freq 1h")
        return values.resample(pd.Timedelta(seconds=step)).mean()
    since = np.asarray((index - index[0]).total_seconds())
    on_grid = np.abs(since / step - np.round(since / step)) < 1e-6
    if not on_grid.all() or since[-1] / step > 20 * len(index):
        note("the stamps are not on a regular grid; they go on as they are (else: --freq 1h)")
        return values
    return values.reindex(pd.date_range(index[0], index[-1], freq=pd.Timedelta(seconds=step), name=index.name))


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


def _tell_gaps(index: Any, gaps: np.ndarray, step: float, lines: list[int], note: Callable[[str], None]) -> None:
    wide = np.flatnonzero(gaps > 1.5 * step)
    if len(wide) and len(wide) < 0.2 * len(gaps):
        missing = int(np.round(gaps[wide] / step - 1).sum())
        first = int(wide[0])
        note(
            f"line {lines[first + 1]}: gap after {words.stamp(index.to_numpy()[first])} "
            f"({_counted(len(wide), 'gap')}, {_counted(missing, 'missing stamp')}); taken as not observed"
        )


def _counted(count: int, thing: str) -> str:
    return f"{words.count(count)} {thing}{'' if count == 1 else 's'}"


def _usual(gaps: np.ndarray) -> float:
    """The commonest spacing; the median where none is common."""
    values, counts = np.unique(np.round(gaps, 6), return_counts=True)
    return float(values[np.argmax(counts)] if counts.max() > 0.3 * len(gaps) else np.median(gaps))


def _reads(cells: Sequence[Any]) -> bool:
    """Whether a column with a telling name can be time: dates, or numbers as large as seconds since 1970."""
    some = [str(c) for c in cells[:50] if c not in (None, "")]
    return _dated(cells) or bool(some and all(_is_number(s) and float(s) > 1e8 for s in some))


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
