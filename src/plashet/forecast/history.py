"""The past as features: gaps filled, values at lags, and what of it a forecast may look at."""

from __future__ import annotations

import numpy as np

from ..types import Array


def fill(values: Array, period: int, before: Array | None = None) -> Array:
    """Values (time,) with gaps filled by what was known at the time: the season before, shifted by the last error.

        z_t <- z_(t-period) + (z_(t-1) - z_(t-1-period))     where z_t is missing; the last value if period is 0 or 1

    before: the filled values that came earlier. A gap at the very beginning is filled with zeros (the mean).
    """
    start = 0 if before is None else len(before)
    z = np.asarray(values, np.float64) if before is None else np.concatenate([before, values])
    if before is None:
        z = z.copy()
    for t in start + np.flatnonzero(np.isnan(z[start:])):
        last = z[t - 1] if t > 0 else 0.0
        seasonal = period > 1 and t - 1 - period >= 0
        z[t] = z[t - period] + last - z[t - 1 - period] if seasonal else last
    return z[start:]


def at_lags(z: Array, lags: Array, rows: Array) -> Array:
    """z[row - lag], (rows, *lags); zero before the beginning."""
    where = rows.reshape(-1, *([1] * np.ndim(lags))) - lags
    return np.where(where >= 0, z[np.maximum(where, 0)], 0.0)


def targets(z: Array, horizon: int) -> Array:
    """(time, horizon): column h-1 of row t is z[t + h], NaN where that is not known."""
    padded = np.concatenate([z[1:], np.full(horizon, np.nan)])
    return np.lib.stride_tricks.sliding_window_view(padded, horizon)[: len(z)]


def recent_lags(horizon: int, periods: tuple[int, ...], rows: int) -> Array:
    """Lags 0, 1, ... two days long where a day is short, at most 51, and never more than an eighth of the rows."""
    first = min(periods, default=12)
    return np.arange(max(min(2 * first + 3, 51, rows // 8), 1))


def season_lags(horizon: int, periods: tuple[int, ...], recent: Array) -> Array:
    """The target's neighbours one season before, where the recent lags do not hold them anyway."""
    made: list[int] = []
    for period in periods:
        whole = period * -(-horizon // period)
        made += range(max(whole - horizon, 0), whole + 3)
    return np.setdiff1d(np.asarray(made, int), recent)
