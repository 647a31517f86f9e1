"""A block of recent rows that waits for labels: later labels of a row that is still here join it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import Array


class RidgeRows(NamedTuple):
    """Rows in order of their first label. The arrays are written in place; `put` and `drop` return the new counts."""

    x: Array  # (capacity, n) features and the constant 1
    y: Array  # (capacity, m) targets, NaN where not known
    number: Array  # (capacity,) int64, ascending
    open: Array  # (capacity,) bool: more labels may come
    filled: int
    numbered: int  # how many rows there ever were
    power: float  # at least the sum of squares of the features in the block


def no_rows(n: int, m: int, capacity: int) -> RidgeRows:
    x = np.zeros((capacity, n))
    x[:, -1] = 1.0
    y, number = np.zeros((capacity, m)), np.zeros(capacity, np.int64)
    return RidgeRows(x, y, number, np.zeros(capacity, bool), 0, 0, 0.0)


def put(rows: RidgeRows, features: Array, y: Array, power: float, more: bool) -> RidgeRows:
    """The rows with features (k, n - 1), y (k, m) too; there must be room. more: labels may still come."""
    k = len(features)
    here = slice(rows.filled, rows.filled + k)
    rows.x[here, :-1] = features
    rows.y[here] = y
    rows.number[here] = np.arange(rows.numbered, rows.numbered + k)
    rows.open[here] = more
    return rows._replace(filled=rows.filled + k, numbered=rows.numbered + k, power=rows.power + power)


def find(rows: RidgeRows, number: int) -> int | None:
    """Where the row of this number is, None if it has been factorised."""
    place = int(np.searchsorted(rows.number[: rows.filled], number))
    return place if place < rows.filled and rows.number[place] == number else None


def ready(rows: RidgeRows) -> Array:
    """Which rows to factorise now that the block is full: all but the last half block of those that wait for labels."""
    go = ~rows.open[: rows.filled]
    waiting = np.flatnonzero(~go)
    go[waiting[: max(len(waiting) - len(rows.x) // 2, 0)]] = True
    return go


def drop(rows: RidgeRows, go: Array) -> RidgeRows:
    """The rows without those that go, the others moved to the front."""
    stay = np.flatnonzero(~go)
    for kept in (rows.x, rows.y, rows.number, rows.open):
        kept[: len(stay)] = kept[stay]
    x = rows.x[: len(stay), :-1]
    return rows._replace(filled=len(stay), power=float(np.vdot(x, x)))
