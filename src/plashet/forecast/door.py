"""The door of the forecaster: rows on their grid, targets and exogenous columns side by side, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..types import Array
from .clock import Grid
from .ingest import Rows, placed, refuse_missing, rows_of, spread, table_of
from .prepare import Series


@dataclass(frozen=True)
class Shape:
    """What the series looks like: new rows must look the same, and forecasts are given back so."""

    grid: Grid
    names: tuple[str, ...]
    exog: tuple[str, ...]
    kind: str


@dataclass(frozen=True, eq=False)
class Entered:
    """What came to `fit`: one series for each target, their rows, and what had to be mended."""

    shape: Shape
    series: tuple[Series, ...]
    rows: int
    notices: tuple[str, ...]


@dataclass(frozen=True)
class Door:
    """What is let in. complete: nothing may be missing.   known: exogenous columns whose future is known."""

    complete: bool
    known: tuple[str, ...]

    def enter(self, y: Any, exog: Any) -> Entered:
        """y on its grid, and exog on the same grid."""
        table = table_of(self._rows(y, "y", ()))
        empty = [name for name, column in zip(table.names, table.values.T, strict=True) if np.isnan(column).all()]
        if empty:
            raise ValueError(f"column {empty[0]!r} of y holds no value: every row is missing")
        count = len(table.values)
        names, others = self._exog(exog, table.grid, count)
        shape = Shape(table.grid, table.names, names, table.kind)
        known = tuple(names.index(name) for name in self.known)
        series = tuple(
            Series(column, beside(table.values, others, k), known, table.grid.seasons(), table.grid.week)
            for k, column in enumerate(table.values.T.copy())
        )
        return Entered(shape, series, count, table.notices)

    def later(self, y: Any, shape: Shape, last: int) -> tuple[Array, Array, int]:
        """New rows: values on the steps after `last`, (time, targets); and which rows were not later, and left out."""
        rows = self._rows(y, "y", shape.names)
        places = placed(rows, shape.grid, last)
        new = places > np.maximum.accumulate(np.concatenate([[last], places[:-1]]))
        count = int(places[new][-1]) - last if new.any() else 0
        return spread(places[new], rows.values[new], last + 1, count), np.flatnonzero(~new), count

    def later_exog(self, exog: Any, shape: Shape, last: int, count: int) -> Array:
        """Exogenous rows on the `count` steps after `last`, (count, columns); NaN where none came."""
        if exog is None:
            return np.full((count, len(shape.exog)), np.nan)
        if not shape.exog:
            raise ValueError("exog came, but the forecaster was fitted without")
        rows = self._rows(exog, "exog", shape.exog)
        return spread(placed(rows, shape.grid, last), rows.values, last + 1, count)

    def _exog(self, exog: Any, grid: Grid, count: int) -> tuple[tuple[str, ...], Array]:
        if exog is None:
            if self.known:
                raise ValueError(f"known names {', '.join(self.known)}, but no exog came")
            return (), np.zeros((count, 0))
        rows = self._rows(exog, "exog", ())
        strangers = [name for name in self.known if name not in rows.names]
        if strangers:
            raise ValueError(f"known names {strangers[0]!r}, but exog has the columns {', '.join(rows.names)}")
        places = placed(rows, grid, -1)
        if grid.rule == "rows" and len(places) < count:
            raise ValueError(f"exog has {len(places)} rows, and y has {count}: give as many, or more for the future")
        if not ((places >= 0) & (places < count)).any():
            raise ValueError("none of the times of exog is one of y's: give both the same index")
        return rows.names, spread(places, rows.values, 0, count)

    def _rows(self, data: Any, what: str, names: tuple[str, ...]) -> Rows:
        """Rows whose columns are `names`, if there are any wanted, in that order."""
        rows = rows_of(data, what)
        if self.complete:
            refuse_missing(rows, what)
        if names and len(rows.names) != len(names):
            raise ValueError(f"{what} has the columns {', '.join(rows.names)}, wanted {', '.join(names)}, as in fit")
        if names and rows.names != names and set(rows.names) == set(names):
            order = [rows.names.index(name) for name in names]
            return replace(rows, values=rows.values[:, order], names=names)
        return rows


def beside(values: Array, exog: Array, target: int) -> Array:
    """What stands beside a target: the exogenous columns, then the other targets, which are known up to now."""
    return np.concatenate([exog[: len(values)], np.delete(values, target, axis=1)], axis=1)
