"""The grid of time that a series lives on: equal steps, working days, or whole months."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..types import Array

SECOND = 1_000_000_000  # stamps are datetime64[ns], inside as int64
DAY = 86_400 * SECOND
SPANS = {"daily": 86_400.0, "weekly": 7 * 86_400.0, "yearly": 365.2425 * 86_400.0}


@dataclass(frozen=True)
class Grid:
    """Steps numbered from 0. rule "fixed": `step` nanoseconds; "business": Monday to Friday; "months": `step` months;
    "rows": no clock, steps are rows. start: nanoseconds since 1970 of step 0; zone: the time zone of the stamps."""

    rule: str = "rows"
    start: int = 0
    step: int = 1
    zone: str = ""

    def place(self, times: Array) -> Array:
        """The number of the step nearest to each stamp: (time,) int."""
        stamps = np.asarray(times, "datetime64[ns]")
        if self.rule == "business":
            days = stamps.astype("datetime64[D]")
            return np.asarray(np.busday_count(_day(self.start), days), np.int64)
        if self.rule == "months":
            months = stamps.astype("datetime64[M]").astype(np.int64) - _month(self.start)
            return np.asarray(np.rint(months / self.step), np.int64)
        return np.asarray(np.rint((stamps.astype(np.int64) - self.start) / self.step), np.int64)

    def stamps(self, places: Array) -> Array:
        """The stamps of steps; their numbers where there is no clock."""
        places = np.asarray(places, np.int64)
        if self.rule == "rows":
            return places
        if self.rule == "business":
            days = np.busday_offset(_day(self.start), places, roll="forward").astype("datetime64[ns]")
            return np.asarray(days + np.timedelta64(self.start % DAY, "ns"))
        if self.rule == "months":
            return self._months(places)
        return (self.start + places * self.step).astype("datetime64[ns]")

    def _months(self, places: Array) -> Array:
        first = (np.int64(_month(self.start)) + places * self.step).astype("datetime64[M]")
        start = np.int64(self.start).astype("datetime64[ns]")
        within = start - start.astype("datetime64[M]")
        length = (first + 1).astype("datetime64[ns]") - first.astype("datetime64[ns]")
        last = within + np.timedelta64(DAY, "ns") >= _length(start)
        days = np.where(last, length - np.timedelta64(DAY, "ns"), np.minimum(within, length - np.timedelta64(1, "D")))
        return np.asarray(first.astype("datetime64[ns]") + days)

    def seasons(self) -> tuple[tuple[str, int], ...]:
        """The seasons of clock and calendar that are whole numbers of steps: (name, steps)."""
        if self.rule == "business":
            return ("weekly", 5), ("yearly", 261)
        if self.rule == "months":
            return (("yearly", 12 // self.step),) if self.step < 12 and 12 % self.step == 0 else ()
        return tuple(self._fixed()) if self.rule == "fixed" else ()

    def _fixed(self) -> list[tuple[str, int]]:
        made, seconds = [], self.step / SECOND
        for name, span in SPANS.items():
            period = round(span / seconds)
            whole = abs(span / seconds - period) < 1e-6
            if period > 1 and (seconds >= SPANS["daily"] if name == "yearly" else whole):
                made.append((name, period))
        return made

    @property
    def week(self) -> int:
        """Steps in a week, where a week has enough of them to judge intervals by; else a hundred."""
        if self.rule == "fixed":
            return int(np.clip(SPANS["weekly"] * SECOND / self.step, 100, 2016))
        return 168 if self.rule == "rows" else 100

    def words(self) -> str:
        """Such as "1 hour", "working day", "3 months"."""
        if self.rule == "fixed":
            return _span(self.step / SECOND)
        if self.rule == "months":
            return "1 month" if self.step == 1 else f"{self.step} months"
        return {"business": "1 working day", "rows": "1 row"}[self.rule]


def grid_of(times: Array, zone: str = "") -> Grid:
    """The grid that sorted, distinct stamps (time,) live on, as most of their distances tell."""
    stamps = np.asarray(times, "datetime64[ns]")
    if len(stamps) < 2:
        return Grid("fixed", int(stamps.astype(np.int64)[0]) if len(stamps) else 0, 3600 * SECOND, zone)
    start = int(stamps[0].astype(np.int64))
    gaps, counts = np.unique(np.diff(stamps).astype(np.int64), return_counts=True)
    step = int(gaps[np.argmax(counts)])
    if step == DAY and len(stamps) >= 15 and np.is_busday(stamps.astype("datetime64[D]")).all():
        return Grid("business", start, 1, zone)
    if step >= 28 * DAY and (months := _whole_months(stamps)):
        return Grid("months", start, months, zone)
    if counts.max() < 0.3 * counts.sum():
        step = int(np.median(np.diff(stamps).astype(np.int64)))
    return Grid("fixed", start, step, zone)


def off_grid(grid: Grid, times: Array) -> int:
    """How many stamps do not lie on the grid (to a thousandth of a step)."""
    if grid.rule != "fixed":
        return 0
    steps = (np.asarray(times, "datetime64[ns]").astype(np.int64) - grid.start) / grid.step
    return int((np.abs(steps - np.rint(steps)) > 1e-3).sum())


def _whole_months(stamps: Array) -> int:
    """The usual number of months between stamps that all are the same day of the month or all its last; else 0."""
    days = stamps.astype("datetime64[D]")
    first = days - days.astype("datetime64[M]").astype("datetime64[D]")
    last = (days + 1).astype("datetime64[M]") != days.astype("datetime64[M]")
    if len(np.unique(first)) > 1 and not last.all():
        return 0
    between, counts = np.unique(np.diff(days.astype("datetime64[M]").astype(np.int64)), return_counts=True)
    return int(between[np.argmax(counts)])


def _day(nanoseconds: int) -> Any:
    return np.int64(nanoseconds).astype("datetime64[ns]").astype("datetime64[D]")


def _month(nanoseconds: int) -> int:
    return int(np.int64(nanoseconds).astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64))


def _length(stamp: Any) -> Any:
    month = stamp.astype("datetime64[M]")
    return (month + 1).astype("datetime64[ns]") - month.astype("datetime64[ns]")


def _span(seconds: float) -> str:
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return f"{seconds:g} seconds"
