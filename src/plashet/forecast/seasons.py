"""Which seasons a series may have, what the naive methods say of them, and the waves of a calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import Array

TIMES = 3  # a season must fit so often into the training part before it is trusted


@dataclass(frozen=True)
class Season:
    """A season of `period` steps; `name` is "daily", "weekly", "yearly", or "seasonal" where only the data told."""

    name: str
    period: int


@dataclass(frozen=True)
class Naive:
    """The mean of the last `count` values that lie whole periods before the target; period 0: the training mean."""

    name: str
    period: int
    count: int = 1

    def lags(self, horizon: int) -> Array:
        """How many steps before the origin those values lie: (count, horizon)."""
        steps = np.arange(1, horizon + 1)
        whole = -(-steps // max(self.period, 1))
        return (whole + np.arange(self.count)[:, None]) * self.period - steps


def seasons(values: Array, of_the_clock: tuple[tuple[str, int], ...]) -> tuple[Season, ...]:
    """The seasons worth trying for values (time,), NaN where missing.

    Those of the clock and the calendar (name, steps) that fit three times into the values; where there is none, the
    first clear peak of the autocorrelation.
    """
    found = [Season(name, period) for name, period in of_the_clock if TIMES * period <= len(values)]
    if not found and (seen := _autocorrelated(values)):
        found = [Season("seasonal", seen)]
    return tuple(found)


def naives(found: tuple[Season, ...], rows: int) -> tuple[Naive, ...]:
    """Persistence, every season once, and the mean of its last four where that many are there."""
    made = [Naive("persistence", 1)]
    for season in found:
        made.append(Naive(f"{season.name}_naive", season.period))
        if (TIMES + 3) * season.period <= rows:
            made.append(Naive(f"{season.name}_mean_of_4", season.period, 4))
    return tuple(made)


def waves(found: tuple[Season, ...], most: tuple[int, ...] = (6, 10)) -> Array:
    """Frequencies in cycles per step of the calendar's waves: up to 6 of the first season, 10 of each longer one."""
    made = []
    for k, season in enumerate(found):
        count = min(most[min(k, len(most) - 1)], (season.period - 1) // 2)
        made += [h / season.period for h in range(1, count + 1)]
    return np.unique(np.asarray(made))


def calendar(frequencies: Array, ticks: Array) -> Array:
    """sin and cos of each frequency at the ticks (time,): (time, 2 frequencies)."""
    angle = 2 * np.pi * np.asarray(ticks)[:, None] * frequencies
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def _autocorrelated(values: Array) -> int:
    """The period of the first clear peak of the autocorrelation of the detrended values, 0 if there is none."""
    known = np.isfinite(values)
    n = len(values)
    if known.sum() < 24:
        return 0
    t = np.arange(n)
    rest = values - np.polyval(np.polyfit(t[known], values[known], 1), t)
    rest = np.where(known, rest, 0.0)
    size = 1 << (2 * n - 1).bit_length()
    power = np.abs(np.fft.rfft(rest, size)) ** 2
    pairs = np.fft.irfft(np.abs(np.fft.rfft(known.astype(float), size)) ** 2, size)
    most = n // TIMES + 1
    r = np.fft.irfft(power, size)[:most] / np.maximum(pairs[:most], 1.0)
    if not r[0] > 0:
        return 0
    r = r / r[0]
    below = np.flatnonzero(r < 0)
    peaks = [k for k in range(2, most - 1) if r[k] >= r[k - 1] and r[k] > r[k + 1]]
    peaks = [k for k in peaks if len(below) and k > below[0] and r[k] > max(0.3, 4 / np.sqrt(known.sum()))]
    period = min((k for k in peaks if r[k] > 0.9 * max(r[p] for p in peaks)), default=0)
    return period if period and _returns(values, period) else 0


def _returns(values: Array, period: int) -> bool:
    """Whether values come back after a period, as they would not half-way: a random walk has peaks, but does not."""
    whole, half = (np.nanmean(np.abs(values[lag:] - values[:-lag])) for lag in (period, period // 2))
    return bool(whole < 0.7 * half)
