"""One way in: pandas, polars, NumPy or lists become values on a grid of time, and what had to be mended is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..types import Array
from .clock import Grid, grid_of, off_grid


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as they came, before any grid: stamps (time,) datetime64[ns] or None, values (time, columns)."""

    times: Array | None
    values: Array
    names: tuple[str, ...]
    kind: str  # "pandas", "polars" or "numpy": what the forecast is given back as
    zone: str = ""


@dataclass(frozen=True, eq=False)
class Ingested:
    """Values (time, columns) on a grid, NaN where nothing was observed."""

    grid: Grid
    values: Array
    names: tuple[str, ...]
    kind: str
    notices: tuple[str, ...]


def rows_of(data: Any, what: str = "y") -> Rows:
    """The rows of a pandas Series or DataFrame, a polars frame with a time column, an array or a list.

    Raises ValueError for infinite values (row and column named) and for no rows, TypeError for columns that are not
    numbers and for indexes that are neither times nor row numbers.
    """
    module = type(data).__module__.partition(".")[0]
    read = {"pandas": _pandas, "polars": _polars}.get(module, _plain)
    rows = read(data, what)
    if not len(rows.values) or not rows.names:
        raise ValueError(f"{what} has no values: shape {rows.values.shape}")
    infinite = np.argwhere(np.isinf(rows.values))
    if len(infinite):
        row, column = infinite[0]
        raise ValueError(
            f"{what} is infinite at row {row}{_stamp(rows, row)}, column {rows.names[column]!r}: "
            "leave it empty (NaN) where nothing was observed"
        )
    return rows


def table_of(rows: Rows) -> Ingested:
    """Rows on their grid: sorted, one row a step, gaps as NaN; with a notice for whatever was changed."""
    if rows.times is None:
        return Ingested(Grid(), rows.values, rows.names, rows.kind, ())
    times, values, notices = rows.times, rows.values, []
    if np.isnat(times).any():
        raise ValueError(f"row {int(np.isnat(times).argmax())} has no time")
    back = np.flatnonzero(np.diff(times) < np.timedelta64(0))
    if len(back):
        notices.append(
            f"time goes back at row {back[0] + 1}{_stamp(rows, back[0] + 1)} ({len(back)} times): rows were sorted"
        )
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    same = np.flatnonzero(np.diff(times) == np.timedelta64(0))
    if len(same):
        first = int(np.flatnonzero(rows.times == times[same[0]])[1])
        notices.append(f"row {first}{_stamp(rows, first)} repeats a time ({len(same)} repeats): the last row counts")
        keep = np.append(np.diff(times) > np.timedelta64(0), True)
        times, values = times[keep], values[keep]
    grid = grid_of(times, rows.zone)
    off = off_grid(grid, times)
    if off:
        notices.append(
            f"{off} of {len(times)} stamps are not on a grid of {grid.words()}: resampled to it, "
            "the mean of the rows nearest to each step"
        )
    return Ingested(grid, _on_grid(grid.place(times), values), rows.names, rows.kind, tuple(notices))


def placed(rows: Rows, grid: Grid, after: int) -> Array:
    """The step of each row of a series that goes on after step `after`."""
    if grid.rule == "rows" or rows.times is None:
        if grid.rule != "rows":
            raise TypeError("the series was fitted with times, and the new rows have none: pass them with their index")
        return after + 1 + np.arange(len(rows.values))
    return grid.place(rows.times)


def spread(places: Array, values: Array, first: int, count: int) -> Array:
    """Rows (time, columns) laid on steps first ... first + count - 1; NaN where there is none."""
    out = np.full((count, values.shape[1]), np.nan)
    inside = (places >= first) & (places < first + count)
    out[places[inside] - first] = values[inside]
    return out


def refuse_missing(rows: Rows, what: str = "y") -> None:
    """Raise ValueError if anything is missing, naming the first place and the count."""
    absent = np.argwhere(np.isnan(rows.values))
    if len(absent):
        row, column = absent[0]
        raise ValueError(
            f"{what} is missing at row {row}{_stamp(rows, row)}, column {rows.names[column]!r} ({len(absent)} in all): "
            'fill it, or use missing="auto"'
        )


def _pandas(data: Any, what: str) -> Rows:
    import pandas as pd

    frame = data.to_frame(data.name if data.name is not None else what) if isinstance(data, pd.Series) else data
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{what} is a {type(data).__name__}, wanted a Series or DataFrame with a DatetimeIndex")
    index, zone = frame.index, ""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        zone = str(index.tz) if index.tz is not None else ""
        times = (index.tz_convert("UTC").tz_localize(None) if zone else index).to_numpy("datetime64[ns]")
    elif pd.api.types.is_integer_dtype(index):
        times = None
    else:
        raise TypeError(
            f"the index of {what} holds {index.dtype}, wanted times: {what}.index = pd.to_datetime({what}.index)"
        )
    names = tuple(str(c) for c in frame.columns)
    columns = [_numbers(frame.iloc[:, k].to_numpy(), names[k], what) for k in range(len(names))]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))
    return Rows(times, values, names, "pandas", zone)


def _polars(data: Any, what: str) -> Rows:
    import polars as pl

    frame = data.to_frame() if isinstance(data, pl.Series) else data
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    clocks = [c for c, kind in frame.schema.items() if kind.is_temporal()]
    if len(clocks) > 1:
        raise TypeError(f"{what} has several time columns ({', '.join(clocks)}): keep one")
    names = tuple(c for c in frame.columns if c not in clocks)
    zone, times = "", None
    if clocks:
        zone = getattr(frame.schema[clocks[0]], "time_zone", None) or ""
        times = frame[clocks[0]].cast(pl.Datetime("ns")).to_numpy().astype("datetime64[ns]")
    columns = [
        _numbers(frame[c].cast(pl.Float64, strict=False).to_numpy(), c, what) for c in _numeric(frame, names, what)
    ]
    values = np.stack(columns, axis=1) if columns else np.zeros((len(frame), 0))
    return Rows(times, values, names, "polars", zone)


def _numeric(frame: Any, names: tuple[str, ...], what: str) -> tuple[str, ...]:
    for name in names:
        kind = frame.schema[name]
        if not (kind.is_numeric() or str(kind) in ("Boolean", "Null")):
            raise TypeError(f"column {name!r} of {what} holds {kind}, wanted numbers")
    return names


def _plain(data: Any, what: str) -> Rows:
    values = _numbers(np.asarray(data), what, what)
    if values.ndim not in (1, 2):
        raise ValueError(f"{what} is {values.shape}, wanted (time,) or (time, columns)")
    if values.ndim == 1:
        return Rows(None, values[:, None], (what,), "numpy")
    count = values.shape[1]
    names = (what,) if count == 1 else tuple(f"{what}{k}" for k in range(count))
    return Rows(None, values, names, "numpy")


def _numbers(column: Array, name: str, what: str) -> Array:
    try:
        return np.array(column, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"column {name!r} of {what} holds {np.asarray(column).dtype}, wanted numbers") from None


def _on_grid(places: Array, values: Array) -> Array:
    """Mean of the known values of the rows on each step, NaN where there is none."""
    count = int(places[-1]) + 1
    if len(places) == count:
        return values
    known = ~np.isnan(values)
    total, number = np.zeros((count, values.shape[1])), np.zeros((count, values.shape[1]))
    np.add.at(total, places, np.where(known, values, 0.0))
    np.add.at(number, places, known)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _stamp(rows: Rows, row: int) -> str:
    return "" if rows.times is None else f" ({np.datetime_as_string(rows.times[row], unit='s')})"
