"""Prediction intervals: widths that are tracked while labels come late, and measures of how honest they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

__all__ = ["QuantileTracker", "TrackedWidths", "coverage", "winkler", "worst_window"]


class TrackedWidths(NamedTuple):
    """Where a `QuantileTracker` is: half widths, and the scores of the last window."""

    half: Floats  # (levels, horizons), in the units of the scores
    recent: Floats  # (window, horizons), NaN where nothing was scored
    at: int  # the row of `recent` that is written next


@dataclass(frozen=True)
class QuantileTracker:
    """Half widths q of the intervals guess ± q, one for each level and horizon, learnt from scores r = |y - guess|.

        q <- q + rate B (1[r > q_issued] - (1 - level)),    0 <= q <= B

    where q_issued is the width that was issued with the forecast, however long ago, and B is the largest score of the
    last `window` ticks: a width is never infinite, nor wider than anything seen of late. Over time the share of scores
    outside tends to 1 - level whatever the scores do, but for those that are the largest in a window (the bound by B is
    ours: without it the widths of high levels need thousands of ticks to forget one bad week).
    `levels` are in per cent and rising, `rate` is dimensionless, `window` counts ticks.

    Angelopoulos, Candès, Tibshirani 2023, Conformal PID Control for Time Series Prediction (quantile tracking);
    the issued width in place of the present one is what late labels ask for.
    """

    levels: tuple[float, ...] = (80.0, 95.0)
    rate: float = 0.02
    window: int = 168

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.levels, self.levels[1:], strict=False))
        if not self.levels or not rising or not (self.levels[0] > 0 and self.levels[-1] < 100):
            raise ValueError(f"levels are per cent between 0 and 100, rising, such as (80, 95): got {self.levels}")
        if not self.rate > 0 or self.window < 1:
            raise ValueError(f"rate must be positive and window at least 1: got rate={self.rate}, window={self.window}")

    def init(self, scores: Floats) -> TrackedWidths:
        """Start from earlier scores (time, horizons): their empirical quantiles. NaN is skipped."""
        scores = np.asarray(scores, float)
        if scores.ndim != 2 or not np.isfinite(scores).any(axis=0).all():
            raise ValueError(f"each horizon needs one earlier score: got an array of shape {scores.shape}")
        half = np.nanquantile(scores, np.asarray(self.levels) / 100, axis=0)
        recent = np.full((self.window, scores.shape[1]), np.nan)
        tail = scores[-self.window :]
        recent[: len(tail)] = tail
        return TrackedWidths(half, recent, len(tail) % self.window)

    def update(self, state: TrackedWidths, scores: Floats, issued: Floats) -> TrackedWidths:
        """Learn from scores (horizons,), each with the widths (levels, horizons) issued with its forecast."""
        known = np.isfinite(scores)
        recent = state.recent.copy()
        recent[state.at] = scores
        largest = np.fmax.reduce(recent, axis=0)
        with np.errstate(invalid="ignore"):
            outside = scores > issued
        miss = 1 - np.asarray(self.levels)[:, None] / 100
        moved = np.clip(state.half + self.rate * largest * (outside - miss), 0.0, largest)
        half = np.maximum.accumulate(np.where(known, moved, state.half), axis=0)
        return TrackedWidths(half, recent, (state.at + 1) % self.window)


def coverage(y: Floats, lower: Floats, upper: Floats) -> float:
    """The share of known y inside [lower, upper]; NaN where none is known."""
    known = np.isfinite(y) & np.isfinite(lower) & np.isfinite(upper)
    return float(np.mean((y >= lower)[known] & (y <= upper)[known])) if known.any() else float("nan")


def worst_window(y: Floats, lower: Floats, upper: Floats, window: int) -> float:
    """The lowest coverage of any `window` consecutive rows; y, lower, upper: (time,) or (time, horizons).

    Rows pool their horizons. Windows with no known y are skipped; fewer rows than `window` count as one window.
    """
    if window < 1:
        raise ValueError(f"window counts rows and must be at least 1: got {window}")
    y, lower, upper = (np.asarray(a, float).reshape(len(a), -1) for a in (y, lower, upper))
    known = np.isfinite(y) & np.isfinite(lower) & np.isfinite(upper)
    inside = (known & (y >= lower) & (y <= upper)).sum(axis=1)
    window = min(window, len(y))
    hits, seen = (np.cumsum(np.append(0, a)) for a in (inside, known.sum(axis=1)))
    hits, seen = hits[window:] - hits[:-window], seen[window:] - seen[:-window]
    return float(np.min(hits[seen > 0] / seen[seen > 0])) if (seen > 0).any() else float("nan")


def winkler(y: Floats, lower: Floats, upper: Floats, level: float) -> float:
    """Mean interval score: width + (2 / (1 - level/100)) × the distance by which y lies outside; lower is better.

    Winkler 1972; Gneiting, Raftery 2007, eq. 43. In the units of y; NaN is skipped.
    """
    if not 0 < level < 100:
        raise ValueError(f"level is a per cent between 0 and 100: got {level}")
    beyond = np.maximum(lower - y, 0) + np.maximum(y - upper, 0)
    score = (upper - lower) + 2 / (1 - level / 100) * beyond
    return float(np.nanmean(score)) if np.isfinite(score).any() else float("nan")
