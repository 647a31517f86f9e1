"""What is chosen on the training part of one series, and what of the past each expert then sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..learn.hedge import MLpol
from ..measure.intervals import QuantileTracker
from ..types import Array
from .experts import Expert, parts
from .history import at_lags
from .seasons import Naive, calendar

EXOG_LAGS = np.arange(3)


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that stays as it is once a series has been fitted. Values inside are (value - center) / spread."""

    first: int  # rows before those that were learnt from; ticks are counted from there
    horizon: int
    center: float
    spread: float
    base: Naive  # what the learnt experts correct
    naives: tuple[Naive, ...]
    experts: tuple[Expert, ...]
    recent: Array  # lags that every expert sees
    season: Array  # further lags, of a season before
    neighbours: Array  # (seasons,) periods whose last change at this time of the season is an input of the liquids
    frequencies: Array  # of the calendar, cycles per step
    slowest: Array  # those of them that drive the liquids
    exog_center: Array
    exog_spread: Array
    known: tuple[int, ...]  # exogenous columns whose future is known
    hedge: MLpol
    tracker: QuantileTracker

    @property
    def names(self) -> tuple[str, ...]:
        """The hedged experts, in the order of the weights."""
        return (*(n.name for n in self.naives), *(e.draft.name for e in self.experts))

    @property
    def reach(self) -> int:
        """How many past values anything here looks at."""
        lags = [self.recent, self.season, self.neighbours, *(n.lags(self.horizon).ravel() for n in self.naives)]
        return int(max(part.max() for part in lags if len(part))) + 2

    @property
    def burn(self) -> int:
        """Rows at the beginning whose features would reach before it."""
        return int(max(np.max(part, initial=0) for part in (self.recent, self.season, self.neighbours)))


class View(NamedTuple):
    """What is seen from some rows."""

    recent: Array  # (rows, lags), with the exogenous columns
    season: Array  # (rows, lags)
    waves: Array  # (rows, waves)
    drive: Array  # (rows, inputs): of the liquids


def look(plan: Plan, z: Array, exog: Array, rows: Array, ticks: Array, ahead: Array) -> View:
    """The view from `rows` of z (time,), which are ticks number `ticks` of the stream.

    exog: (time, columns), or fewer of the latest rows, ending where z ends.
    ahead: (rows, horizon, known columns), the exogenous values of the steps to come.
    """
    waves = calendar(plan.frequencies, ticks)
    recent = [at_lags(z, plan.recent, rows)]
    now = [z[rows, None]]
    if len(plan.neighbours):
        now.append(at_lags(z, plan.neighbours - 1, rows) - at_lags(z, plan.neighbours, rows))
    if exog.shape[1]:
        beside = rows + len(exog) - len(z)
        recent += [at_lags(column, EXOG_LAGS, beside) for column in exog.T]
        recent.append(ahead.reshape(len(rows), -1))
        now.append(exog[beside])
    now.append(calendar(plan.slowest, ticks))
    return View(np.concatenate(recent, 1), at_lags(z, plan.season, rows), waves, np.concatenate(now, 1))


def features(plan: Plan, seen: View, states: list[Array | None]) -> list[Array]:
    """The features (rows, features) of every expert; states: of their liquids, None where there is none."""
    return [
        np.concatenate(parts(expert.draft, seen.recent, seen.season, seen.waves, x), axis=1)
        for expert, x in zip(plan.experts, states, strict=True)
    ]


def base_of(plan: Plan, naive: Naive, z: Array, rows: Array) -> Array:
    """What a naive method forecasts from `rows`: (rows, horizon)."""
    if naive.period == 0:
        return np.zeros((len(rows), plan.horizon))
    return np.asarray(at_lags(z, naive.lags(plan.horizon), rows).mean(axis=1))
